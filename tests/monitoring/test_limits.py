"""What bounds the project, and a second environment: from the same file, as the alerts are."""

from collections.abc import Callable
from typing import Any

import pytest

from demo import sentry_answers as answers
from demo.sentry_api import SentryApi
from demo.sentry_state import Limits
from ion_sentry.monitoring.limits import BEGIN, END
from tests.monitoring.conftest import Monitoring

Services = Callable[..., Monitoring]
OURS = [BEGIN, "tags.priority:* #ion", END]


@pytest.fixture
def whole(service: Services) -> Monitoring:
    """`watch.toml` as it is generated."""
    return service(whole=True)


def limits(sentry: SentryApi) -> Limits:
    return sentry.organization.limits["ion-mentoring"]


def test_what_is_generated_bounds_the_project(whole: Monitoring, sentry: SentryApi) -> None:
    shown = whole.plan()
    assert "events a minute" in shown.out and "ownership" in shown.out
    whole.apply()
    found = limits(sentry)
    assert found.rate_limit == {"window": 60, "count": 60}
    assert found.filters == {
        **{"browser-extensions": False, "filtered-transaction": True},
        **{"localhost": False, "web-crawlers": True},
    }
    assert found.settings == {"resolveAge": 720, "highlightTags": ["priority", "persona"]}
    assert found.ownership["raw"].splitlines() == OURS
    assert found.ownership["autoAssignment"] == "Auto Assign to Issue Owner"
    assert found.spike_protection_disabled is None  # a new project has it: nothing to write
    written = len(sentry.writes)
    assert whole.plan().code == 0
    assert whole.apply().out.count("nothing to do") == 2
    assert len(sentry.writes) == written


def test_staging_has_the_same_alerts_and_only_mails(whole: Monitoring, sentry: SentryApi) -> None:
    whole.apply()
    organization = sentry.organization
    assert organization.environments == {"production", "staging"}
    told: dict[str, set[str]] = {}
    names: dict[str, set[str]] = {}
    for alert in organization.alerts.values():
        kinds = {action["type"] for one in alert["action_filters"] for action in one["actions"]}
        told.setdefault(alert["environment"], set()).update(kinds)
        names.setdefault(alert["environment"], set()).add(alert["name"].partition(" [")[0])
    assert told == {"production": {"slack", "email"}, "staging": {"email"}}
    assert names["production"] == names["staging"] and len(names["staging"]) == 5
    dashboards = [one["environment"] for one in organization.dashboards.values()]
    assert dashboards == [["production"]] * 3


def spikes(found: Limits) -> None:
    found.spike_protection_disabled = True


DRIFTS: dict[str, tuple[Callable[[Limits], Any], str]] = {
    "key without a limit": (
        lambda found: setattr(found, "rate_limit", None),
        "events a minute  nothing → 60 in 60 s",
    ),
    "key with another limit": (
        lambda found: setattr(found, "rate_limit", {"window": 3600, "count": 9}),
        "9 in 3600 s → 60 in 60 s",
    ),
    "spike protection off": (spikes, "spike protection  no → yes"),
    "localhost dropped": (
        lambda found: found.filters.update(localhost=True),
        "filter localhost  yes → no",
    ),
    "crawlers let in": (
        lambda found: found.filters.update({"web-crawlers": False}),
        "~ project     filter crawlers  no → yes",
    ),
    "never resolved": (
        lambda found: found.settings.update(resolveAge=0),
        "resolve after hours  0 → 720",
    ),
    "other tags": (
        lambda found: found.settings.update(highlightTags=["level"]),
        "highlighted tags  level → priority, persona",
    ),
    "rules away": (lambda found: found.ownership.update(raw=""), "~ project     ownership"),
    "suspect commits first": (
        lambda found: found.ownership.update(autoAssignment="Turn off Auto-Assignment"),
        "ownership  Turn off Auto-Assignment → Auto Assign to Issue Owner",
    ),
}


def test_drift_of_a_limit_is_shown_and_mended(whole: Monitoring, sentry: SentryApi) -> None:
    whole.apply()
    for drift, (change, said) in DRIFTS.items():
        change(limits(sentry))
        shown = whole.plan()
        assert (shown.code, said in shown.out) == (2, True), f"{drift}: {shown.out}"
        assert "1 to change" in shown.out
        written = len(sentry.writes)
        whole.apply()
        assert len(sentry.writes) - written == 1, drift
    assert whole.plan().code == 0


def test_what_the_file_does_not_say_is_left_alone(whole: Monitoring, sentry: SentryApi) -> None:
    whole.apply()
    text = (whole.folder / "monitoring/watch.toml").read_text("utf-8")
    begin, end = text.index("[project]"), text.index("# An alert has a name")
    whole.edit((text[begin:end], "[project]\nresolve_after = '1d'\n"))
    limits(sentry).rate_limit = {"window": 1, "count": 1}
    whole.apply()
    assert limits(sentry).rate_limit == {"window": 1, "count": 1}
    assert limits(sentry).settings["resolveAge"] == 24


def test_other_peoples_rules_stay_and_ours_go_by_prune(
    whole: Monitoring, sentry: SentryApi
) -> None:
    sentry.organization.add_project("ion-mentoring", {"name": "ION", "platform": "python"})
    limits(sentry).ownership["raw"] = "# theirs\npath:app/db/* #platform"
    whole.apply()
    raw = limits(sentry).ownership["raw"]
    assert raw.splitlines() == [*OURS, "# theirs", "path:app/db/* #platform"]
    whole.edit(('"tags.priority:*" = []', '"path:app/api/*" = ["platform", "ion"]'))
    whole.apply()
    raw = limits(sentry).ownership["raw"]
    assert raw.splitlines()[1] == "path:app/api/* #platform #ion"
    whole.edit(('[project.owners]\n"path:app/api/*" = ["platform", "ion"]\n', ""))
    assert "no longer in watch.toml, --prune removes: ownership rules" in whole.plan().out
    whole.apply()
    assert limits(sentry).ownership["raw"] == raw
    whole.apply("--prune")
    assert limits(sentry).ownership["raw"] == "# theirs\npath:app/db/* #platform"
    assert whole.plan("--prune").code == 0


def test_rules_of_others_that_end_in_a_newline_are_no_difference(
    whole: Monitoring, sentry: SentryApi
) -> None:
    whole.apply()
    limits(sentry).ownership["raw"] += "\r\n# theirs\r\npath:app/db/* #platform\r\n"
    assert whole.plan().code == 0
    whole.edit(('[project.owners]\n"tags.priority:*" = []\n', ""))
    limits(sentry).ownership["raw"] = "path:app/db/* #platform\n"
    shown = whole.plan("--prune")
    assert (shown.code, "ownership" in shown.out) == (0, False), shown.out


def test_destroy_takes_back_what_is_as_the_file_says(whole: Monitoring, sentry: SentryApi) -> None:
    whole.apply()
    limits(sentry).settings["resolveAge"] = 24  # somebody decided otherwise
    done = whole.run("destroy", "--yes")
    assert done.code == 0, done.err
    assert "- project     events a minute" in done.out and "resolve after" not in done.out
    found = limits(sentry)
    assert (found.rate_limit, found.ownership["raw"]) == (None, "")
    assert found.settings == {"resolveAge": 24, "highlightTags": []}
    assert found.filters == Limits().filters
    organization = sentry.organization
    assert (organization.alerts, organization.dashboards) == ({}, {})
    assert "ion-mentoring" in organization.projects


def test_destroy_leaves_the_ownership_of_a_new_project(
    whole: Monitoring, sentry: SentryApi
) -> None:
    whole.apply()
    limits(sentry).ownership["raw"] = limits(sentry).ownership["raw"].replace("#ion", "#platform")
    done = whole.run("destroy", "--yes")  # what carries our mark goes, edited or not
    assert "- project     ownership" in done.out
    assert limits(sentry).ownership == Limits().ownership


def test_destroy_finds_our_rules_when_the_file_has_no_limits_any_more(
    whole: Monitoring, sentry: SentryApi
) -> None:
    whole.apply()
    text = (whole.folder / "monitoring/watch.toml").read_text("utf-8")
    begin, end = text.index("[project]"), text.index("# An alert has a name")
    whole.edit((text[begin:end], ""))
    limits(sentry).ownership["raw"] += "\n# theirs\npath:app/db/* #platform"
    assert "no longer in watch.toml, --prune removes: ownership rules" in whole.plan().out
    done = whole.run("destroy", "--yes")
    assert (done.code, "events a minute" in done.out) == (0, False)
    assert limits(sentry).ownership["raw"] == "# theirs\npath:app/db/* #platform"
    assert limits(sentry).rate_limit == {"window": 60, "count": 60}  # not said, so not ours


def test_spike_protection_can_be_off(whole: Monitoring, sentry: SentryApi) -> None:
    whole.apply()
    whole.edit(("spike_protection = true", "spike_protection = false"))
    whole.apply()
    assert limits(sentry).spike_protection_disabled is True
    [last] = [one for one in sentry.writes if "/spike-protections/" in one.path]
    assert (last.method, last.body) == ("DELETE", {"projects": ["ion-mentoring"]})
    assert whole.plan().code == 0


WRONG = {
    "events_per_minute = 60": ("events_per_minute = 0", "project events_per_minute should be"),
    'resolve_after = "30d"': (
        'resolve_after = "90m"',
        "project resolve_after should be whole hours",
    ),
    "crawlers = true": ("spiders = true", "spiders"),
    '"tags.priority:*" = []': ('"everything" = []', "project owners everything"),
    '"tags.priority:*" = [] ': ('"path:*" = ["Not A Team"]', "owners path:* number 1"),
    'name = "staging"': ('name = "None"', 'environments "None" name should be 1 to 64 characters'),
    'name = "staging" ': ('name = "production"', "two environments are named 'production'"),
    'by = ["email"]': ('by = ["pager"]', 'environments "staging" by'),
}


@pytest.mark.parametrize("right", WRONG)
def test_a_wrong_limit_is_told_before_anything_is_asked(
    whole: Monitoring, sentry: SentryApi, right: str
) -> None:
    wrong, said = WRONG[right]
    whole.edit((right.strip(), wrong))
    done = whole.run("plan")
    assert (done.code, said in done.err) == (3, True), done.err
    assert sentry.log == []


def test_an_owner_that_sentry_does_not_know(whole: Monitoring, sentry: SentryApi) -> None:
    whole.edit(('"tags.priority:*" = []', '"tags.priority:*" = ["nobody"]'))
    done = whole.run("plan")
    assert (done.code, "has no team 'nobody'" in done.err) == (20, True)
    assert sentry.writes == []


def test_a_project_without_a_key_in_use_matters_only_to_its_limit(
    whole: Monitoring, sentry: SentryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole.apply()
    (whole.folder / ".env").unlink()
    told = answers.key
    off = {"isActive": False}
    monkeypatch.setattr(answers, "key", lambda *of, **how: {**told(*of, **how), **off})
    done = whole.run("plan", CI="true")
    assert (done.code, "ion-mentoring has no key in use" in done.err) == (13, True)
    whole.edit(("events_per_minute = 60", "# events_per_minute = 60"))
    assert whole.plan(CI="true").code == 0
    assert whole.run("destroy", "--yes", CI="true").code == 0
