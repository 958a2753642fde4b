"""Foreign objects as plain data, within limits: what an event may hold of a team's objects.

Their `__repr__`, `__getattr__` and metaclasses are the team's code, which may raise, or have no
end. Nothing here raises whatever they do, and nothing is read beyond the limits: a `repr` is
written piece by piece, so that the first half kilobyte of a million rows costs half a kilobyte.

What is caught of them, here and wherever else they are asked, is BaseException: one that shows the
result of a cancelled task raises CancelledError, which would end the request, or cost the event.
"""

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable, Iterator
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

MAX_ITEMS: Final = 20  # of a container
MAX_DEPTH: Final = 5
MAX_NAME: Final = 100  # characters
MAX_TEXT: Final = 8 * 1024  # characters; Sentry keeps no more of most strings
_LONGEST_WORD: Final = 256
_LONGEST_NUMBER: Final = 24
_MAX_BITS: Final = 1024  # of an integer: Python refuses to write very long ones
# Their objects hold whole requests and engines, secrets included: the type says enough.
_OPAQUE: Final = ("fastapi.", "psycopg", "sqlalchemy.", "starlette.", "uvicorn.")
_SEQUENCES: Final = (list, tuple, set, frozenset, deque)
_REPRS_OF_MAPPINGS: Final[tuple[Any, ...]] = tuple(
    kind.__repr__ for kind in (dict, OrderedDict, defaultdict, Counter, MappingProxyType)
)
_VIEWS: Final = tuple(map(type, ({}.keys(), {}.values(), {}.items())))


class Plain:
    """Makes plain data of foreign objects until its `characters` are used up."""

    def __init__(self, characters: int, *, text: int = 512) -> None:
        """Let no single text be longer than `text`."""
        self._left = characters
        self._text = text

    def data(self, value: Any) -> Any:
        """Return `value` as JSON has it, with the `repr` of what JSON doesn't know."""
        return self._value(value, 0, is_variable=False)

    def variables(self, variables: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        """Return local variables as a debugger shows them: each leaf is a `repr`."""
        shown: dict[str, Any] = {}
        for name, value in variables:
            if len(shown) == MAX_ITEMS or self._left <= 0:
                break
            shown[name[:MAX_NAME]] = self._value(value, 1, is_variable=True)
        return shown

    def _value(self, value: Any, depth: int, *, is_variable: bool) -> Any:
        if self._left <= 0:
            return "…"
        kind = type(value)
        if not is_variable:
            if value is None or kind in (bool, float):
                self._left -= 8
                return value
            if kind is int and value.bit_length() < _MAX_BITS:
                self._left -= 8
                return value
            if kind is str:
                return self._spend(cut(value, self._text))
        try:
            if depth < MAX_DEPTH:
                if kind is dict:
                    return self._mapping(value, depth + 1, is_variable)
                if kind in _SEQUENCES:
                    return self._sequence(value, depth + 1, is_variable)
        except BaseException as error:  # changed by another thread meanwhile
            return f"<{type_name(kind)}: {type_name(type(error))}>"
        return self._spend(short_repr(value, self._text))

    def _mapping(self, mapping: dict[Any, Any], depth: int, is_variable: bool) -> Any:
        shown: dict[str, Any] = {}
        for key, value in mapping.items():
            if len(shown) == MAX_ITEMS:
                shown["…"] = f"{len(mapping) - MAX_ITEMS} more"
                break
            name = key[:MAX_NAME] if type(key) is str else short_repr(key, MAX_NAME)
            shown[self._spend(name)] = self._value(value, depth, is_variable=is_variable)
        return shown

    def _sequence(self, items: Any, depth: int, is_variable: bool) -> Any:
        shown: list[Any] = []
        for item in items:
            if len(shown) == MAX_ITEMS:
                shown.append(f"… {len(items) - MAX_ITEMS} more")
                break
            shown.append(self._value(item, depth, is_variable=is_variable))
        return shown

    def _spend(self, text: str) -> str:
        self._left -= len(text) + 4
        return text


def short_repr(value: Any, limit: int = 512) -> str:
    """Return `repr(value)`, at most `limit` characters of it."""
    text = ""
    try:
        for piece in _pieces(value, 0):
            text += piece
            if len(text) > limit:
                return cut(text, limit)
    except BaseException as error:
        return f"{text}<{type_name(type(value))}: {type_name(type(error))}>"
    return text


def _pieces(value: Any, depth: int) -> Iterator[str]:
    kind = type(value)
    if isinstance(value, str | bytes | bytearray):
        yield repr(value[:MAX_TEXT])
    elif isinstance(value, int) and value.bit_length() >= _MAX_BITS:
        yield f"<int of {value.bit_length()} bits>"
    elif f"{module_of(kind)}.".startswith(_OPAQUE):
        yield f"<{type_name(kind)}>"
    elif depth > MAX_DEPTH:
        yield "…"
    elif kind in _VIEWS:
        yield f"{type_name(kind)}("
        yield from _pieces(list(islice(value, MAX_TEXT)), depth)
        yield ")"
    elif kind.__repr__ in _REPRS_OF_MAPPINGS:
        yield "{" if kind is dict else type_name(kind) + "({"
        for number, (key, item) in enumerate(value.items()):
            yield ", " if number else ""
            yield from _pieces(key, depth + 1)
            yield ": "
            yield from _pieces(item, depth + 1)
        yield "}" if kind is dict else "})"
    elif kind in _SEQUENCES:
        start, end = "[]" if kind is list else "()" if kind is tuple else "{}"
        yield start
        for number, item in enumerate(value):
            yield ", " if number else ""
            yield from _pieces(item, depth + 1)
        yield end
    elif (fields := _fields(value, kind)) is not None:
        yield f"{type_name(kind)}("
        for number, (name, item) in enumerate(fields):
            yield f", {name}=" if number else f"{name}="
            yield from _pieces(item, depth + 1)
        yield ")"
    else:
        yield repr(value)


def _fields(value: Any, kind: type) -> Iterable[tuple[str, Any]] | None:
    """Return what a `repr` that a library wrote would tell, None if the class has its own."""
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return zip(kind._fields, value, strict=False)
    if module_of(kind.__repr__) in ("pydantic.main", "pydantic._internal._repr"):
        return value.__repr_args__()  # type: ignore[no-any-return]
    # `dataclass` wraps the `__repr__` that it makes, and leaves one of the class as it is.
    if hasattr(kind.__repr__, "__wrapped__") and hasattr(kind, "__dataclass_fields__"):
        names = [name for name, field in kind.__dataclass_fields__.items() if field.repr]
        return ((name, getattr(value, name)) for name in names)
    return None


def cut(text: str, limit: int = MAX_TEXT) -> str:
    """Return `text`, or as much of it as `limit` characters can show.

    Neither a word nor a number is shown in part: nobody knows half a secret for what it is.
    """
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    nearest = max(len(kept) // 2, len(kept) - _LONGEST_WORD)
    end = max(kept.rfind(mark, nearest) for mark in " \n\t\"'") + 1 or len(kept)
    number = max(0, end - _LONGEST_NUMBER)
    return kept[:number] + kept[number:end].rstrip("0123456789 -") + "…"


def text_of(value: object, limit: int = MAX_TEXT) -> str:
    """Return `str(value)`, at most `limit` characters of it."""
    try:
        return cut(str(value), limit)
    except BaseException as error:
        return f"<{type_name(type(value))}: {type_name(type(error))}>"


def type_name(kind: type) -> str:
    """Return a class's qualified name, whatever its metaclass says."""
    return str(type.__dict__["__qualname__"].__get__(kind))


def module_of(kind: Any) -> str:
    """Return the module of a class or function, empty if it has none that can be told."""
    try:
        module = type.__dict__["__module__"].__get__(kind) if isinstance(kind, type) else None
        return str(module or kind.__module__)
    except BaseException:
        return ""
