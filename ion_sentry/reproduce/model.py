"""An event as a service sends it, and distrusted: it is somebody else's data.

What of it has a type that Sentry wouldn't give it counts as missing.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field


def as_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


def _texts(value: Any) -> list[str]:
    return [as_text(item) for item in value] if isinstance(value, list) else []


def as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def as_objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):  # Sentry writes lists as `{"values": […]}`, too
        value = value.get("values")
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_pairs(value: Any) -> list[tuple[str, str]]:
    items = list(value.items()) if isinstance(value, dict) else value
    items = items if isinstance(items, list) else []
    pairs = [item for item in items if isinstance(item, list | tuple) and len(item) == 2]
    return [(as_text(name), as_text(text)) for name, text in pairs]


def _time(value: Any) -> datetime | None:
    try:
        seconds = datetime.fromisoformat(value).timestamp() if isinstance(value, str) else value
        found = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    return found if 2000 <= found.year < 2100 else None


Text = Annotated[str, BeforeValidator(as_text)]
Texts = Annotated[list[str], BeforeValidator(_texts)]
Pairs = Annotated[list[tuple[str, str]], BeforeValidator(as_pairs)]
Data = Annotated[dict[str, Any], BeforeValidator(as_object)]
Number = Annotated[int | None, BeforeValidator(lambda value: value if type(value) is int else None)]
Flag = Annotated[bool, BeforeValidator(lambda value: value is True)]


class Frame(BaseModel):
    """One call of a stack; the web API has other names for some of it."""

    filename: Text = ""
    function: Text = ""
    module: Text = ""
    lineno: Number = Field(None, validation_alias=AliasChoices("lineno", "lineNo"))
    in_app: Flag = Field(False, validation_alias=AliasChoices("in_app", "inApp"))
    context_line: Text = ""
    vars: Data = {}


class Stack(BaseModel):
    frames: Annotated[list[Frame], BeforeValidator(as_objects)] = []


class Mechanism(BaseModel):
    exception_id: Number = None
    parent_id: Number = None
    source: Text = ""


class Link(BaseModel):
    """One exception of a chain."""

    type: Text = ""
    module: Text = ""
    value: Text = ""
    mechanism: Annotated[Mechanism, BeforeValidator(as_object)] = Mechanism()
    stacktrace: Annotated[Stack, BeforeValidator(as_object)] = Stack()


class Request(BaseModel):
    method: Text = ""
    url: Text = ""
    query_string: Annotated[
        str | list[tuple[str, str]],
        BeforeValidator(
            lambda value: as_text(value) if isinstance(value, str) else as_pairs(value)
        ),
    ] = ""
    headers: Pairs = []
    data: Any = None


class LogEntry(BaseModel):
    message: Text = ""
    formatted: Text = ""


class Crumb(BaseModel):
    category: Text = ""
    message: Text = ""
    data: Data = {}


class Event(BaseModel):
    """An event as a service sends it."""

    type: Text = ""
    event_id: Text = ""
    timestamp: Annotated[datetime | None, BeforeValidator(_time)] = None
    release: Text = ""
    environment: Text = ""
    transaction: Text = ""
    level: Text = ""
    logger: Text = ""
    tags: Pairs = []
    contexts: Data = {}
    request: Annotated[Request, BeforeValidator(as_object)] = Request()
    exception: Annotated[list[Link], BeforeValidator(as_objects)] = []
    logentry: Annotated[LogEntry, BeforeValidator(as_object)] = LogEntry()
    breadcrumbs: Annotated[list[Crumb], BeforeValidator(as_objects)] = []

    def tag(self, name: str) -> str:
        """Return a tag, empty if it isn't there."""
        return dict(self.tags).get(name, "")
