// Spotlight shows transactions, the SDK streams spans. This makes the first of the second: a
// request's spans wait for the request's own, which ends last.
const WAITING = 1000; // requests whose own span isn't there yet; of more, the oldest are let go

export class Traces {
  #waiting = new Map();

  /** The envelope's text, with transactions instead of streamed spans; "" if none is complete. */
  translated(text) {
    const [header, ...lines] = text.trimEnd().split("\n");
    JSON.parse(header); // or it is no envelope
    const kept = [];
    for (let at = 0; at < lines.length; at += 2) {
      const { type } = JSON.parse(lines[at]);
      if (type !== "span") kept.push(lines[at], lines[at + 1]);
      else
        for (const transaction of this.#complete(JSON.parse(lines[at + 1]).items)) {
          const payload = JSON.stringify(transaction);
          kept.push(JSON.stringify({ type: "transaction", length: Buffer.byteLength(payload) }), payload);
        }
    }
    return kept.length ? [header, ...kept, ""].join("\n") : "";
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
