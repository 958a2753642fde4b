"""How many traces a process begins a second, however many requests it answers.

Beyond that more of them say nothing that the others don't, and each costs as much as a dozen
requests. The rate that is told with a trace is the one it was drawn at, so what Sentry makes of it
stays right.
"""

import time
from typing import Final

MOST_A_SECOND: Final = 20


class Pace:
    """Says which part of the traces that are wanted is begun. Made for many threads."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget how many there were."""
        self._since = 0.0
        self._before = self._now = 0.0  # traces that were wanted in the last second, and in this

    def share(self, rate: float) -> float:
        """Count a request of that rate, and return the part of such that is begun now, 0 to 1."""
        now = time.monotonic()
        if now - self._since >= 1.0:
            passed = now - self._since
            self._before = self._now / passed if passed < 2.0 else 0.0  # nobody asked meanwhile
            self._now, self._since = 0.0, now
        self._now += rate
        wanted = max(self._before, self._now)
        return MOST_A_SECOND / wanted if wanted > MOST_A_SECOND else 1.0


pace: Final = Pace()
