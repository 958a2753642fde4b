"""Answers to the template's questions: such that are right, wrong, and hostile."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from jinja2 import Environment

ROOT = Path(__file__).parent.parent
HOOK_FILE = ROOT / "hooks" / "pre_gen_project.py"
QUESTIONS: dict[str, Any] = json.loads((ROOT / "cookiecutter.json").read_text("utf-8"))
KEY = "0123456789abcdef0123456789abcdef"
# What cookiecutter renders with.
JINJA = Environment(
    extensions=["cookiecutter.extensions.SlugifyExtension"], keep_trailing_newline=True
)
# As the template writes an answer into a TOML string.
TOML_STRING = r"""{{ x | replace('\\', '\\\\') | replace('"', '\\"') }}"""


def load(path: Path) -> ModuleType:
    """Import a file without leaving bytecode beside it."""
    module = ModuleType(path.stem)
    exec(compile(path.read_text("utf-8"), path, "exec"), module.__dict__)
    return module


HOOK = load(HOOK_FILE)
FREE_TEXT: list[str] = list(HOOK.RULES)

GOOD = {
    "project_name": ["O'Brien \"svc\" 한글 \\ 👩‍💻 ${x} %s '''", "x", "שלום", "a" * 100],
    "project_slug": ["ion-mentoring", "a", "a1-2", "a" * 50, "match-maker", "json-service"],
    "description": ["", "100 % {of} }} 'it' \\", "d" * 200],
    "owner": ["ion", "a_b-c", "1a", "o" * 50],
    "repository": ["", "github.com/acme/ion-mentoring", "git.example.com/a/b/c_d.e"],
    "sentry_org": ["ion", "4ever"],
    "sentry_dsn": [
        "",
        "\n",
        f" https://{KEY}@o1.ingest.sentry.io/2\n",
        "http://pub@127.0.0.1:8969/1",
    ],
    "traces_sample_rate": ["0", "1", "0.1", "1.0", "0.000000001"],
    "profile_session_sample_rate": ["0.0", "0.25"],
    "alert_slack_channel": ["", "#ion-alerts", "ion_alerts", "알림", "हिन्दी", "a" * 80],
    "alert_email_team": ["ion"],
}

# Answer, text, and a part of what the refusal says of it.
BAD = [
    ("project_name", "", "1 to 100 characters"),
    ("project_name", " \u3000", "1 to 100 characters"),
    ("project_name", "a" * 101, "1 to 100 characters"),
    ("project_name", "a\nb", "U+000A"),
    ("project_name", "a\tb", "U+0009"),
    ("project_name", "a\x00b", "U+0000"),
    ("project_name", "a\x85b", "U+0085"),
    ("project_name", "a\u2028b", "U+2028"),
    ("project_name", "a\u202eb", "U+202E"),
    ("project_name", "a\u2066b", "U+2066"),
    ("project_name", "a\udcffb", "U+DCFF"),
    ("project_name", "a\uffffb", "U+FFFF"),
    ("project_name", "{{ 7*7 }}", "holds {{"),
    ("description", "${{ secrets.X }}", "holds {{"),
    ("description", "{% raw %}", "holds {%"),
    ("description", "a {# comment", "holds {#"),
    ("description", "d" * 201, "200"),
    ("project_slug", "", "empty"),
    ("project_slug", "../x", "leads out of the folder"),
    ("project_slug", "/etc/x", "leads out of the folder"),
    ("project_slug", "..", "leads out of the folder"),
    ("project_slug", "~", "leads out of the folder"),
    ("project_slug", "a\\b", "leads out of the folder"),
    ("project_slug", "Ion", "capital"),
    ("project_slug", "3d", "digit"),
    ("project_slug", "٣d", "digit"),
    ("project_slug", "a_b", "not made of"),
    ("project_slug", "a b", "not made of"),
    ("project_slug", "-a", "not made of"),
    ("project_slug", "a-", "not made of"),
    ("project_slug", "a--b", "not made of"),
    ("project_slug", "a.b", "not made of"),
    ("project_slug", "한글", "not made of"),
    ("project_slug", "a" * 51, "more than 50"),
    ("project_slug", "class", "Python language"),
    ("project_slug", "match", "Python language"),
    ("project_slug", "type", "Python language"),
    ("project_slug", "json", "standard library"),
    ("project_slug", "py-compile", "standard library"),
    ("project_slug", "test", "folder of every service"),
    ("project_slug", "app", "folder of every service"),
    ("project_slug", "latest", "something else"),
    ("project_slug", "site-packages", "something else"),
    ("project_slug", "no", "something else"),
    ("project_slug", "billing", "Sentry keeps"),
    ("project_slug", "fastapi", "package"),
    ("project_slug", "sentry-sdk", "package"),
    ("owner", "", "slug of Sentry's"),
    ("owner", "Ion", "slug of Sentry's"),
    ("owner", "-a", "slug of Sentry's"),
    ("owner", "42", "slug of Sentry's"),
    ("owner", "a" * 51, "slug of Sentry's"),
    ("sentry_org", "my org", "slug of Sentry's"),
    ("repository", "https://github.com/acme/ion", "host, owner and name"),
    ("repository", "acme/ion", "host, owner and name"),
    ("repository", "github.com/acme", "host, owner and name"),
    ("repository", "github.com/acme/ion mentoring", "host, owner and name"),
    ("repository", "github.com/../x", "host, owner and name"),
    ("alert_email_team", "#ion", "slug of Sentry's"),
    ("alert_slack_channel", "#", "Slack channel"),
    ("alert_slack_channel", "##ion", "Slack channel"),
    ("alert_slack_channel", "Ion", "Slack channel"),
    ("alert_slack_channel", "a b", "Slack channel"),
    ("alert_slack_channel", "a.b", "Slack channel"),
    ("alert_slack_channel", "a—b", "Slack channel"),
    ("alert_slack_channel", "#--", "Slack channel"),
    ("alert_slack_channel", "#" + "a" * 81, "80"),
    ("sentry_dsn", "https://public@h.io/1", "placeholder"),
    ("sentry_dsn", f"https://{KEY}@h\n.io/1", "U+000A"),
    *[
        ("traces_sample_rate", rate, "from 0 (none) to 1 (all)")
        for rate in ["", "10", "1.1", "-0", "-0.1", "+1", ".5", "1.", "01", "0,1", "10%", "1e-1"]
    ],
    *[
        ("profile_session_sample_rate", rate, "from 0 (none) to 1 (all)")
        for rate in ["nan", "inf", "1_0", "0x1", "\u0660.\u0661", "0.1 ", "true", "0." + "1" * 300]
    ],
]

HOSTILE = {
    "quotes": "a \"b\" 'c' `d`",
    "triple quotes": '""" \'\'\' """',
    "apostrophe": "O'Brien",
    "python": '"""); __import__("pathlib").Path("/tmp/ion-owned").touch(); ("""',
    "backslashes": "a\\b\\",
    "newline": "a\nb",
    "jinja": "{{ 7*7 }}",
    "jinja in a dollar": "${{ x }}",
    "shell": "$(touch ion-owned); `id`",
    "percent": "%s %(x)s 100 %",
    "markup": "[bold]a[/bold] <b>&amp;</b> &#x110000;",
    "korean": "한글 서비스",
    "emoji": "👩‍💻",
    "right-to-left": "שלום",
    "300 characters": "a" * 300,
    "empty": "",
    "relative path": "../x",
    "absolute path": "/etc/x",
    "keyword": "class",
    "dependency": "fastapi",
    "folder": "test",
    "digit first": "3d",
    "half a character": "\udcff",
}


def samples(name: str) -> Iterator[str]:
    yield from GOOD[name]
    yield from (text for answer, text, _ in BAD if answer == name)


def is_a_name(slug: str) -> bool:
    """Say whether cookiecutter goes on with a slug, to the hook."""
    render = JINJA.from_string(QUESTIONS["__slug_is_a_name"]).render
    return bool(render(cookiecutter={"project_slug": slug}))
