"""Nothing secret leaves the process: all that is sent passes here first, in the delivery's threads.

What is scrubbed reads `[Filtered]` and keeps its place. Where scrubbing itself fails, that part is
dropped; never the event. A first walk filters by names, shapes and forms, and remembers what it
found; a second one looks for that in all the rest: what one place calls secret is secret in all.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from .event import Event
from .names import Names
from .templates import Templates
from .values import FILTERED

__all__ = ["FILTERED", "Scrubber"]

_UNSEEN: Final = frozenset({"client_report", "internal", "session", "sessions", "statsd"})
_KEPT_IN_TRACES: Final = frozenset(
    {"org_id", "public_key", "sample_rand", "sample_rate", "sampled", "trace_id"}
)


class Scrubber:
    """Filters secrets out of whatever is about to leave. It returns copies and never raises."""

    def __init__(
        self, extra_keys: Iterable[str] = (), own: Sequence[Callable[[str], str]] = ()
    ) -> None:
        """Look for `extra_keys` in names as well; run `own` over every text after the rules."""
        self._names = Names(extra_keys)
        self._templates = Templates(self._names)
        self._own = own
        self._harmless: set[str] = set()

    def payload(self, kind: str, payload: Any) -> Any:
        """Scrub the payload of an envelope's item of that type."""
        if kind in _UNSEEN:
            return payload
        if isinstance(payload, dict) and isinstance(items := payload.get("items"), list):
            scrubbed = (self._one(kind, item) for item in items)
            return payload | {"items": [item for item in scrubbed if item is not None]}
        return self._one(kind, payload)

    def trace(self, header: Mapping[str, Any]) -> dict[str, Any]:
        """Scrub what an envelope's header says of its trace, some of it in a stranger's words."""
        event = self._event()
        return dict(event.without(event.fields(dict(header), _KEPT_IN_TRACES)))

    def attachment(self, data: bytes, content_type: str) -> bytes:
        """Scrub a text; what is none is filtered as a whole."""
        if not content_type.startswith(("text/", "application/json")):
            return FILTERED.encode()
        event = self._event()
        scrubbed = event.without(event.walk.value(data.decode("utf-8", "replace")))
        return str(scrubbed).encode("utf-8", "replace")

    def log_message(self, template: str, args: Any) -> str:
        """Return the message of a log call without the arguments that it calls secret."""
        return self._templates.message(template, args) or template

    def _one(self, kind: str, payload: Any) -> Any:
        try:
            if kind == "profile_chunk":
                return _without_folders(payload)
            event = self._event()
            return event.without(event.rules.get(kind, event.event)(payload))
        except Exception:
            return None

    def _event(self) -> Event:
        return Event(self._names, self._templates, self._own, self._harmless)


def _without_folders(chunk: dict[str, Any]) -> dict[str, Any]:
    """Take the machine's folders out of a profile: its frames have a `filename`, too."""
    profile = chunk["profile"]
    frames = [{k: v for k, v in frame.items() if k != "abs_path"} for frame in profile["frames"]]
    return chunk | {"profile": profile | {"frames": frames}}
