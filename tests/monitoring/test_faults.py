"""Whatever fails has its own line and exit code; what may not be repeated is not."""

import socket
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from demo import sentry_answers as answers
from demo.sentry_answers import integration
from demo.sentry_api import Fault, SentryApi
from tests.monitoring.conftest import Monitoring

SSO = {"detail": {"code": "sso-required", "message": "Must login via SSO"}}
FAULTS: dict[str, tuple[Fault, int, str]] = {
    "403 for another reason": (Fault(403, body=SSO), 12, "forbidden (403). Sentry says: code: sso"),
    "410": (
        Fault(410, path="/workflows/", body={"detail": "Gone"}),
        15,
        "alerts: this part of Sentry's API is gone (410). Bring this program up to date: make",
    ),
    "402": (
        Fault(402, path="/workflows/"),
        22,
        "alerts: the organisation's plan doesn't have this",
    ),
    "429 for an hour": (
        Fault(429, headers={"Retry-After": "3600"}),
        16,
        "teams: too many requests (429). Run it again in 3600 s.",
    ),
    "a page for a browser": (Fault(200, body=b"<html>Welcome</html>"), 24, "Is SENTRY_URL right?"),
    "an answer of another form": (Fault(200, body={"a": 1}), 24, "no answer of Sentry's API"),
    "a way to elsewhere": (
        Fault(302, headers={"Location": "https://elsewhere.example/"}),
        24,
        "leads on to 'https://elsewhere.example/', which doesn't get the token. Mend SENTRY_URL.",
    ),
    "a renamed project": (
        Fault(
            302,
            path="/projects/ion/ion-mentoring/",
            headers={"Location": "/api/0/projects/ion/mentors/"},
            body={"slug": "mentors", "detail": {"extra": {"url": "/x/", "slug": "mentors"}}},
        ),
        13,
        "project: its slug in Sentry is 'mentors' now (302). Set SENTRY_PROJECT to that.",
    ),
    "a page that comes again": (
        Fault(
            200,
            body=[],
            headers={"Link": '</x>; rel="next"; results="true"; cursor="0:100:0"'},
            times=2,
        ),
        24,
        "gives the same page again and again. Is SENTRY_URL right?",
    ),
}


@pytest.fixture
def sentry() -> Any:
    """Without a check by the schema: what is answered here is wrong on purpose."""
    with SentryApi() as sentry:
        yield sentry


@pytest.mark.parametrize("name", FAULTS)
def test_each_has_its_line_and_its_code(
    monitoring: Monitoring, sentry: SentryApi, name: str
) -> None:
    fault, code, line = FAULTS[name]
    sentry.faults.append(fault)
    done = monitoring.run("plan")
    assert (done.code, done.out) == (code, "")
    [told] = done.err.splitlines()
    assert told.startswith("Stopped: ") and line in told
    assert fault.times == 0


@pytest.mark.parametrize(
    ("variables", "code", "line"),
    [
        (
            {"SENTRY_AUTH_TOKEN": ""},
            4,
            "SENTRY_AUTH_TOKEN is missing. Make an internal integration",
        ),
        (
            {"SENTRY_AUTH_TOKEN": "sntrys_abc"},
            4,
            "is an organisation token, whose one scope is org:ci",
        ),
        ({"SENTRY_AUTH_TOKEN": "geheim\u00e4"}, 4, "holds a character that no token has"),
        ({"SENTRY_AUTH_TOKEN": "0" * 64}, 10, "SENTRY_AUTH_TOKEN is not valid here (401)"),
        ({"SENTRY_URL": "http://sentry.io"}, 4, "would send the token unencrypted"),
        ({"SENTRY_URL": "ftp://x"}, 4, "SENTRY_URL is no address of a Sentry"),
        ({"SENTRY_URL": "https://[x"}, 4, "SENTRY_URL is no address of a Sentry"),
        ({"SENTRY_URL": "https://sentry..invalid"}, 19, "reached at https://sentry..invalid ("),
        ({"ALL_PROXY": "socks5://127.0.0.1:1"}, 4, "can't be used: a SOCKS proxy isn't supported."),
        ({"HTTPS_PROXY": "foo://x"}, 4, "Mend, or unset, ALL_PROXY, HTTPS_PROXY, HTTP_PROXY or"),
        ({"HTTPS_PROXY": "http://x:y"}, 4, "can't be used: Invalid port: 'y'. Mend, or unset, ALL"),
        ({"SSL_CERT_FILE": "/nowhere"}, 4, "can't be used: [Errno 2] No such file or directory."),
        ({"SENTRY_ORG": "nobody"}, 13, "teams: not found (404). Is SENTRY_ORG right"),
        ({"SENTRY_ORG": "../x"}, 4, "SENTRY_ORG is no slug"),
        ({"SENTRY_ENVIRONMENT": "a/b"}, 4, "The environment 'a/b' can't be used: it should be 1"),
        ({"SENTRY_ENVIRONMENT": "NONE"}, 4, "without / [ ], and not none."),
    ],
)
def test_wrong_variables(
    monitoring: Monitoring, sentry: SentryApi, variables: dict[str, str], code: int, line: str
) -> None:
    done = monitoring.run("plan", **variables)
    assert done.code == code and line in done.err
    secret = variables.get("SENTRY_AUTH_TOKEN")
    assert not secret or secret not in done.err


@pytest.mark.parametrize(
    ("missing", "command", "line"),
    [
        (
            {"org:read"},
            "plan",
            "teams: the token may not do this (403). It lacks the scope org:read.",
        ),
        ({"project:read", "project:write"}, "plan", "project: the token may not do this (403)."),
        ({"project:write"}, "apply", "create project: the token may not do this (403). It lacks"),
        ({"alerts:write"}, "apply", 'create monitor "error rate": the token may not do this (403)'),
    ],
)
def test_a_missing_scope_is_named(
    monitoring: Monitoring, sentry: SentryApi, missing: set[str], command: str, line: str
) -> None:
    sentry.scopes -= missing
    done = monitoring.run(command, *(["--yes"] if command == "apply" else []))
    assert done.code == 11 and line in done.err
    assert any(scope in done.err for scope in missing)


def test_an_unknown_team(monitoring: Monitoring, sentry: SentryApi) -> None:
    sentry.organization.teams = {"platform": 1, "web": 2}
    done = monitoring.run("apply", "--yes")
    assert done.code == 20
    assert "ion has no team 'ion'; the token sees: platform, web." in done.err
    assert sentry.writes == []


def test_slack_has_to_be_connected_and_to_be_chosen(
    monitoring: Monitoring, sentry: SentryApi
) -> None:
    acme, beta = integration(1, "acme"), integration(2, "beta")
    sentry.organization.workspaces = [integration(3, "old", status="disabled")]
    done = monitoring.run("apply", "--yes")
    assert done.code == 21 and "ion has no Slack workspace. Connect it" in done.err
    sentry.organization.workspaces = [acme, beta]
    done = monitoring.run("apply", "--yes")
    assert done.code == 21 and "slack_workspace in watch.toml is one of acme, beta" in done.err
    assert sentry.writes == []
    monitoring.edit(('# slack_workspace = "acme"', 'slack_workspace = "beta"'))
    monitoring.apply()
    ids = {
        action["integration_id"]
        for alert in sentry.organization.alerts.values()
        for one in alert["action_filters"]
        for action in one["actions"]
    }
    assert ids == {None, "2"}


@pytest.mark.parametrize(
    ("most", "line"),
    [
        ({"dashboards": 1}, 'create dashboard "Performance": a limit of the organisation\'s plan'),
        ({"monitors": 1}, 'create monitor "p95 regression": a limit of the organisation\'s plan'),
    ],
)
def test_a_limit_of_the_plan(
    monitoring: Monitoring, sentry: SentryApi, most: dict[str, int], line: str
) -> None:
    sentry.organization.most |= most
    done = monitoring.run("apply", "--yes")
    assert done.code == 22 and line in done.err and "1" in done.err.split("Sentry says:")[1]
    sentry.organization.most |= {"dashboards": 20, "monitors": 20}
    monitoring.apply()  # goes on
    assert monitoring.plan().code == 0


def test_a_refusal_in_sentrys_own_words(monitoring: Monitoring, sentry: SentryApi) -> None:
    monitoring.edit(('by = ["slack"]', 'by = ["slack:#nowhere"]'))
    done = monitoring.run("apply", "--yes")
    assert done.code == 23
    assert done.err.endswith(
        'create alert "error rate": refused (400). Sentry says: actions: Channel not found. '
        "Invite Sentry to it.\n"
    )


def test_words_that_hold_the_token_are_not_shown(monitoring: Monitoring, sentry: SentryApi) -> None:
    sentry.faults.append(Fault(400, body={"detail": f"\x1b[2Jwho is {sentry.token}?"}))
    done = monitoring.run("plan")
    assert (done.code, "who is ***?" in done.err, "\x1b" in done.err) == (23, True, False)


def test_nobody_is_there(monitoring: Monitoring) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        done = monitoring.run("plan", SENTRY_URL=url)
    assert done.code == 19 and f"Sentry can't be reached at {url}" in done.err


def test_no_answer_in_time(monitoring: Monitoring, sentry: SentryApi) -> None:
    sentry.faults.append(Fault(0, method="GET", path="/teams/", times=9))
    done = monitoring.run("plan", "--timeout", "0.3")
    assert (done.code, done.err) == (18, "Stopped: teams: no answer within 0.3 s.\n")
    assert len(sentry.log) == 4


def test_a_read_is_repeated_after_a_5xx(monitoring: Monitoring, sentry: SentryApi) -> None:
    sentry.faults += [Fault(502, path="/teams/"), Fault(500, path="/workflows/")]
    assert monitoring.plan().code == 2
    assert sum("/teams/" in one.path for one in sentry.log) == 2


def test_a_sentry_that_stays_broken(monitoring: Monitoring, sentry: SentryApi) -> None:
    sentry.faults.append(Fault(503, times=9))
    done = monitoring.run("plan")
    assert (done.code, done.err) == (17, "Stopped: teams: Sentry itself fails (503).\n")
    assert len(sentry.log) == 4


@pytest.mark.parametrize(
    ("path", "status"),
    [("/ion/projects/", 500), ("/detectors/", 0), ("/workflows/", 500), ("/dashboards/", 0)],
)
def test_what_may_have_been_done_is_not_repeated_but_found_again(
    monitoring: Monitoring, sentry: SentryApi, path: str, status: int
) -> None:
    sentry.faults.append(Fault(status, method="POST", path=path, done=True))
    done = monitoring.run("apply", "--yes", "--timeout", "3" if status else "1")
    assert done.code == (17 if status else 18)
    assert "It may have been done: run it again, it goes on." in done.err
    posts = [(one.path, str(one.body)) for one in sentry.writes if one.method == "POST"]
    monitoring.apply()
    posts += [(one.path, str(one.body)) for one in sentry.writes[len(posts) :]]
    assert len(posts) == len(set(posts)) == 13
    assert monitoring.plan().code == 0


def test_a_write_is_repeated_where_that_does_no_harm(
    applied: Monitoring, sentry: SentryApi
) -> None:
    next(one for one in sentry.organization.alerts.values())["enabled"] = False
    before = len(sentry.writes)
    sentry.faults += [Fault(502, method="PUT"), Fault(429, headers={"Retry-After": "0"})]
    applied.apply()
    assert [one.status for one in sentry.writes[before:]] == [502, 200]


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_it_waits_as_long_as_sentry_asks(
    monitoring: Monitoring, sentry: SentryApi, form: str
) -> None:
    wait = "2" if form == "seconds" else formatdate(time.time() + 4, usegmt=True)
    sentry.faults.append(
        Fault(429, method="POST", path="/detectors/", headers={"Retry-After": wait})
    )
    began = time.monotonic()
    monitoring.apply()
    assert time.monotonic() - began > 2
    statuses = [one.status for one in sentry.writes if "/detectors/" in one.path]
    assert statuses == [429, 201, 201]


def test_a_conflict_with_what_cannot_be_found(monitoring: Monitoring, sentry: SentryApi) -> None:
    detail = "Dashboard with that title already exists."
    sentry.faults.append(Fault(409, method="POST", path="/dashboards/", body=detail))
    done = monitoring.run("apply", "--yes")
    assert done.code == 14
    assert (
        f"somebody else is writing the same just now (409). Run it again. Sentry says: {detail}"
        in (done.err)
    )
    monitoring.apply()
    assert monitoring.plan().code == 0


def test_a_project_without_its_own_monitors(monitoring: Monitoring, sentry: SentryApi) -> None:
    sentry.organization.add_project("ion-mentoring", {"name": "x", "platform": "python"})
    sentry.organization.monitors.clear()
    done = monitoring.run("plan")
    assert done.code == 13 and "no monitor of the type 'error' yet. Run it again soon." in done.err


@pytest.mark.parametrize(
    "words", [[], ["--yes"], ["plane"], ["plan", "--timeout", "0"], ["plan", "--yes"]]
)
def test_usage_is_not_taken_for_changes(monitoring: Monitoring, words: list[str]) -> None:
    done = monitoring.run(*words)
    assert done.code == 64 and done.err.startswith("Usage: ion-sentry monitoring")


def test_an_env_that_cannot_be_read(monitoring: Monitoring) -> None:
    (monitoring.folder / ".env").unlink()
    (monitoring.folder / ".env").mkdir()
    done = monitoring.run("apply", "--yes")
    assert done.code == 4 and ".env can't be" in done.err


@pytest.mark.parametrize("rate", [{"count": 60}, {"window": 60}, {"window": None, "count": 60}])
def test_a_key_whose_limit_is_not_whole_has_none(
    service: Callable[..., Monitoring], sentry: SentryApi, rate: dict[str, int | None]
) -> None:
    whole = service(whole=True)
    whole.apply()
    sentry.organization.limits["ion-mentoring"].rate_limit = rate
    assert "events a minute  nothing → 60 in 60 s" in whole.apply().out
    assert sentry.organization.limits["ion-mentoring"].rate_limit == {"window": 60, "count": 60}


def test_a_project_without_a_preset_of_highlights(
    service: Callable[..., Monitoring], sentry: SentryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = service(whole=True)
    told = answers.project
    without = {"highlightPreset": None}
    monkeypatch.setattr(answers, "project", lambda *of, **how: {**told(*of, **how), **without})
    whole.apply()
    assert sentry.organization.limits["ion-mentoring"].settings["highlightTags"] == [
        "priority",
        "persona",
    ]
    assert whole.plan().code == 0
    assert whole.run("destroy", "--yes").code == 0
    assert sentry.organization.limits["ion-mentoring"].settings["highlightTags"] == []
