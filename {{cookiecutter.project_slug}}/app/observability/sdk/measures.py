"""What a team measures itself: spans of its own in a request's trace, and metrics."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sentry_sdk import metrics
from sentry_sdk.traces import start_span

from ..plain import text_of


@contextmanager
def span(name: str, **data: Any) -> Iterator[None]:
    """Time what is done inside, as a span of the trace at hand; `data` is told with it.

    with span("resize", pixels=image.size):
        ...

    Where nothing is traced it does nothing. An exception that leaves it makes it a failed one.
    """
    with start_span(text_of(name), _attributes(data)):
        yield


def count(name: str, value: float = 1, **tags: Any) -> None:
    """Add `value` to a counter, such as `count("orders.placed", persona="mentor")`."""
    metrics.count(name, value, attributes=_attributes(tags))


def gauge(name: str, value: float, **tags: Any) -> None:
    """Tell how much there is of something now, such as the length of a queue."""
    metrics.gauge(name, value, attributes=_attributes(tags))


def distribution(name: str, value: float, **tags: Any) -> None:
    """Tell one of many values whose spread is of interest, such as a duration in seconds."""
    metrics.distribution(name, value, attributes=_attributes(tags))


def _attributes(values: dict[str, Any]) -> dict[str, Any]:
    return {key: _attribute(value) for key, value in values.items()}


def _attribute(value: Any) -> bool | int | float | str:
    # The SDK asks any other object for its representation, which may be endless, or raise.
    return value if type(value) in (bool, int, float) else text_of(value, 1024)
