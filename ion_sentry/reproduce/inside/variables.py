"""Values again, from what the frames of an event show of them. Nothing of it is ever run."""

import ast
import datetime
import re
from collections.abc import Callable
from typing import Any, Final

LONGEST: Final = 8192  # characters of a `repr`
FILTERED: Final = "[Filtered]"
_ENUM: Final = re.compile(
    r"<\w[\w.]*: (?P<value>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|-?\d+(?:\.\d+)?)>"
)
_CUT: Final = re.compile(r"…|\[Filtered\]")


class Unknown(ValueError):
    """An event doesn't tell a value."""


def value_of(shown: Any) -> Any:
    """Return, as JSON has it, the value that a frame shows.

    Containers are shown as such, their leaves as `repr` writes them.

    Raises:
        Unknown: if it can't be told.
    """
    if isinstance(shown, dict):
        return {_name(key): value_of(item) for key, item in shown.items()}
    if isinstance(shown, list):
        return [value_of(item) for item in shown]
    if not isinstance(shown, str) or len(shown) > LONGEST or _CUT.search(shown):
        raise Unknown
    try:
        return _value(ast.parse(_ENUM.sub(r"\g<value>", shown), mode="eval").body)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError, OverflowError):
        raise Unknown from None


def _name(shown: str) -> str:
    """Return a key, which a frame shows as it is if it is text."""
    if _CUT.search(shown):
        raise Unknown
    return shown


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=str() | int() | float() | None as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.Name(id="inf" | "nan" as name):
            return float(name)
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return [_value(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            names = [_value(key) if key else None for key in keys]
            return {str(name): _value(item) for name, item in zip(names, values, strict=True)}
        case ast.Call(func=function, args=args, keywords=keywords):
            return _made(ast.unparse(function).rpartition(".")[2], args, keywords)
    raise Unknown


def _made(kind: str, args: list[ast.expr], keywords: list[ast.keyword]) -> Any:
    """Return what a constructor's call stands for: a time, a number, a model."""
    if make := _TIMES.get(kind):
        zone = datetime.UTC if any(word.arg == "tzinfo" for word in keywords) else None
        named = {word.arg: _value(word.value) for word in keywords if word.arg != "tzinfo"}
        numbers = [_value(arg) for arg in args if isinstance(arg, ast.Constant)]
        return make(numbers, named | ({"tzinfo": zone} if zone else {}))
    if kind == "SecretStr":
        raise Unknown
    if not args:  # a model, or a dataclass
        return {str(word.arg): _value(word.value) for word in keywords}
    return _value(args[0])  # Decimal('1.0'), UUID('…'), HttpUrl('…'), frozenset({…})


_TIMES: Final[dict[str, Callable[[list[Any], dict[Any, Any]], str]]] = {
    "datetime": lambda numbers, named: datetime.datetime(*numbers, **named).isoformat(),
    "date": lambda numbers, named: datetime.date(*numbers, **named).isoformat(),
    "time": lambda numbers, named: datetime.time(*numbers, **named).isoformat(),
    "timedelta": lambda numbers, named: (
        f"PT{datetime.timedelta(*numbers, **named).total_seconds():g}S"
    ),
}
