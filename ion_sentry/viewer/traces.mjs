// Spotlight shows transactions, the SDK streams spans. This makes the first of the second: a
// request's spans wait for the request's own, which ends last.
const WAITING = 1000; // requests whose own span isn't there yet; of more, the oldest are let go

const NEWLINE = Buffer.from("\n");

export class Traces {
  #waiting = new Map();

  /** The envelope with transactions instead of streamed spans; nothing if none is complete. */
  translated(envelope) {
    let at = 0;
    const until = (end) => {
      const part = envelope.subarray(at, end < 0 ? envelope.length : end);
      at += part.length + 1;
      return part;
    };
    const line = () => until(envelope.indexOf("\n", at));
    const header = line();
    JSON.parse(header); // or it is no envelope
    const kept = [];
    while (at < envelope.length) {
      const head = line();
      if (!head.length) continue;
      const { type, length } = JSON.parse(head);
      const payload = length === undefined ? line() : until(at + length); // it may have line breaks
      if (type === "event") kept.push(...item(type, withStatus(JSON.parse(payload))));
      else if (type !== "span") kept.push(head, payload);
      else
        for (const transaction of this.#complete(JSON.parse(payload).items))
          kept.push(...item("transaction", transaction));
    }
    if (kept.length) return Buffer.concat([header, ...kept].flatMap((part) => [part, NEWLINE]));
  }

  *#complete(spans) {
    for (const span of spans) {
      const segment = span.attributes["sentry.segment.id"]?.value ?? span.span_id;
      const others = this.#waiting.get(segment) ?? [];
      this.#waiting.delete(segment);
      if (span.is_segment) yield transaction(span, others);
      else this.#waiting.set(segment, [...others, span]);
    }
    while (this.#waiting.size > WAITING) this.#waiting.delete(this.#waiting.keys().next().value);
  }
}

function item(type, payload) {
  const text = Buffer.from(JSON.stringify(payload));
  return [Buffer.from(JSON.stringify({ type, length: text.length })), text];
}

// Of a trace whose error comes after its spans Spotlight shows the status of the error, which has none.
function withStatus(event) {
  const told = event.exception; // with its values, or a list of them
  const errors = Array.isArray(told) ? told : told?.values;
  const failed = Array.isArray(errors) && errors.some((one) => one?.mechanism?.handled === false);
  if (failed && event.contexts?.trace?.trace_id) event.contexts.trace.status ??= "error";
  return event;
}

function transaction(span, others) {
  const told = plain(span);
  return {
    event_id: span.trace_id.slice(0, 16) + span.span_id, // the same each time it is shown
    type: "transaction",
    transaction: span.name,
    platform: "python",
    start_timestamp: told.start_timestamp,
    timestamp: told.timestamp,
    environment: told.data["sentry.environment"],
    release: told.data["sentry.release"],
    contexts: { trace: told },
    spans: others.map(plain),
  };
}

function plain(span) {
  const data = Object.fromEntries(
    Object.entries(span.attributes).map(([name, { value }]) => [name, value]),
  );
  return {
    trace_id: span.trace_id,
    span_id: span.span_id,
    parent_span_id: span.parent_span_id,
    op: data["sentry.op"] ?? "default",
    description: span.name,
    status: span.status,
    start_timestamp: span.start_timestamp,
    timestamp: span.end_timestamp,
    data,
  };
}
