"""Scheduled jobs: what checks in, how often, and what it says."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

import pytest
import sentry_sdk

from app.observability import capture_error, cron, error_scope, spawn
from app.observability.crons import Cron
from app.observability.errors.records import PROCESS, current_records
from app.observability.testing import RecordingTransport

CONFIG = {
    "schedule": {"type": "crontab", "value": "0 7 * * *"},
    "timezone": "Asia/Seoul",
    "checkin_margin": 5,
    "max_runtime": 30,
}


@pytest.fixture
def digest() -> Cron:
    return cron(
        "digest", schedule="0 7 * * *", time_zone="Asia/Seoul", margin_minutes=5, max_minutes=30
    )


def check_ins(transport: RecordingTransport) -> list[dict[str, Any]]:
    return transport.payloads("check_in")


def statuses(transport: RecordingTransport) -> list[str]:
    return [one["status"] for one in check_ins(transport)]


def test_a_job_checks_in_as_it_starts_and_ends(
    digest: Cron, sentry_transport: RecordingTransport
) -> None:
    @digest
    def job(number: int) -> int:
        return number * 2

    assert job(21) == 42
    assert job.__name__ == "job"
    start, end = check_ins(sentry_transport)
    assert start == {
        "check_in_id": end["check_in_id"],
        "monitor_slug": "digest",
        "status": "in_progress",
        "environment": "test",
        "release": sentry_sdk.get_client().options["release"],
        "contexts": {"trace": {"trace_id": end["contexts"]["trace"]["trace_id"]}},
        "monitor_config": CONFIG,
    }
    assert 0 <= end.pop("duration") < 10
    assert end == start | {"status": "ok"}
    assert len(start["check_in_id"]) == len(start["contexts"]["trace"]["trace_id"]) == 32


def test_a_coroutine_and_both_kinds_of_with(
    digest: Cron, sentry_transport: RecordingTransport
) -> None:
    @digest
    async def job() -> str:
        await asyncio.sleep(0)
        return "done"

    async def main() -> str:
        async with digest:
            await asyncio.sleep(0)
        return await job()

    assert asyncio.run(main()) == "done"
    with digest:
        pass
    assert statuses(sentry_transport) == ["in_progress", "ok"] * 3
    assert len({one["check_in_id"] for one in check_ins(sentry_transport)}) == 3


def test_a_failure_in_async_with_is_told_too(
    digest: Cron, sentry_transport: RecordingTransport
) -> None:
    async def main() -> None:
        async with digest:
            raise ValueError("no letters")

    with pytest.raises(ValueError, match="no letters"):
        asyncio.run(main())
    assert statuses(sentry_transport) == ["in_progress", "error"]
    [event] = sentry_transport.events
    assert event["exception"]["values"][-1]["value"] == "no letters"


def test_a_failure_is_told_once_with_the_trace_of_its_run(
    digest: Cron, sentry_transport: RecordingTransport
) -> None:
    @digest
    def job() -> None:
        with error_scope(tags={"mentor": "7"}):
            raise ValueError("no letters")

    with pytest.raises(ValueError, match="no letters") as caught:
        job()
    capture_error(caught.value)
    start, end = check_ins(sentry_transport)
    assert (start["status"], end["status"]) == ("in_progress", "error")
    [event] = sentry_transport.events
    assert event["contexts"]["trace"]["trace_id"] == end["contexts"]["trace"]["trace_id"]
    assert event["tags"] == {"cron": "digest", "mentor": "7", "priority": "P2"}
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is False
    frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "job"


def test_runs_don_t_share_a_trace_nor_what_was_reported(
    digest: Cron, sentry_transport: RecordingTransport
) -> None:
    always = ValueError("the same object each time")

    @digest
    def job() -> None:
        raise always

    for _ in range(2):
        with pytest.raises(ValueError, match="same"):
            job()
    assert len(sentry_transport.events) == 2
    traces = {one["contexts"]["trace"]["trace_id"] for one in check_ins(sentry_transport)}
    assert len(traces) == 2


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (SystemExit(), "ok"),
        (SystemExit(0), "ok"),
        (SystemExit(3), "error"),
        (KeyboardInterrupt(), "error"),
        (asyncio.CancelledError(), "error"),
    ],
)
def test_an_end_that_is_no_error(
    digest: Cron, end: BaseException, status: str, sentry_transport: RecordingTransport
) -> None:
    with pytest.raises(type(end)), digest:
        raise end
    assert statuses(sentry_transport) == ["in_progress", status]
    assert sentry_transport.events == []


def test_runs_at_once_and_within_each_other(
    digest: Cron, sentry_transport: RecordingTransport
) -> None:
    other = cron("other", schedule="@hourly")
    both = threading.Barrier(2, timeout=10)

    def run() -> None:
        with digest:
            both.wait()
            with other:
                both.wait()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told: dict[str, list[str]] = {}
    for one in check_ins(sentry_transport):
        told.setdefault(one["check_in_id"], []).append(f"{one['monitor_slug']} {one['status']}")
    assert sorted(told.values()) == [
        ["digest in_progress", "digest ok"],
        ["digest in_progress", "digest ok"],
        ["other in_progress", "other ok"],
        ["other in_progress", "other ok"],
    ]


def test_tasks_at_once_keep_their_runs_apart(
    digest: Cron, sentry_transport: RecordingTransport
) -> None:
    async def job(number: int) -> None:
        async with digest:
            await asyncio.sleep(0.01 * (3 - number))
            if number == 1:
                raise ValueError(number)

    async def main() -> None:
        tasks = [spawn(job(number), name="digest") for number in range(3)]
        await asyncio.wait(tasks)

    asyncio.run(main())
    told: dict[str, list[str]] = {}
    for one in check_ins(sentry_transport):
        told.setdefault(one["check_in_id"], []).append(one["status"])
    assert sorted(told.values()) == [["in_progress", "error"], *[["in_progress", "ok"]] * 2]
    assert len(sentry_transport.events) == 1


def test_generators_that_take_turns_tell_their_own_ends(
    digest: Cron, sentry_transport: RecordingTransport
) -> None:
    def steps(job: Cron) -> Iterator[None]:
        with job:
            yield
            if job is digest:
                raise ValueError("no letters")

    jobs = [digest, cron("second", schedule="@hourly"), cron("third", schedule="@hourly")]
    first, second, third = map(steps, jobs)
    for one in (first, second, third):
        next(one)
    with pytest.raises(ValueError, match="no letters"):
        next(first)
    assert next(third, None) is None
    capture_error(ValueError("in the second"))
    assert next(second, None) is None
    told = [f"{one['monitor_slug']} {one['status']}" for one in check_ins(sentry_transport)]
    assert told[3:] == ["digest error", "third ok", "second ok"]
    # And nothing of them stays.
    capture_error(ValueError("later"))
    tags = [event["tags"].get("cron") for event in sentry_transport.events]
    assert tags == ["digest", "second", None]
    assert current_records.get() is PROCESS


def test_a_run_that_ends_in_another_context(
    digest: Cron, sentry_transport: RecordingTransport
) -> None:
    @contextmanager
    def dependency() -> Iterator[None]:
        with digest:
            yield

    running = dependency()
    copy_context().run(running.__enter__)
    assert statuses(sentry_transport) == ["in_progress"]
    copy_context().run(running.__exit__, None, None, None)
    start, end = check_ins(sentry_transport)
    assert (end["check_in_id"], end["status"]) == (start["check_in_id"], "ok")
    assert end["contexts"] == start["contexts"]


def test_what_has_not_run_when_it_was_called_is_no_job(
    digest: Cron, sentry_transport: RecordingTransport
) -> None:
    def steps() -> Iterator[int]:
        yield 1

    async def async_steps() -> AsyncIterator[int]:
        yield 1

    for generator in (steps, async_steps):
        with pytest.raises(TypeError, match="is a generator: use `with cron"):
            digest(generator)

    async def job() -> None:
        raise ValueError("inside")

    class Job:
        async def __call__(self) -> None:
            await job()

    with pytest.raises(ValueError, match="inside"):
        asyncio.run(digest(Job())())
    with pytest.raises(TypeError, match="coroutine, unrun"):
        digest(lambda: job())()  # type: ignore[unused-coroutine]
    assert statuses(sentry_transport) == ["in_progress", "error"] * 2


class Unaskable(Exception):
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


def test_an_error_that_raises_whatever_it_is_asked_is_an_end(
    digest: Cron, sentry_transport: RecordingTransport
) -> None:
    kind: type[BaseException] | None = None
    try:
        with digest:
            raise Unaskable
    except BaseException as error:
        kind = type(error)
    assert kind is Unaskable
    assert statuses(sentry_transport) == ["in_progress", "error"]


def test_a_check_in_that_fails_does_not_stop_the_job(
    digest: Cron, sentry_transport: RecordingTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentry_transport, "capture_envelope", 1)
    with pytest.raises(ValueError, match="mine"), digest:
        raise ValueError("mine")


def test_nothing_of_the_job_s_data_leaves_with_a_check_in(
    digest: Cron, sentry_transport: RecordingTransport
) -> None:
    sentry_sdk.set_user({"id": "7", "email": "ada@example.org"})
    sentry_sdk.set_tag("token", "hunter2hunter2")
    with digest:
        sentry_sdk.add_breadcrumb(message="password=hunter2hunter2")
    sent = json.dumps(check_ins(sentry_transport))
    assert "hunter2" not in sent
    assert "ada@" not in sent


def test_a_slug_that_sounds_secret_stays_readable(sentry_transport: RecordingTransport) -> None:
    with cron("rotate-password-token", schedule="*/5 * * * *"):
        pass
    assert check_ins(sentry_transport)[0]["monitor_slug"] == "rotate-password-token"
    assert check_ins(sentry_transport)[0]["monitor_config"]["schedule"]["value"] == "*/5 * * * *"


def test_without_a_dsn_the_job_runs_alone(digest: Cron) -> None:
    with pytest.raises(ValueError, match="mine"), digest:
        raise ValueError("mine")
