"""Sentry's plans: the one place that says what they hold and cost.

Source: https://sentry.io/pricing as it stood on 2026-09-20. Dollars a month, billed by the year.
The price of further spans isn't on that page. Check it before you decide; your contract may differ.
"""

from typing import Final, NamedTuple

SOURCE: Final = "https://sentry.io/pricing of 2026-09-20"
GB: Final = 10**9


class Plan(NamedTuple):
    """What a plan includes each month, and what it costs."""

    dollars: float
    errors: int
    spans: int
    log_bytes: int
    extra: bool  # whether more can be bought


PLANS: Final = {
    "developer": Plan(0, 5_000, 5_000_000, 5 * GB, False),
    "team": Plan(26, 50_000, 5_000_000, 5 * GB, True),
    "business": Plan(80, 50_000, 5_000_000, 5 * GB, True),
}
# The price of each error above the plan's, up to so many.
ERRORS: Final = ((100_000, 0.0003625), (500_000, 0.0002188), (10_000_000, 0.0001875))
DOLLARS_PER_GB: Final = 0.50  # of logs
DOLLARS_PER_PROFILE_HOUR: Final = 0.0315
