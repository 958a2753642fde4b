"""What the parts of an event are, and by which rule each is scrubbed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from .logs import LONGEST, Templates
from .names import Names
from .secrets import Secrets
from .text import Texts
from .values import FILTERED, says_nothing
from .walk import Walk

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
        *("end_timestamp", "is_segment"),
    }
)
_KEPT_IN_TELEMETRY: Final = frozenset(
    {
        *("level", "severity_number", "severity_text", "span_id", "time_unix_nano", "timestamp"),
        *("trace_id", "type", "unit", "value"),
    }
)
# Attributes that only the SDK sets; random ids in them look like card numbers now and then.
_KEPT_ATTRIBUTES: Final = ("process.", "sentry.", "server.address", "thread.", "code.line")
_TEMPLATE: Final = "sentry.message.template"
_ARGUMENT: Final = "sentry.message.parameter."
_NEVER: Final = "process.command_args"
_SEEN_IN_FRAMES: Final = frozenset({"context_line", "post_context", "pre_context", "vars"})
# Their variables are the parameters of statements, by all kinds of names.
_DATABASE_MODULES: Final = ("sqlalchemy.", "psycopg.", "aiosqlite.", "sqlite3.")

_NO_RULES: Final = MappingProxyType[str, Callable[[Any], Any]]({})
# What isn't looked for secrets that are known of: it is none of the service's data.
_ALWAYS_KEPT: Final = frozenset(
    {
        *("environment", "event_id", "level", "logger", "platform", "release", "sdk", "span_id"),
        *("server_name", "timestamp", "trace_id", "transaction_info", "parent_span_id"),
    }
)


class Event:
    """The two walks over one event, span, log record or metric."""

    def __init__(
        self,
        names: Names,
        templates: Templates,
        own: Sequence[Callable[[str], str]],
        harmless: set[str],
    ) -> None:
        self.secrets = Secrets()
        self.texts = Texts(names, self.secrets, own, harmless)
        self.walk = Walk(names, self.texts, self.secrets)
        self._templates = templates
        self.rules: Mapping[str, Callable[[Any], Any]] = {
            "span": self.span,
            "log": self.telemetry,
            "trace_metric": self.telemetry,
        }

    def event(self, event: Any) -> Any:
        """Scrub an event or a transaction."""
        return self.fields(
            event,
            _KEPT,
            parts={
                "_meta": self._meta,
                "breadcrumbs": lambda crumbs: self._each(crumbs, self._breadcrumb),
                "contexts": self._contexts,
                "exception": lambda errors: self._each(errors, self._error),
                "logentry": self._log_entry,
                "request": self._request,
                "spans": lambda spans: self._each(spans, self.span),
                "stacktrace": self._stack,
                "threads": lambda threads: self._each(threads, self._error),
                "user": self._user,
            },
        )

    def span(self, span: Any) -> Any:
        """Scrub a span, of either kind."""
        if not isinstance(span, dict):
            return self.walk.value(span)
        attributes = span.get("attributes")
        op = span.get("op") or (_plain(attributes, "sentry.op"))
        name = self.texts.sql if str(op).startswith("db") else self.texts.text
        return self.fields(
            span,
            _KEPT_IN_SPANS,
            texts={"description": name, "name": name},
            parts={"attributes": self._attributes},
        )

    def telemetry(self, item: Any) -> Any:
        """Scrub a record of Sentry Logs, or a metric."""
        if not isinstance(item, dict):
            return self.walk.value(item)
        template = _plain(item.get("attributes"), _TEMPLATE)
        if isinstance(template, str) and self._templates.secret_in(template[:LONGEST]):
            message = self._templates.message(template, _arguments(item["attributes"]))
            item = item | ({"body": message} if message else {})
        return self.fields(item, _KEPT_IN_TELEMETRY, parts={"attributes": self._attributes})

    def _attributes(self, attributes: Any) -> Any:
        if not isinstance(attributes, dict):
            return self.walk.value(attributes)
        template = _plain(attributes, _TEMPLATE)
        secret = self._templates.secret_in(template[:LONGEST]) if isinstance(template, str) else ()
        scrubbed = {}
        for name, attribute in attributes.items():
            value = attribute.get("value") if isinstance(attribute, dict) else attribute
            is_secret = name.startswith(_ARGUMENT) and name.removeprefix(_ARGUMENT) in secret
            if name == _NEVER:
                continue
            told: Any
            if is_secret:
                told = self._argument(True, value)
            elif name.startswith(_KEPT_ATTRIBUTES) and not name.startswith("sentry.message."):
                told = value
            else:
                told = self.walk.value(value, name.removeprefix(_ARGUMENT))
            name = self.texts.text(name)
            if told is not value and isinstance(attribute, dict):
                kind = "string" if isinstance(told, str) else attribute.get("type")
                scrubbed[name] = {**attribute, "value": told, "type": kind}
            else:
                scrubbed[name] = attribute if isinstance(attribute, dict) else told
        return scrubbed

    def fields(
        self,
        part: Any,
        kept: Collection[str] = (),
        texts: Mapping[str, Callable[[str], Any]] = _NO_RULES,
        parts: Mapping[str, Callable[[Any], Any]] = _NO_RULES,
    ) -> Any:
        """Scrub each field by its rule; one that has none is data called by the field's name."""
        if not isinstance(part, dict):
            return self.walk.value(part)
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
                    scrubbed[name] = self.walk.value(field, name)
            except Exception:
                if isinstance(field, str):  # elsewhere the server might not take a string
                    scrubbed[name] = FILTERED
        return scrubbed

    def without(self, value: Any) -> Any:
        """Take what was found as secret out of all that is left."""
        if not self.secrets:
            return value
        if isinstance(value, str):
            return self.secrets.without(value)
        if isinstance(value, list):
            return [self.without(item) for item in value]
        if isinstance(value, dict):
            is_frame = "lineno" in value or "in_app" in value
            kept = value.keys() - _SEEN_IN_FRAMES if is_frame else _ALWAYS_KEPT
            return {
                self.secrets.without(name): part if name in kept else self.without(part)
                for name, part in value.items()
            }
        return value

    def _each(self, part: Any, scrub: Callable[[Any], Any]) -> Any:
        if isinstance(part, list):
            return [scrub(item) for item in part]
        return self.fields(part, parts={"values": lambda items: self._each(items, scrub)})

    def _contexts(self, contexts: Any) -> Any:
        return self.fields(contexts, {"runtime"}, parts={"trace": self.span})

    def _breadcrumb(self, crumb: Any) -> Any:
        is_query = isinstance(crumb, dict) and crumb.get("category") == "query"
        message = self.texts.sql if is_query else self.texts.text
        return self.fields(crumb, _KEPT_IN_CRUMBS, texts={"message": message})

    def _error(self, error: Any) -> Any:
        stacks = {"raw_stacktrace": self._stack, "stacktrace": self._stack}
        return self.fields(error, _KEPT_IN_ERRORS, parts=stacks)

    def _stack(self, stack: Any) -> Any:
        return self.fields(stack, parts={"frames": lambda frames: self._each(frames, self._frame)})

    def _frame(self, frame: Any) -> Any:
        if not isinstance(frame, dict):
            return self.walk.value(frame)
        # Where the code stands is no secret, and most frames say nothing else.
        seen = {name: field for name, field in frame.items() if name in _SEEN_IN_FRAMES}
        if not seen:
            return frame
        lines: Callable[[Any], Any] = lambda lines: [self.texts.source(str(x)) for x in lines]  # noqa: E731
        parts: dict[str, Callable[[Any], Any]] = {"post_context": lines, "pre_context": lines}
        if str(frame.get("module")).startswith(_DATABASE_MODULES):
            parts["vars"] = self._all
        scrubbed = self.fields(seen, texts={"context_line": self.texts.source}, parts=parts)
        return {name: field for name, field in frame.items() if name not in seen} | scrubbed

    def _user(self, user: Any) -> Any:
        # Sentry takes nothing but an address there, and that says who it is.
        if isinstance(user, dict):
            user = {name: part for name, part in user.items() if name != "ip_address"}
        return self.walk.value(user)

    def _request(self, request: Any) -> Any:
        return self.fields(
            request,
            {"method"},
            texts={"fragment": self.texts.query},
            parts={"cookies": self._all},  # which of them opens a session can't be told
        )

    def _log_entry(self, entry: Any) -> Any:
        if not isinstance(entry, dict):
            return self.walk.value(entry)
        template, params = entry.get("message"), entry.get("params")
        if isinstance(template, str) and (secret := self._templates.secret_in(template[:LONGEST])):
            args = tuple(params) if isinstance(params, list) else params
            if message := self._templates.message(template, args):
                entry = entry | {"formatted": message}
            if isinstance(params, dict):
                params = {n: self._argument(str(n) in secret, v) for n, v in params.items()}
            elif isinstance(params, list):
                params = [self._argument(str(n) in secret, v) for n, v in enumerate(params)]
            entry = entry | {"params": params}
        return self.fields(entry)

    def _argument(self, is_secret: bool, value: Any) -> Any:
        is_told = is_secret and not says_nothing(value)
        if is_told:
            self.secrets.add(value)
        return FILTERED if is_told else value

    def _all(self, fields: Any) -> Any:
        pairs = fields.items() if isinstance(fields, dict) else fields
        if not isinstance(fields, dict | list):
            return FILTERED
        names = [str(pair[0]) for pair in pairs if isinstance(pair, list | tuple)]
        if isinstance(fields, dict):
            return {self.texts.text(name): FILTERED for name in names}
        return [[self.texts.text(name), FILTERED] for name in names]

    def _meta(self, meta: Any) -> Any:
        # Its names are those of the event, what they hold are the SDK's own remarks.
        if not isinstance(meta, dict):
            return meta
        return {self.texts.text(str(name)): self._meta(remark) for name, remark in meta.items()}


def _plain(attributes: Any, name: str) -> Any:
    attribute = attributes.get(name) if isinstance(attributes, dict) else None
    return attribute.get("value") if isinstance(attribute, dict) else attribute


def _arguments(attributes: Mapping[str, Any]) -> Any:
    """Return the arguments of a log call, as the SDK spread them over a record's attributes."""
    named = {
        name.removeprefix(_ARGUMENT): _plain(attributes, name)
        for name in attributes
        if name.startswith(_ARGUMENT)
    }
    return tuple(named.values()) if all(name.isdigit() for name in named) else named
