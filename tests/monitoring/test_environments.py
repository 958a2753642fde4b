"""Several environments of one service: each run touches those it is for, and none is forgotten."""

import copy
import re
from collections.abc import Callable

import pytest

from demo.sentry_api import SentryApi
from demo.sentry_state import Organization
from tests.monitoring.conftest import Monitoring

Services = Callable[..., Monitoring]
STAGING = '[[environments]]\nname = "staging"\nby = ["email"]\n'


@pytest.fixture
def both(service: Services) -> Monitoring:
    """A service that was applied to production and to staging."""
    monitoring = service(whole=True)
    monitoring.apply()
    return monitoring


def marks(organization: Organization) -> dict[str, int]:
    """How many things carry which service's and environment's mark."""
    names = [one[2]["name"] for one in organization.monitors.values()]
    names += [one["name"] for one in organization.alerts.values()]
    names += [one["title"] for one in organization.dashboards.values()]
    found = [f"{name.partition(':')[0]} [{name.rpartition('[')[2]}" for name in names]
    return {mark: found.count(mark) for mark in found if mark.endswith(", as code]")}


PRODUCTION = {"ion-mentoring [production, as code]": 10}
WHOLE = PRODUCTION | {"ion-mentoring [staging, as code]": 7}


def test_one_environment_alone(service: Services, sentry: SentryApi) -> None:
    monitoring = service(whole=True)
    monitoring.apply(SENTRY_ENVIRONMENT="staging")
    assert {one["environment"] for one in sentry.organization.alerts.values()} == {"staging"}
    limits = sentry.organization.limits["ion-mentoring"]
    assert limits.rate_limit is None  # production's to say
    monitoring.apply()
    assert monitoring.plan().code == 0


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_what_bounds_the_project_is_not_staging_s_to_remove(
    both: Monitoring, sentry: SentryApi, command: str
) -> None:
    before = copy.deepcopy(sentry.organization.limits)
    options = ["--prune"] if command == "apply" else []
    assert both.plan("--prune", SENTRY_ENVIRONMENT="staging").out.endswith("nothing to do\n")
    done = both.run(command, "--yes", *options, SENTRY_ENVIRONMENT="staging")
    assert (done.code, "ownership" in done.out) == (0, False), done.out
    assert sentry.organization.limits == before
    assert marks(sentry.organization) == (WHOLE if command == "apply" else PRODUCTION)


def test_an_environment_that_was_taken_out_is_told_and_pruned(
    both: Monitoring, sentry: SentryApi
) -> None:
    both.edit((STAGING, ""))
    shown = both.plan()
    assert (shown.code, shown.out.splitlines()[-1]) == (0, "nothing to do")
    told = 'no longer in watch.toml, --prune removes: monitor "error rate [staging, as code]", '
    assert told in shown.out
    assert both.apply().out.endswith("nothing to do\n") and marks(sentry.organization) == WHOLE
    shown = both.plan("--prune")
    assert (shown.code, shown.out.splitlines()[-1]) == (2, "7 to remove")
    assert re.search(r"- alert +new issue \[staging, as code\] +no longer in watch.toml", shown.out)
    done = both.apply("--prune")
    assert done.out.count("✓ deleted") == 7
    assert marks(sentry.organization) == PRODUCTION
    assert both.plan("--prune").code == 0


def test_a_renamed_environment_leaves_nothing_behind(both: Monitoring, sentry: SentryApi) -> None:
    both.edit(('environment = "production"', 'environment = "prod"'))
    assert 'dashboard "Issues [production, as code]"' in both.plan(COLUMNS="2000").out
    both.apply("--prune")
    assert marks(sentry.organization) == {
        "ion-mentoring [prod, as code]": 10,
        "ion-mentoring [staging, as code]": 7,
    }
    assert both.plan("--prune").code == 0


def test_destroy_takes_an_environment_that_was_taken_out_along(
    both: Monitoring, sentry: SentryApi
) -> None:
    both.edit((STAGING, ""))
    done = both.run("destroy", "--yes")
    assert done.code == 0, done.err
    assert marks(sentry.organization) == {}


def test_a_run_for_one_environment_leaves_those_that_the_file_does_not_have(
    both: Monitoring, sentry: SentryApi
) -> None:
    both.edit((STAGING, ""))
    for environment in ("production", "qa"):
        shown = both.apply("--prune", SENTRY_ENVIRONMENT=environment)
        assert "staging" not in shown.out
    assert marks(sentry.organization) == WHOLE | {"ion-mentoring [qa, as code]": 10}
    both.run("destroy", "--yes", SENTRY_ENVIRONMENT="staging")
    assert "ion-mentoring [staging, as code]" not in marks(sentry.organization)


def test_what_others_have_there_stays(both: Monitoring, sentry: SentryApi) -> None:
    slugs = ["ion", "ion-mentoring-2"]
    for slug in slugs:
        both.apply(SENTRY_PROJECT=slug)
    organization = sentry.organization
    by_hand = [
        "ion-mentoring: mine",
        "ion-mentoring: [staging, as code]",
        "ion-mentoring: mine [as code]",
        "ion-mentoring: error rate [staging, as code] (copy)",
        "ion-mentoring: mine [staging, as code] [mine]",
        "error rate [staging, as code]",
        "mine ion-mentoring: error rate [staging, as code]",
    ]
    alert = next(iter(organization.alerts.values()))
    for number, name in enumerate(by_hand):
        organization.alerts[number] = copy.deepcopy(alert) | {"name": name}
        organization.dashboards[number] = {"title": name, "widgets": []}
    both.edit((STAGING, ""))
    both.apply("--prune")
    assert {name: marks(organization).get(name) for name in WHOLE} == PRODUCTION | {
        "ion-mentoring [staging, as code]": 2  # by hand: they have no name before the mark
    }
    assert [marks(organization)[f"{slug} [staging, as code]"] for slug in slugs] == [7, 7]
    assert set(range(len(by_hand))) <= organization.alerts.keys()
    assert set(range(len(by_hand))) <= organization.dashboards.keys()


def test_a_label_that_looks_like_a_mark_is_no_other_environment(
    both: Monitoring, sentry: SentryApi
) -> None:
    both.edit(('name = "new issue"', 'name = "new issue [qa, as code]"'))
    both.apply("--prune")
    names = {one["name"] for one in sentry.organization.alerts.values()}
    assert "ion-mentoring: new issue [qa, as code] [production, as code]" in names
    assert marks(sentry.organization) == WHOLE and both.plan("--prune").code == 0
