"""The project is linked with its repository: whether it is, is seen and mended like the rest."""

import re
from collections.abc import Callable

import pytest

from demo.sentry_api import Fault, SentryApi
from demo.sentry_state import Limits
from tests.monitoring.conftest import Monitoring

Services = Callable[..., Monitoring]
NO = {"detail": "You do not have permission to perform this action."}


def limits(sentry: SentryApi) -> Limits:
    return sentry.organization.limits["ion-mentoring"]


@pytest.fixture
def linked(service: Services, sentry: SentryApi) -> Monitoring:
    """A service whose organisation knows its repository; nothing was applied yet."""
    date = "2026-01-01T00:00:00Z"
    sentry.organization.repositories = [
        {"id": str(number), "name": name, "dateCreated": date}
        for number, name in ((6, "acme/ion"), (7, "acme/ion-mentoring"))
    ]
    return service(whole=True, repository="github.com/acme/ion-mentoring")


def test_a_new_project_is_linked(linked: Monitoring, sentry: SentryApi) -> None:
    assert re.search(r"\+ repository +acme/ion-mentoring +linked with the pr", linked.plan().out)
    assert "linked the project with acme/ion-mentoring" in linked.apply().out
    assert limits(sentry).repositories == {7}
    written = len(sentry.writes)
    assert linked.plan().code == 0
    assert "linked" not in linked.apply().out and len(sentry.writes) == written


def test_an_older_project_is_linked_and_drift_is_mended(
    linked: Monitoring, sentry: SentryApi
) -> None:
    sentry.organization.add_project("ion-mentoring", {"name": "ION", "platform": "python"})
    linked.apply()
    assert limits(sentry).repositories == {7}
    limits(sentry).repositories = {6}
    shown = linked.plan()
    assert (shown.code, "1 to create" in shown.out.splitlines()) == (2, True), shown.out
    linked.apply()
    assert limits(sentry).repositories == {6, 7}
    assert linked.plan().code == 0


def test_a_refusal_is_told_and_no_alert_waits_for_it(linked: Monitoring, sentry: SentryApi) -> None:
    sentry.faults.append(Fault(403, method="POST", path="/repo/", body=NO))
    done = linked.run("apply", "--yes")
    assert done.code == 11
    assert done.err == (
        "Stopped: link acme/ion-mentoring: the token may not do this (403). It lacks the scope "
        "project:write.\n"
    )
    assert len(sentry.organization.alerts) == 10  # of both environments
    assert linked.plan().out.splitlines()[1:3] == [
        "  + repository  acme/ion-mentoring  linked with the project",
        "1 to create",
    ]
    linked.apply()
    assert limits(sentry).repositories == {7} and linked.plan().code == 0


@pytest.mark.parametrize("status", [404, 405])
def test_a_sentry_that_does_not_tell_is_left_alone(
    linked: Monitoring, sentry: SentryApi, status: int
) -> None:
    linked.apply()
    limits(sentry).repositories.clear()
    sentry.faults.append(Fault(status, method="GET", path="/repo/", body={"detail": "no"}, times=2))
    assert linked.plan().code == 0
    assert "linked" not in linked.apply().out


def test_a_refusal_to_tell_stops_it(linked: Monitoring, sentry: SentryApi) -> None:
    linked.apply()
    sentry.faults.append(Fault(403, method="GET", path="/repo/", body=NO))
    done = linked.run("plan")
    assert (done.code, "linked repositories: the token may not do this" in done.err) == (11, True)


def test_an_unknown_repository_stops_nothing(service: Services, sentry: SentryApi) -> None:
    monitoring = service(repository="github.com/acme/unknown")
    assert "linked" not in monitoring.apply().out
    assert limits(sentry).repositories == set()
    assert monitoring.plan().code == 0


def test_without_a_repository_nobody_is_asked(monitoring: Monitoring, sentry: SentryApi) -> None:
    monitoring.apply()
    assert not [one for one in sentry.log if "/repo" in one.path]
