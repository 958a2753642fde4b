"""What a month costs at these rates: every figure with what it assumes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from platform import python_version
from typing import Final

from ..errors.storm import ALL_TOGETHER
from ..request.traces import MOST_A_SECOND
from ..sdk.start import profiled
from ..settings import SentrySettings
from .finding import Finding
from .plans import DOLLARS_PER_GB, DOLLARS_PER_PROFILE_HOUR, ERRORS, GB, PLANS, SOURCE, Plan

HOURS: Final = 24 * 30  # of a month


@dataclass(frozen=True)
class Load:
    """What the service has to do, on average."""

    requests_per_second: float
    error_rate: float  # the part of the requests that ends in an error that is reported
    processes: int
    seconds_per_request: float
    spans_per_request: float  # of a traced one, its own included
    logs_per_request: float  # records at or above SENTRY_LOG_LEVEL
    bytes_per_log: int = 0  # those of the sample, once it is made


@dataclass(frozen=True)
class Month:
    """What arrives in a month."""

    errors: float
    spans: float
    log_bytes: float
    profile_hours: float


def month(load: Load, settings: SentrySettings) -> Month:
    """Return what a month of `load` sends at the rates that are set."""
    requests = load.requests_per_second * 3600 * HOURS
    # Traces a second and process.
    traced = load.requests_per_second / load.processes * settings.sentry_traces_sample_rate
    traced = min(traced, MOST_A_SECOND)
    # A process profiles while at least one of its requests is traced.
    busy = traced * load.seconds_per_request
    profiling = profiled(settings.sentry_profile_session_sample_rate)
    logs = 0.0 if settings.sentry_log_level == "off" else requests * load.logs_per_request
    return Month(
        errors=requests * load.error_rate * settings.sentry_error_sample_rate,
        spans=traced * load.processes * 3600 * HOURS * load.spans_per_request,
        log_bytes=logs * load.bytes_per_log,
        profile_hours=HOURS * load.processes * profiling * (1 - math.exp(-busy)),
    )


def price(sent: Month, plan: Plan) -> float | None:
    """Return what a month costs in dollars, None if it doesn't fit and can't be bought."""
    over = sent.spans > plan.spans
    if over or not plan.extra:
        fits = sent.errors <= plan.errors and sent.log_bytes <= plan.log_bytes
        return plan.dollars if fits and not over and not sent.profile_hours else None
    dollars = plan.dollars + sent.profile_hours * DOLLARS_PER_PROFILE_HOUR
    dollars += max(0.0, sent.log_bytes - plan.log_bytes) / GB * DOLLARS_PER_GB
    errors = _price_of_errors(sent.errors, plan)
    return None if errors is None else dollars + errors


def _price_of_errors(errors: float, plan: Plan) -> float | None:
    dollars, paid = 0.0, float(plan.errors)
    for up_to, each in ERRORS if plan.extra else ():
        if errors > paid:
            dollars += (min(errors, up_to) - paid) * each
            paid = float(up_to)
    return dollars if errors <= paid else None


def cost_lines(load: Load, settings: SentrySettings, plan_name: str) -> Iterator[Finding]:
    """Tell a month, whether it fits the plan, which rates do, and what a storm of an hour costs."""
    plan, sent = PLANS[plan_name], month(load, settings)
    yield Finding("assumed", None, _assumptions(load, settings))
    rows = {
        "errors": (sent.errors, plan.errors, "{:,.0f}"),
        "spans": (sent.spans, plan.spans, "{:,.0f}"),
        "logs": (sent.log_bytes / GB, plan.log_bytes / GB, "{:,.2f} GB"),
    }
    for name, (used, quota, form) in rows.items():
        says = f"{form.format(used)} of {form.format(quota)} a month"
        yield Finding(name, used <= quota, says, _advice(name, used, quota, settings))
    hours = f"{sent.profile_hours:,.1f} hours of profiles a month, none included"
    yield Finding("profiles", None, hours)
    dollars = price(sent, plan)
    says = f"plan {plan_name}: ${plan.dollars:g} a month and what is above it ({SOURCE})"
    if dollars is not None:
        says += f": ${dollars:,.2f}"
    elif plan.extra:
        says += "; what so much costs isn't on that page"
    else:
        says += "; it can't have more than it holds"
    yield Finding("price", None, says)
    yield from _storm(load, settings, plan)


def as_figures(load: Load, settings: SentrySettings, plan_name: str) -> dict[str, float | None]:
    """Return the same for a program; bytes, hours and dollars a month."""
    sent = month(load, settings)
    dollars = price(sent, PLANS[plan_name])
    return {**{name: round(value, 3) for name, value in vars(sent).items()}, "dollars": dollars}


def _assumptions(load: Load, settings: SentrySettings) -> str:
    profiling = profiled(settings.sentry_profile_session_sample_rate)
    return (
        f"30 days of {load.requests_per_second:g} requests a second on {load.processes} processes, "
        f"{load.error_rate:.2%} of them with an error that is reported (times "
        f"{settings.sentry_error_sample_rate:g}), {settings.sentry_traces_sample_rate:g} of them "
        f"traced ({MOST_A_SECOND} a second and process at most) with {load.spans_per_request:g} "
        f"spans each, {load.seconds_per_request:g} s long; profiles of what is traced in "
        f"{profiling:g} of the processes on Python {python_version()}; "
        f"{load.logs_per_request:g} log records each at or above SENTRY_LOG_LEVEL "
        f"({settings.sentry_log_level}) of {load.bytes_per_log} bytes; nothing held back, retried "
        "or filtered; other services of the organisation share the quota"
    )


def _advice(name: str, used: float, quota: float, settings: SentrySettings) -> str:
    if used <= quota:
        return ""
    fits = quota / used
    if name == "spans":
        rate = _down(settings.sentry_traces_sample_rate * fits)
        return f"SENTRY_TRACES_SAMPLE_RATE={rate} fits"
    if name == "errors":
        rate = _down(settings.sentry_error_sample_rate * fits)
        return f"mend what fails most; SENTRY_ERROR_SAMPLE_RATE={rate} fits, and loses the rest"
    return "raise SENTRY_LOG_LEVEL, or log less"


def _down(rate: float) -> str:
    """Round down to two figures, so that it does fit."""
    if not rate:
        return "0"
    digits = 1 - math.floor(math.log10(rate))
    return f"{math.floor(rate * 10**digits) / 10**digits:.{max(digits, 0)}f}".rstrip("0")


def _storm(load: Load, settings: SentrySettings, plan: Plan) -> Iterator[Finding]:
    failures, rate = load.requests_per_second * 3600, settings.sentry_error_sample_rate
    each_minute = settings.sentry_max_errors_per_minute
    for what, limit in (("one error", each_minute), ("many errors", ALL_TOGETHER * each_minute)):
        passed = min(failures, 60 * load.processes * limit)
        # The guard tells of the rest by one event a minute and process.
        sent = passed * rate + (60 * load.processes if passed < failures else 0)
        says = (
            f"an hour in which every request fails with {what}: {_share(sent, plan)} with the "
            f"guard; {_share(failures * rate, plan)} without"
        )
        yield Finding("storm", None, says)


def _share(errors: float, plan: Plan) -> str:
    dollars = _price_of_errors(errors, plan)
    price = f", ${dollars:,.2f} more" if dollars else ""
    return f"{errors:,.0f} errors, {errors / plan.errors:.0%} of the month's{price}"
