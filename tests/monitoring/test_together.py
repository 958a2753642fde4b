"""Several at the same time, one that is interrupted, and many services in one table."""

import signal
from collections.abc import Callable
from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Event, Lock

import pytest

from demo.sentry_api import SentryApi
from tests.monitoring.conftest import Monitoring, ended


def names(sentry: SentryApi) -> list[str]:
    organization = sentry.organization
    monitors = [one[2]["name"] for one in organization.monitors.values() if "owner" in one[2]]
    return [
        *(f"monitor {name}" for name in monitors),
        *(f"alert {one['name']}" for one in organization.alerts.values()),
        *(f"dashboard {one['title']}" for one in organization.dashboards.values()),
    ]


def test_two_appliers_at_the_same_time(monitoring: Monitoring, sentry: SentryApi) -> None:
    # Neither of them writes the first of anything before both are about to.
    barriers = {word: Barrier(2) for word in ("/ion/projects/", "detectors", "workflows", "dashb")}

    def meet(method: str, path: str) -> None:
        for word, barrier in barriers.items():
            if method == "POST" and word in path:
                with suppress(BrokenBarrierError):
                    barrier.wait(timeout=5)

    sentry.before = meet
    both = [monitoring.start("apply", "--yes") for _ in range(2)]
    assert [ended(one).code for one in both] == [0, 0]
    assert len(names(sentry)) == len(set(names(sentry))) == 10
    ids = sentry.organization.monitors.keys()
    assert all(set(one["detector_ids"]) <= ids for one in sentry.organization.alerts.values())
    posts = [one.body["name"] for one in sentry.writes if one.path.endswith("/workflows/")]
    assert len(posts) > 4  # they did get in each other's way
    sentry.before = None
    assert monitoring.plan().code == 0


@pytest.mark.parametrize(
    ("number", "path"),
    [
        (signal.SIGINT, "/deploys/"),
        (signal.SIGINT, "/detectors/"),
        (signal.SIGKILL, "/workflows/"),
        (signal.SIGINT, "/dashboards/"),
    ],
)
def test_interrupted_and_run_again(
    monitoring: Monitoring, sentry: SentryApi, number: signal.Signals, path: str
) -> None:
    reached, go_on = Event(), Event()

    def stop(method: str, asked: str) -> None:
        if method == "POST" and path in asked:
            reached.set()
            go_on.wait(timeout=60)

    sentry.before = stop
    process = monitoring.start("apply", "--yes")
    assert reached.wait(timeout=60)
    process.send_signal(number)
    done = ended(process)
    assert done.code == (130 if number == signal.SIGINT else -number)
    if number == signal.SIGINT:
        assert done.err.endswith("What was written stays; run it again, it goes on.\n")
    sentry.before = None
    go_on.set()  # what was under way arrives all the same
    monitoring.apply()
    assert len(names(sentry)) == len(set(names(sentry))) == 10
    assert monitoring.plan().code == 0


def test_twins_are_removed(applied: Monitoring, sentry: SentryApi) -> None:
    organization = sentry.organization
    number, twin = next((n, one) for n, one in organization.monitors.items() if "owner" in one[2])
    organization.monitors[9000] = twin
    alert = next(iter(organization.alerts.values()))
    organization.alerts[9001] = {**alert, "detector_ids": [9000]}
    done = applied.plan()
    assert [line.split()[:2] for line in done.out.splitlines()[1:-1]] == [
        ["-", "monitor"],
        ["-", "alert"],
    ]
    applied.apply()
    assert number in organization.monitors and 9000 not in organization.monitors
    assert 9001 not in organization.alerts and applied.plan().code == 0


def test_all_services_in_one_table(service: Callable[..., Monitoring], sentry: SentryApi) -> None:
    fleet = {name: service(name) for name in ("b-changed", "a-same", "c-wrong", "d-refused")}
    fleet["a-same"].apply()
    fleet["b-changed"].edit(('environment = "production"', 'environment = "staging"'))
    fleet["c-wrong"].edit(("above = 0.05", "above = 5"))
    fleet["d-refused"].edit(('name = "new issue"', "name = 7"))
    (fleet["a-same"].folder.parent / "no-service").mkdir()
    written = len(sentry.writes)
    done = fleet["a-same"].run("plan", "--all", "..", "--jobs", "2")
    assert done.code == 1
    assert [line.split("  ", 1)[0] for line in done.out.splitlines()[:4]] == sorted(fleet)
    lines = [line.split("  ", 1)[1].strip() for line in done.out.splitlines()[:4]]
    assert lines[0] == "nothing to do"
    assert lines[1] == "12 to create"
    assert lines[2].startswith("failed (3): ") and lines[2].endswith("0.05 is 5 %")
    assert lines[3].startswith('failed (3): alerts "7" name should be a valid string')
    assert done.out.splitlines()[4] == "4 services: 1 as they should be, 1 to change, 2 failed"
    assert len(sentry.writes) == written


def test_a_limited_number_at_a_time(service: Callable[..., Monitoring], sentry: SentryApi) -> None:
    services = [service(f"service-{number}") for number in range(4)]
    two, lock = Barrier(2), Lock()
    running: list[str] = []
    most = []

    def count(method: str, path: str) -> None:
        # Each of them begins with the teams and ends with the dashboards.
        with lock:
            if path.endswith("/teams/"):
                running.append(path)
            elif path.endswith("/dashboards/"):
                running.pop()
            most.append(len(running))
        if path.endswith("/teams/"):
            two.wait(timeout=30)

    sentry.before = count
    done = services[0].run("plan", "--all", "..", "--jobs", "2")
    assert (done.code, max(most), two.broken) == (2, 2, False)
    assert done.out.splitlines()[-1] == "4 services: 0 as they should be, 4 to change, 0 failed"


def test_no_service_at_all(monitoring: Monitoring) -> None:
    done = monitoring.run("plan", "--all", "app")
    assert done.code == 64 and "No folder in app has a monitoring/watch.toml." in done.err
