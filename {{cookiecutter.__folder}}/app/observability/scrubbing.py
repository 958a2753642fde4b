"""Nothing secret leaves the process: every event, log and metric passes here before it is sent.

What is scrubbed reads `[Filtered]` and keeps its place. Where scrubbing itself fails, that part is
dropped; never the event, and never the request.
"""

import re
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, Final

from .scrubbing_data import DataScrubber, is_json
from .scrubbing_shapes import FILTERED, LIMIT, cut, is_harmless

__all__ = ["FILTERED", "Scrubber"]

# What only the SDK or the code itself says. All that is not named here is looked through.
_KEPT: Final = frozenset(
    {
        *("check_in_id", "debug_meta", "dist", "environment", "event_id", "level", "logger"),
        *("measurements", "modules", "platform", "received", "release", "sdk", "server_name"),
        *("start_timestamp", "timestamp", "transaction_info", "type"),
    }
)
_KEPT_IN_CRUMBS: Final = frozenset({"category", "level", "timestamp", "type"})
_KEPT_IN_ERRORS: Final = frozenset({"module", "thread_id", "type"})
_KEPT_IN_SPANS: Final = frozenset(
    {
        *("dynamic_sampling_context", "op", "origin", "parent_span_id", "same_process_as_parent"),
        *("span_id", "start_timestamp", "status", "timestamp", "trace_id"),
    }
)
_KEPT_IN_TELEMETRY: Final = frozenset(
    {
        *("severity_number", "severity_text", "span_id", "time_unix_nano", "timestamp"),
        *("trace_id", "type", "unit", "value"),
    }
)
_SEEN_IN_FRAMES: Final = frozenset({"context_line", "post_context", "pre_context", "vars"})
# Their variables are the parameters of statements, by all kinds of names.
_DATABASE_MODULES: Final = ("sqlalchemy.", "psycopg.", "aiosqlite.", "sqlite3.")

# Bodies in which names can't be told from values, unless they can be read.
_MARKUP: Final = ("{", "[", "<", "--")

_TEMPLATE: Final = "sentry.message.template"
_ARGUMENT: Final = "sentry.message.parameter."
_PLACEHOLDER: Final = re.compile(
    r"%%|%(?:\((?P<name>\w+)\))?[-+ #0-9.*]{0,16}[a-zA-Z]|\{(?P<field>\w*)[^{}]{0,64}\}"
)
_WORD: Final = re.compile(r"[\w-]+")

_NO_RULES: Final = MappingProxyType[str, Callable[[Any], Any]]({})


class Scrubber(DataScrubber):
    """Filters secrets out of what Sentry's hooks hand over. It returns copies and never raises."""

    def event(self, event: dict[str, Any]) -> dict[str, Any]:
        """Scrub an event or a transaction: plain JSON, as `before_send` gets it."""
        scrubbed: dict[str, Any] = self._fields(
            event,
            _KEPT,
            parts={
                "_meta": self._meta,
                "breadcrumbs": lambda crumbs: self._each(crumbs, self.breadcrumb),
                "contexts": self._contexts,
                "exception": lambda errors: self._each(errors, self._error),
                "logentry": self._log_entry,
                "request": self._request,
                "spans": lambda spans: self._each(spans, self._span),
                "stacktrace": self._stack,
                "threads": lambda threads: self._each(threads, self._error),
            },
        )
        return scrubbed

    def breadcrumb(self, crumb: Any, hint: Mapping[str, Any] | None = None) -> Any:
        """Scrub a breadcrumb; with its hook's `hint` also what was logged as a secret argument."""
        is_query = isinstance(crumb, dict) and crumb.get("category") == "query"
        scrub = self.sql if is_query else self.text
        record = (hint or {}).get("log_record")
        secrets = self._secret_arguments(record.msg, record.args) if record else {}
        return self._fields(
            crumb, _KEPT_IN_CRUMBS, texts={"message": lambda text: scrub(_without(text, secrets))}
        )

    def log(self, log: Any) -> Any:
        """Scrub a record of Sentry Logs, as `before_send_log` gets it."""
        attributes = _by_name(log.get("attributes")) if isinstance(log, dict) else {}
        secrets = self._secret_arguments(
            attributes.get(_TEMPLATE),
            {
                name.removeprefix(_ARGUMENT): value
                for name, value in attributes.items()
                if name.startswith(_ARGUMENT)
            },
        )
        filtered = {_ARGUMENT + name: FILTERED for name in secrets}
        return self._fields(
            log,
            _KEPT_IN_TELEMETRY,
            texts={"body": lambda text: self.text(_without(text, secrets))},
            parts={"attributes": lambda part: self.value(part | filtered)},
        )

    def metric(self, metric: Any) -> Any:
        """Scrub a metric, as `before_send_metric` gets it."""
        return self._fields(metric, _KEPT_IN_TELEMETRY)

    def _fields(
        self,
        part: Any,
        kept: Collection[str] = (),
        texts: Mapping[str, Callable[[str], Any]] = _NO_RULES,
        parts: Mapping[str, Callable[[Any], Any]] = _NO_RULES,
    ) -> Any:
        """Scrub each field by its rule; one that has none is data called by the field's name."""
        if not isinstance(part, dict):
            return self.value(part)
        scrubbed = {}
        for name, field in part.items():
            try:
                if name in kept:
                    scrubbed[name] = field
                elif name in parts:
                    scrubbed[name] = parts[name](field)
                elif name in texts and isinstance(field, str):
                    scrubbed[name] = texts[name](field)
                else:
                    scrubbed[name] = self.value(field, name)
            except Exception:
                if isinstance(field, str):  # elsewhere the server might not take a string
                    scrubbed[name] = FILTERED
        return scrubbed

    def _each(self, part: Any, scrub: Callable[[Any], Any]) -> Any:
        if isinstance(part, list):
            return [scrub(item) for item in part]
        return self._fields(part, parts={"values": lambda items: self._each(items, scrub)})

    def _contexts(self, contexts: Any) -> Any:
        return self._fields(contexts, {"runtime"}, parts={"trace": self._span})

    def _span(self, span: Any) -> Any:
        is_query = isinstance(span, dict) and str(span.get("op")).startswith("db")
        description = self.sql if is_query else self.text
        return self._fields(span, _KEPT_IN_SPANS, texts={"description": description})

    def _error(self, error: Any) -> Any:
        stacks = {"raw_stacktrace": self._stack, "stacktrace": self._stack}
        return self._fields(error, _KEPT_IN_ERRORS, parts=stacks)

    def _stack(self, stack: Any) -> Any:
        return self._fields(stack, parts={"frames": lambda frames: self._each(frames, self._frame)})

    def _frame(self, frame: Any) -> Any:
        if not isinstance(frame, dict):
            return self.value(frame)
        # Where the code stands is no secret, and most frames say nothing else.
        seen = {name: field for name, field in frame.items() if name in _SEEN_IN_FRAMES}
        if not seen:
            return frame
        parts: dict[str, Callable[[Any], Any]] = {
            "post_context": self._lines,
            "pre_context": self._lines,
        }
        if str(frame.get("module")).startswith(_DATABASE_MODULES):
            parts["vars"] = self._all
        scrubbed = self._fields(seen, texts={"context_line": self.source}, parts=parts)
        return {name: field for name, field in frame.items() if name not in seen} | scrubbed

    def _lines(self, lines: Any) -> Any:
        return [self.source(str(line)) for line in lines]

    def _request(self, request: Any) -> Any:
        return self._fields(
            request,
            {"method"},
            texts={"data": self._body, "fragment": self.query},
            parts={"cookies": self._all},  # which of them opens a session can't be told
        )

    def _body(self, body: str) -> Any:
        is_readable = is_json(body) or not body.lstrip().startswith(_MARKUP)
        return self.value(body) if is_readable else FILTERED

    def _all(self, fields: Any) -> Any:
        if isinstance(fields, dict):
            return {self.name(name): FILTERED for name in fields}
        if isinstance(fields, list):
            return [[self.name(name), FILTERED] for name, _ in fields]
        return FILTERED

    def _log_entry(self, entry: Any) -> Any:
        fields = entry if isinstance(entry, dict) else {}
        secrets = self._secret_arguments(fields.get("message"), fields.get("params"))
        return self._fields(
            entry,
            texts={"formatted": lambda text: self.text(_without(text, secrets))},
            parts={"params": lambda arguments: self.value(_with_filtered(arguments, secrets))},
        )

    def _secret_arguments(self, template: Any, arguments: Any) -> dict[str, Any]:
        """Find the arguments of a log call that their names, or the words before them, call secret.

        Those of `log.info("password %s", password)` have no name; the template tells it.
        """
        named = _by_name(arguments)
        secret = {name for name in named if self.is_sensitive(name)}
        text = cut(template) if isinstance(template, str) else ""
        start = position = 0
        for found in _PLACEHOLDER.finditer(text):
            if found[0] == "%%":
                continue
            words = ["", "", *_WORD.findall(text, start, found.start())]
            if words[-1] in ("is", "was"):
                words.pop()
            if self.is_sensitive(words[-1], words[-2]):
                secret.add(found["name"] or found["field"] or str(position))
            start, position = found.end(), position + 1
        return {n: value for n, value in named.items() if n in secret and not is_harmless(value)}

    def _meta(self, meta: Any) -> Any:
        # Its names are those of the event, what they hold are the SDK's own remarks.
        if not isinstance(meta, dict):
            return meta
        return {self.name(name): self._meta(remark) for name, remark in meta.items()}


def _by_name(arguments: Any) -> dict[str, Any]:
    if isinstance(arguments, dict):
        return {str(name): value for name, value in arguments.items()}
    if isinstance(arguments, list | tuple):
        return {str(position): value for position, value in enumerate(arguments)}
    return {}


def _with_filtered(arguments: Any, secrets: Collection[str]) -> Any:
    if isinstance(arguments, dict):
        return arguments | dict.fromkeys(secrets, FILTERED)
    if isinstance(arguments, list):
        return [FILTERED if str(index) in secrets else item for index, item in enumerate(arguments)]
    return arguments


def _without(text: str, secrets: Mapping[str, Any]) -> str:
    """Filter the arguments `secrets` out of a text that was made of them."""
    text = cut(text, 8 * LIMIT)  # what is filtered may shrink it to the limit
    shown = {str(value) for value in secrets.values()}
    shown.update(repr(value)[1:-1] for value in secrets.values() if isinstance(value, str))
    longest_first = sorted(shown, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), FILTERED, text) if shown else text
