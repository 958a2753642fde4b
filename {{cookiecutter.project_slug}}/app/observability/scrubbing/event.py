"""What the parts of an event are, and by which rule each is scrubbed."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from .telemetry import KEPT, SEEN_IN_FRAMES, Telemetry
from .templates import LONGEST
from .values import FILTERED

_KEPT_IN_CRUMBS: Final = {"category", "level", "timestamp", "type"}
_KEPT_IN_ERRORS: Final = {"module", "thread_id", "type"}
# Their variables are the parameters of statements, by all kinds of names.
_DATABASE_MODULES: Final = ("sqlalchemy.", "psycopg.", "aiosqlite.", "sqlite3.")


class Event(Telemetry):
    """An event, and the span that it names."""

    @property
    def rules(self) -> Mapping[str, Callable[[Any], Any]]:
        """The rule for each type of item, but for events."""
        return {"span": self.span, "log": self.telemetry, "trace_metric": self.telemetry}

    def event(self, event: Any) -> Any:
        """Scrub an event."""
        return self.fields(
            event,
            KEPT,
            parts={
                "_meta": self._meta,
                "breadcrumbs": lambda crumbs: self._each(crumbs, self._breadcrumb),
                "contexts": self._contexts,
                "exception": lambda errors: self._each(errors, self._error),
                "logentry": self._log_entry,
                "request": self._request,
                "stacktrace": self._stack,
                "user": self._user,
            },
        )

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
        seen = {name: field for name, field in frame.items() if name in SEEN_IN_FRAMES}
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
        if isinstance(template, str) and (secret := self.templates.secret_in(template[:LONGEST])):
            args = tuple(params) if isinstance(params, list) else params
            if message := self.templates.message(template, args):
                entry = entry | {"formatted": message}
            if isinstance(params, dict):
                params = {n: self.argument(str(n) in secret, v) for n, v in params.items()}
            elif isinstance(params, list):
                params = [self.argument(str(n) in secret, v) for n, v in enumerate(params)]
            entry = entry | {"params": params}
        return self.fields(entry)

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
