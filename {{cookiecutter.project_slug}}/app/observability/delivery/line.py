"""A line of jobs before a few workers: the most important go first, each rank in its own room."""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from typing import Final, Generic, NamedTuple, TypeVar

from ..service import PACKAGE
from ..threads import start

Job = TypeVar("Job")

logger: Final = logging.getLogger(PACKAGE)


class Room(NamedTuple):
    """How many jobs of a rank may be in the line, waiting or in work, and how many bytes."""

    jobs: int
    size: int


class _Entry(NamedTuple, Generic[Job]):
    due: float  # on the monotonic clock
    number: int  # keeps jobs that are due at once in their order
    rank: int
    size: int
    job: Job


class Line(Generic[Job]):
    """Hands jobs to threads, which begin when something waits and then stay, asleep.

    `rooms` are of ranks 0, 1, …: rank 0 goes first. `reserved` of the workers take rank 0 only.
    `work` returns None when a job is done, or the time to do it again, by the monotonic clock.
    Threads don't survive a fork: make a new line in the child.
    """

    def __init__(
        self,
        work: Callable[[Job], float | None],
        rooms: Sequence[Room],
        *,
        workers: int,
        reserved: int = 0,
    ) -> None:
        self._do = work
        self._rooms: Final = tuple(rooms)
        self._max_workers: Final = workers
        self._max_lower: Final = workers - reserved
        self._numbers = itertools.count()
        lock = threading.RLock()  # a signal handler or a destructor may report while we hold it
        self._something = threading.Condition(lock)
        self._done = threading.Condition(lock)
        self._heaps: list[list[_Entry[Job]]] = [[] for _ in rooms]
        self._jobs = [0] * len(rooms)
        self._sizes = [0] * len(rooms)
        self._in_work: dict[int, _Entry[Job]] = {}
        self._workers = self._idle = self._busy_with_lower = 0
        self._stopped = False

    def put(self, rank: int, job: Job, size: int = 0) -> bool:
        """Put a job of `size` bytes in the line; return False if its room is full."""
        with self._something:
            if self._stopped or not self.has_room(rank, size):
                return False
            self._jobs[rank] += 1
            self._sizes[rank] += size
            entry = _Entry(time.monotonic(), next(self._numbers), rank, size, job)
            heappush(self._heaps[rank], entry)
            if sum(map(len, self._heaps)) > self._idle and self._workers < self._max_workers:
                self._start_worker()
            self._something.notify()
            return True

    def has_room(self, rank: int, size: int = 0) -> bool:
        """Return whether a job would be taken now."""
        room = self._rooms[rank]
        return self._jobs[rank] < room.jobs and self._sizes[rank] + size <= room.size

    def fullness(self, rank: int) -> float:
        """Return which part of a rank's room is taken, 0 to 1."""
        room = self._rooms[rank]
        return max(self._jobs[rank] / room.jobs, self._sizes[rank] / room.size)

    def hurry(self) -> None:
        """Do now what waits for a later time."""
        now = time.monotonic()
        with self._something:
            for heap in self._heaps:
                heap[:] = [entry._replace(due=min(entry.due, now)) for entry in heap]
                heapify(heap)
            self._something.notify_all()

    def wait(self, deadline: float) -> None:
        """Wait until all is done; no longer than `deadline`, nor for what is due after it."""
        with self._done:
            # An interpreter that ends starts no more threads: then this one is the worker.
            works_here = not self._workers and self._waits(deadline)
            self._workers += works_here
        if works_here:
            self._run(deadline)
        with self._done:
            while self._workers and (self._in_work or self._waits(deadline)):
                left = deadline - time.monotonic()
                if left <= 0:
                    return
                self._done.wait(left)

    def unfinished(self) -> list[Job]:
        """Return the jobs that wait or are in work."""
        with self._something:
            return [entry.job for part in (self._in_work.values(), *self._heaps) for entry in part]

    def stop(self) -> None:
        """Let the workers end after what they have in hand."""
        with self._something:
            self._stopped = True
            self._something.notify_all()

    def _start_worker(self) -> None:
        if start(threading.Thread(target=self._run, name="ion-delivery")):
            self._workers += 1

    def _waits(self, deadline: float) -> bool:
        is_due = any(heap and heap[0].due < deadline for heap in self._heaps)
        return is_due and time.monotonic() < deadline

    def _run(self, until: float | None = None) -> None:
        while entry := self._take(until):
            again = None
            try:
                again = self._do(entry.job)
            except Exception:  # the line goes on whatever a job does
                logger.exception("A delivery failed in a way that nobody thought of")
            self._finish(entry, again)
            del entry  # it may be big, and the next may be long in coming

    def _finish(self, entry: _Entry[Job], again: float | None) -> None:
        with self._done:
            del self._in_work[entry.number]
            self._busy_with_lower -= entry.rank > 0
            if again is None:
                self._jobs[entry.rank] -= 1
                self._sizes[entry.rank] -= entry.size
            else:
                heappush(self._heaps[entry.rank], entry._replace(due=again))
            self._done.notify_all()

    def _take(self, until: float | None) -> _Entry[Job] | None:
        with self._something:
            while not self._stopped and (until is None or self._waits(until)):
                open_to_all = self._busy_with_lower < self._max_lower
                heaps = [heap for heap in self._heaps[: None if open_to_all else 1] if heap]
                now = time.monotonic()
                for heap in heaps:
                    if heap[0].due <= now:
                        entry = heappop(heap)
                        self._in_work[entry.number] = entry
                        self._busy_with_lower += entry.rank > 0
                        return entry
                self._idle += 1
                next_due = min((heap[0].due for heap in heaps), default=until)
                self._something.wait(None if next_due is None else next_due - now)
                self._idle -= 1
            self._workers -= 1
            return None
