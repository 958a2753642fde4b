"""Who is measured: ways to set Sentry up, and ours with one part taken out.

`begin` runs in the measured process, before the application is made. A part is taken out by
putting what the SDK does in its place, or nothing; so one sees what it costs and what it brings.
"""

import os
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

RELEASE: Final = "bench@1"
LIMIT: Final = 1_000_000  # errors a minute, where the storm guard isn't what is measured

CONTESTANTS: Final = {
    "off": "no Sentry: the floor",
    "snippet": "sentry_sdk.init(dsn, traces_sample_rate=0.1, profiles_sample_rate=0.1)",
    "full": "sentry_sdk.init(dsn, traces_sample_rate=1.0), as the known templates",
    "ours": "app.observability at its defaults",
    "scrubbing off": "ours, nothing filtered",
    "frames off": "ours, frames as the SDK collects them",
    "guard off": "ours, no storm guard",
    "sampling off": "ours, the SDK's own span for what isn't drawn",
    "sessions off": "ours, no sessions",
    "logs on": "ours, SENTRY_LOG_LEVEL=info",
    "pace off": "ours, every trace begun that is drawn",
}
USUAL: Final = ("off", "snippet", "full", "ours")

Install = Callable[[Any], None]


def begin(name: str, *, storm: bool = False, traces: float = 0.1) -> Install:
    """Start Sentry as a contestant does; return what has to be done to the application then."""
    dsn = os.environ["SENTRY_DSN"]
    if name == "off":
        return lambda app: None
    if name in ("snippet", "full"):
        import sentry_sdk

        warnings.simplefilter("ignore", DeprecationWarning)  # the snippet's profiling is old
        profiles: Any = {"profiles_sample_rate": 0.1} if name == "snippet" else {}
        rate = traces if name == "snippet" else 1.0
        sentry_sdk.init(dsn, traces_sample_rate=rate, release=RELEASE, **profiles)
        return lambda app: None
    ours = import_module("app.observability")
    settings = ours.SentrySettings(
        sentry_dsn=dsn,
        sentry_release=RELEASE,
        sentry_environment="production",
        sentry_traces_sample_rate=traces,
        sentry_log_level="info" if name == "logs on" else "off",
        sentry_max_errors_per_minute=60 if storm else LIMIT,
    )
    _take_out(name)
    ours.init_sentry(settings)
    return lambda app: ours.install(app, settings)


def _take_out(name: str) -> None:
    def part(path: str) -> Any:
        return import_module(f"app.observability.{path}")

    if name == "pace off" or os.environ.get("BENCH_UNPACED"):
        part("request.traces").MOST_A_SECOND = 1e9
    match name:
        case "scrubbing off":
            scrubber = part("scrubbing").Scrubber
            scrubber.payload = lambda self, kind, payload: payload
            scrubber.trace = lambda self, header: dict(header)
        case "frames off":
            from sentry_sdk.utils import event_from_exception

            capture: Any = part("errors.capture")

            def as_the_sdk(error: BaseException, mechanism: Any, *, variables: bool) -> Any:
                from sentry_sdk import get_client

                event, _hint = event_from_exception(
                    error, client_options=get_client().options, mechanism=mechanism
                )
                return event["exception"]

            capture.exception_of = as_the_sdk
        case "guard off":
            part("errors.capture").guard.admit = lambda key: True
        case "sampling off":
            traces, spans = part("request.traces"), part("sdk.spans")
            traces.start_unsampled = lambda trace, drawn, rate: spans.start_span("request")
        case "sessions off":
            part("request.sessions").SessionCounter.count = lambda self, outcome: None
