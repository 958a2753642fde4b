"""What an exception is made of: one walk over its causes, contexts and members, for all who ask."""

import dis
from collections import deque
from collections.abc import Container, Iterator
from enum import Enum
from types import TracebackType
from typing import Final, NamedTuple

MAX_LINKS: Final = 50
_RAISE: Final = dis.opmap["RAISE_VARARGS"]


class Relation(Enum):
    """How an exception came to another one."""

    ITSELF = ""
    CAUSE = "__cause__"  # `raise B from A`
    INSTEAD = "instead"  # `except A: raise B`: B is what its handler made of A
    DURING = "during"  # what failed while A was handled, a clean-up for example: A is news still
    MEMBER = "exceptions"  # of a group


class Link(NamedTuple):
    """One exception of a chain."""

    error: BaseException
    relation: Relation
    parent: int  # the place in the walk of the exception that this one belongs to
    source: str  # the attribute of the parent that holds it


AS_SHOWN: Final = frozenset(Relation)  # all that a traceback shows
LINEAGE: Final = AS_SHOWN - {Relation.MEMBER}
# What an exception only passes on: to have reported that is to have reported it.
PASSED_ON: Final = frozenset({Relation.CAUSE, Relation.INSTEAD})
# What is told by reporting an exception. Not what was being handled meanwhile: the report of a
# clean-up that failed says nothing of the crash that was to be cleaned up.
TOLD: Final = frozenset({Relation.CAUSE, Relation.MEMBER})


def walk(
    error: BaseException, follow: Container[Relation] = AS_SHOWN, most: int = MAX_LINKS
) -> Iterator[Link]:
    """Yield `error` and what it is made of, each exception once, the nearest first."""
    waiting = deque([Link(error, Relation.ITSELF, 0, "")])
    seen = {id(error)}
    number = 0
    while waiting:
        link = waiting.popleft()
        yield link
        for other, relation, source in _parts(link.error, most):
            if len(seen) < most and relation in follow and id(other) not in seen:
                seen.add(id(other))
                waiting.append(Link(other, relation, number, source))
        number += 1


def _parts(error: BaseException, most: int) -> Iterator[tuple[BaseException, Relation, str]]:
    if error.__cause__ is not None:
        yield error.__cause__, Relation.CAUSE, "__cause__"
    elif error.__context__ is not None and not error.__suppress_context__:
        instead = _raised_instead(error, error.__context__)
        relation = Relation.INSTEAD if instead else Relation.DURING
        yield error.__context__, relation, "__context__"
    if isinstance(error, BaseExceptionGroup):
        for place, member in enumerate(error.exceptions[:most]):
            yield member, Relation.MEMBER, f"exceptions[{place}]"


def _raised_instead(error: BaseException, context: BaseException) -> bool:
    """Tell `except A: raise B` from `except A: clean_up()`, where the clean-up fails by itself.

    Then the innermost frame of B is one that A passed through, and stands at a `raise`.
    """
    raised = list(stack(error.__traceback__))[-1:]
    caught = {id(found.tb_frame) for found in stack(context.__traceback__)}
    return any(is_raise(found) and id(found.tb_frame) in caught for found in raised)


def stack(traceback: TracebackType | None) -> Iterator[TracebackType]:
    """Yield the frames of a traceback, the outermost first."""
    while traceback:
        yield traceback
        traceback = traceback.tb_next


def is_raise(found: TracebackType) -> bool:
    """Tell whether a frame failed at a `raise` of its own."""
    return found.tb_frame.f_code.co_code[found.tb_lasti] == _RAISE
