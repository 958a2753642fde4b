"""Which scope a refusal names: one that Sentry's schema asks for there, for every path in use."""

import re
from collections.abc import Callable

import httpx
import pytest

from demo.sentry_api import Exchange, Fault, SentryApi
from ion_sentry.monitoring.refusals import failure_of
from tests.monitoring.conftest import Monitoring
from tests.monitoring.schema import HOST, schema, scopes

Services = Callable[..., Monitoring]
NO = {"detail": "You do not have permission to perform this action."}


def named(method: str, path: str) -> str:
    """The scope that is told to be missing."""
    answer = httpx.Response(403, json=NO, request=httpx.Request(method, f"{HOST}{path}"))
    found = re.search(r"It lacks the scope ([a-z:]+)", str(failure_of(answer, method, "x", HOST)))
    assert found
    return found[1]


@pytest.fixture
def everything(service: Services, sentry: SentryApi) -> list[Exchange]:
    """One of each request that is ever made."""
    sentry.organization.repositories = [
        {"id": "7", "name": "acme/ion-mentoring", "dateCreated": "2026-01-01T00:00:00Z"}
    ]
    monitoring = service(whole=True, repository="github.com/acme/ion-mentoring")
    monitoring.apply()
    organization = sentry.organization
    organization.limits["ion-mentoring"].spike_protection_disabled = True
    organization.limits["ion-mentoring"].filters["localhost"] = True
    for things in (organization.alerts, organization.dashboards):
        next(iter(things.values())).update(enabled=False, period="90d")
    next(one[2] for one in organization.monitors.values() if "owner" in one[2])["enabled"] = False
    monitoring.apply()
    monitoring.edit(("spike_protection = true", "spike_protection = false"))
    monitoring.apply()
    monitoring.run("destroy", "--yes")
    return sentry.log


def test_a_missing_scope_is_one_that_the_schema_asks_for(everything: list[Exchange]) -> None:
    if not schema():
        pytest.skip("SENTRY_OPENAPI doesn't say where Sentry's API schema is")
    shapes = {(one.method, re.sub(r"/\d+/$", "/1/", one.path)): one.path for one in everything}
    assert len(shapes) > 25
    wrong = {
        f"{method} {path}: {named(method, path)}"
        for (method, _shape), path in shapes.items()
        if named(method, path) not in scopes(method, path)
    }
    assert wrong == set()
    # Reading the events of `ion-sentry reproduce` goes the same way.
    for path in (
        "projects/ion/ion-mentoring/events/1/",
        "organizations/ion/issues/1/events/latest/",
    ):
        assert named("GET", f"/api/0/{path}") in scopes("GET", f"/api/0/{path}")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "organizations/ion/spike-protections/", "project:write"),
        ("DELETE", "organizations/ion/spike-protections/", "project:write"),
        ("GET", "projects/ion/issues/keys/", "project:read"),  # a project may be called that
        ("PUT", "projects/ion/detectors/ownership/", "project:write"),
        ("GET", "organizations/ion/detectors/", "org:read"),
        ("POST", "organizations/ion/projects/ion-mentoring/detectors/", "alerts:write"),
        ("PUT", "organizations/ion/dashboards/1/", "org:read"),
    ],
)
def test_the_scope_is_that_of_the_path(method: str, path: str, scope: str) -> None:
    assert named(method, f"/api/0/{path}") == scope
    assert named(method, f"/sentry/api/0/{path}") == scope  # a server below a path


def test_spike_protection_that_is_refused(service: Services, sentry: SentryApi) -> None:
    monitoring = service(whole=True)
    monitoring.apply()
    sentry.organization.limits["ion-mentoring"].spike_protection_disabled = True
    sentry.faults.append(Fault(403, method="POST", path="/spike-protections/", body=NO))
    done = monitoring.run("apply", "--yes")
    assert (done.code, done.err) == (
        11,
        'Stopped: update project "spike protection": the token may not do this (403). It lacks '
        "the scope project:write.\n",
    )
