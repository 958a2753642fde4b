"""The storm guard: each distinct error is reported a limited number of times a minute, and all
errors together ten times that.

What it holds back never reaches the SDK, so a storm costs next to nothing. It is counted, and one
event a minute tells how much there was.
"""

import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Final, NamedTuple

from ..plain import cut, type_name
from ..service import OWN_PACKAGE, ROOT, is_own
from ..threads import start
from .chain import stack

WINDOW: Final = 60.0  # seconds
ALL_TOGETHER: Final = 10  # times the limit of one: many distinct errors are a storm, too
MAX_DISTINCT: Final = 500
SHOWN: Final = 20


class Key(NamedTuple):
    """What makes errors the same: their type, and the place in the service's own code."""

    type: str
    file: str
    line: int

    def __str__(self) -> str:
        place = f" at {self.file.removeprefix(f'{ROOT}/')}:{self.line}" if self.file else ""
        return f"{self.type}{place}"


# Where there are too many distinct errors to count each, the rest counts as one.
OTHERS: Final = Key("other errors", "", 0)


class StormGuard:
    """Lets `limit` reports of each key pass in any minute, and ALL_TOGETHER times that of all.

    It tells `summarize` of the rest.
    """

    def __init__(self, summarize: Callable[[Counter[Key]], None], limit: int = 60) -> None:
        self.limit = limit
        self._summarize = summarize
        self._timer: threading.Timer | None = None
        self.reset()

    def reset(self) -> None:
        """Forget everything, and heed the `limit` that was set since."""
        if self._timer:
            self._timer.cancel()
        self._lock = threading.RLock()  # a destructor or signal handler may report while we hold it
        self._passed: dict[Key, deque[float]] = {}
        self._all: deque[float] = deque(maxlen=self.limit * ALL_TOGETHER)
        self._held: Counter[Key] = Counter()
        self._timer = None

    def admit(self, key: Key) -> bool:
        """Return whether an error may be reported now; if not, count it."""
        now = time.monotonic()
        with self._lock:
            if key not in self._passed and len(self._passed) >= MAX_DISTINCT:
                self._forget_before(now - WINDOW)
                if len(self._passed) >= MAX_DISTINCT:
                    key = OTHERS
            passed = self._passed.setdefault(key, deque(maxlen=self.limit))
            if _has_room(passed, now) and _has_room(self._all, now):
                passed.append(now)
                self._all.append(now)
                return True
            self._hold(key)
            return False

    def hold(self, key: Key) -> None:
        """Count an error that isn't reported for another reason."""
        with self._lock:
            self._hold(key)

    def _hold(self, key: Key) -> None:
        if key not in self._held and len(self._held) >= MAX_DISTINCT:
            key = OTHERS
        self._held[key] += 1
        if self._timer is None:
            timer = threading.Timer(WINDOW, self.flush)
            self._timer = timer if start(timer) else None  # the next one tries it again

    def flush(self) -> None:
        """Tell of what was held back since the last time, if anything was."""
        with self._lock:
            held, self._held = self._held, Counter()
            if self._timer:
                self._timer.cancel()
            self._timer = None
        if held:
            self._summarize(held)

    def _forget_before(self, then: float) -> None:
        self._passed = {
            k: passed for k, passed in self._passed.items() if passed and passed[-1] >= then
        }


def _has_room(passed: deque[float], now: float) -> bool:
    return len(passed) < (passed.maxlen or 0) or now - passed[0] >= WINDOW


def key_of(error: BaseException) -> Key:
    """Return the key of an error: the innermost frame of the service's own code is its place."""
    leaf = error
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    return Key(type_name(type(error)), *_place(leaf.__traceback__ or error.__traceback__))


def key_here(what: str) -> Key:
    """Return the key of what the code that calls the standard tells of: that call is its place."""
    frame: FrameType | None = sys._getframe(1)
    while frame and frame.f_code.co_filename.startswith(OWN_PACKAGE):
        frame = frame.f_back
    return Key(what, frame.f_code.co_filename, frame.f_lineno) if frame else Key(cut(what), "", 0)


def _place(traceback: TracebackType | None) -> tuple[str, int]:
    own = innermost = ("", 0)
    for found in stack(traceback):
        innermost = (found.tb_frame.f_code.co_filename, found.tb_lineno)
        if is_own(innermost[0]):
            own = innermost
    return own if own[0] else innermost
