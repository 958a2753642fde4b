"""The storm guard: each distinct error is reported a limited number of times a minute.

What it holds back never reaches the SDK, so a storm costs next to nothing. It is counted, and one
event a minute tells how much there was.
"""

import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from types import TracebackType
from typing import Final, NamedTuple

from .project import ROOT, is_own

WINDOW: Final = 60.0  # seconds
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
    """Lets `limit` reports of each key pass in any minute; tells `summarize` of the rest."""

    def __init__(
        self,
        summarize: Callable[[Counter[Key]], None],
        limit: int = 60,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit = limit
        self._summarize = summarize
        self._clock = clock
        self.reset()
        os.register_at_fork(after_in_child=self.reset)  # a child tells of its own errors only

    def reset(self) -> None:
        """Forget everything."""
        self._lock = threading.Lock()
        self._passed: dict[Key, deque[float]] = {}
        self._held: Counter[Key] = Counter()
        self._timer: threading.Timer | None = None

    def admit(self, key: Key) -> bool:
        """Return whether an error may be reported now; if not, count it."""
        now = self._clock()
        with self._lock:
            if key not in self._passed and len(self._passed) >= MAX_DISTINCT:
                self._forget_before(now - WINDOW)
                if len(self._passed) >= MAX_DISTINCT:
                    key = OTHERS
            passed = self._passed.setdefault(key, deque(maxlen=self.limit))
            if len(passed) < self.limit or now - passed[0] >= WINDOW:
                passed.append(now)
                return True
            self._held[key] += 1
            if self._timer is None:
                self._timer = threading.Timer(WINDOW, self.flush)
                self._timer.daemon = True
                self._timer.start()
            return False

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
        self._passed = {key: passed for key, passed in self._passed.items() if passed[-1] >= then}


def key_of(error: BaseException) -> Key:
    """Return the key of an error: the innermost frame of the service's own code is its place."""
    leaf = error
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    return Key(type(error).__qualname__, *_place(leaf.__traceback__ or error.__traceback__))


def _place(traceback: TracebackType | None) -> tuple[str, int]:
    own = innermost = ("", 0)
    while traceback:
        innermost = (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
        if is_own(innermost[0]):
            own = innermost
        traceback = traceback.tb_next
    return own if own[0] else innermost
