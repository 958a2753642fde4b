"""The two walks over a span, a log record or a metric, and what they have in common with events."""

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from .names import Names
from .secrets import Secrets
from .templates import LONGEST, Templates
from .text import Texts
from .values import FILTERED, says_nothing
from .walk import Walk

# What only the SDK or the code itself says. All that is not named here is looked through.
_KEPT_IN_TELEMETRY: Final = {"level", "span_id", "timestamp", "trace_id", "type", "unit", "value"}
_KEPT_IN_SPANS: Final = {
    *("end_timestamp", "is_segment", "op", "origin", "parent_span_id", "span_id"),
    *("start_timestamp", "status", "timestamp", "trace_id"),
}
# Attributes that only the SDK sets; random ids in them look like card numbers now and then.
_KEPT_ATTRIBUTES: Final = ("process.", "sentry.", "server.address", "thread.", "code.line")
_TEMPLATE: Final = "sentry.message.template"
_ARGUMENT: Final = "sentry.message.parameter."
_OF_THE_SERVICE: Final = (_TEMPLATE, _ARGUMENT, "sentry.segment.name")
_PATH: Final = "url.path"
_ROUTE: Final = "http.route"
_NEVER: Final = "process.command_args"
SEEN_IN_FRAMES: Final = frozenset({"context_line", "post_context", "pre_context", "vars"})
_NO_RULES: Final = MappingProxyType[str, Callable[[Any], Any]]({})
# Not even looked for secrets that are known of: it is none of the service's data.
KEPT: Final = frozenset(
    {
        *("check_in_id", "environment", "event_id", "level", "logger", "parent_span_id"),
        *("platform", "release", "sdk", "server_name", "span_id", "timestamp", "trace_id"),
        "transaction_info",
    }
)


class Telemetry:
    """A span, log record or metric: what is found in one place is secret in all of it."""

    def __init__(
        self,
        names: Names,
        templates: Templates,
        own: Sequence[Callable[[str], str]],
        harmless: set[str],
    ) -> None:
        self._names = names
        self.secrets = Secrets()
        self.texts = Texts(names, self.secrets, own, harmless)
        self.walk = Walk(names, self.texts, self.secrets)
        self.templates = templates

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
        if isinstance(template, str) and self.templates.secret_in(template[:LONGEST]):
            message = self.templates.message(template, _arguments(item["attributes"]))
            item = item | ({"body": message} if message else {})
        return self.fields(
            item,
            _KEPT_IN_TELEMETRY,
            texts={"body": self.texts.text, "name": self.texts.text},
            parts={"attributes": self._attributes},
        )

    def _attributes(self, attributes: Any) -> Any:
        if not isinstance(attributes, dict):
            return self.walk.value(attributes)
        template = _plain(attributes, _TEMPLATE)
        secret = self.templates.secret_in(template[:LONGEST]) if isinstance(template, str) else ()
        scrubbed = {}
        for key, attribute in attributes.items():
            if key == _NEVER:
                continue
            if key.startswith(_KEPT_ATTRIBUTES) and not key.startswith(_OF_THE_SERVICE):
                scrubbed[key] = attribute
                continue
            value = attribute.get("value") if isinstance(attribute, dict) else attribute
            argument = key.removeprefix(_ARGUMENT)
            if argument != key and argument in secret:
                told = self.argument(True, value)
            elif key == _PATH:
                told = self.walk.value(self._path(value, _plain(attributes, _ROUTE)), key)
            else:
                told = self.walk.value(value, argument)
            name = self.texts.text(key)
            if told is not value and isinstance(attribute, dict):
                kind = "string" if isinstance(told, str) else attribute.get("type")
                scrubbed[name] = {**attribute, "value": told, "type": kind}
            else:
                scrubbed[name] = attribute if isinstance(attribute, dict) else told
        return scrubbed

    def _path(self, path: Any, route: Any) -> Any:
        """Filter the parameters of a path that its route calls secret: `/reset/{token}`."""
        if not isinstance(path, str) or not isinstance(route, str) or "{" not in route:
            return path
        parts, names = path.split("/"), route.split("/")
        for at, name in enumerate(names[: len(parts)]):
            if name[:1] == "{" and self._names.is_secret(name.strip("{}").partition(":")[0]):
                # Where there are more parts than names, a parameter takes slashes as well.
                end = at + 1 if len(parts) == len(names) else len(parts)
                self.secrets.add("/".join(parts[at:end]))
                parts[at:end] = [FILTERED]
        return "/".join(parts)

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
                    scrubbed[name] = self.walk.value(field, str(name))
            except Exception:
                if isinstance(field, str):  # elsewhere the server might not take a string
                    scrubbed[name] = FILTERED
        return scrubbed

    def without(self, value: Any, name: str = "") -> Any:
        """Take what was found as secret out of all that is left; `name` is what it is called."""
        if not self.secrets:
            return value
        if isinstance(value, str):
            return self.secrets.without(value)
        if isinstance(value, list):
            return [self.without(item, name) for item in value]
        if isinstance(value, dict):
            is_frame = name == "frames" and ("lineno" in value or "in_app" in value)
            # Further inside, the names may be the service's own.
            own = KEPT if name in ("", "trace", "values") else frozenset[str]()
            kept = value.keys() - SEEN_IN_FRAMES if is_frame else own
            left: dict[str, Any] = {}
            for field, part in value.items():
                told = self.secrets.without(str(field))
                # Two secrets that were keys are two entries still.
                told = f"{told} {len(left) + 1}" if told in left else told
                left[told] = part if field in kept else self.without(part, field)
            return left
        return value

    def argument(self, is_secret: bool, value: Any) -> Any:
        """Filter an argument of a log call that its template calls secret."""
        is_told = is_secret and not says_nothing(value)
        if is_told:
            self.secrets.add(value)
        return FILTERED if is_told else value


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
