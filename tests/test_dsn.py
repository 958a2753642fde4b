"""The DSN check: what it says of each kind of DSN, in the hook and in the service alike."""

from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parent.parent
HOOK_FILE = ROOT / "hooks" / "pre_gen_project.py"
SERVICE_FILE = ROOT / "{{cookiecutter.project_slug}}" / "app" / "observability" / "dsn.py"


def load(path: Path) -> ModuleType:
    """Import a file without leaving bytecode beside it, which services would be given too."""
    module = ModuleType(path.stem)
    exec(compile(path.read_text("utf-8"), path, "exec"), module.__dict__)
    return module


HOOK = load(HOOK_FILE)
SERVICE = load(SERVICE_FILE)

KEY = "0123456789abcdef0123456789abcdef"

WORKING = [
    f"https://{KEY}@o1.ingest.sentry.io/2",
    f"https://{KEY}@o1.ingest.us.sentry.io/4504044639748096",
    f"https://{KEY}@h.io/prefix/sub/42",
    f"https://{KEY}@h.io/public/42",
    f"https://{KEY}@sentry.example.com:9000/1",
    f"https://{KEY}@10.0.0.1/1",
    f"https://{KEY}@sentry/1",
    f"HTTPS://{KEY}@H.IO/1",
    f" https://{KEY}@h.io/1\n",
    f"https://{KEY}@h.io:65535/{2**64 - 1}",
    f"http://{KEY}@127.0.0.1:8000/1",
    f"http://{KEY}@LocalHost/1",
    "http://pub@127.0.0.1:8969/1",
    "https://pub@localhost/1",
]

# Each with a part of the answer that tells this fault from the others.
FAULTY = [
    (f"https://{KEY}:{KEY[::-1]}@h.io/2", "delete it and the colon before it"),
    (f"https://{KEY}:@h.io/2", "delete it and the colon before it"),
    (f"http://{KEY}:{KEY}@127.0.0.1/2", "delete it and the colon before it"),
    ("https://xxxxx@xxxxx.ingest.sentry.io/xxxxx", "placeholder"),
    ("https://<key>@o1.ingest.sentry.io/2", "placeholder"),
    ("https://<your key>@o1.ingest.sentry.io/2", "placeholder"),
    ("https://examplePublicKey@o0.ingest.sentry.io/0", "placeholder"),
    ("https://public@h.io/1", "placeholder"),
    ("https://your-key@h.io/1", "placeholder"),
    (f"https://{KEY}@<host>/1", "placeholder"),
    (f"https://{KEY}@h.io/<project>", "placeholder"),
    ("none", "placeholder"),
    ("null", "placeholder"),
    ("changeme", "placeholder"),
    ("${SENTRY_DSN}", "placeholder"),
    ("https://h.io/2", "no key"),
    ("https://@h.io/2", "no key"),
    (f"https://:{KEY}@h.io/2", "no key"),
    ("https://h.io/@2", "no key"),
    (f"https://{KEY[:31]}@h.io/2", "32 digits"),
    (f"https://{KEY.upper()}@h.io/2", "32 digits"),
    (f"https://{KEY[:30]}%41@h.io/2", "32 digits"),
    (f"https://{KEY}@{KEY}@h.io/2", "32 digits"),
    ("http://pub@host.docker.internal:8969/1", "32 digits"),
    (f"https://{KEY}@/2", "host name"),
    (f"https://{KEY}@:443/2", "host name"),
    (f"https://{KEY}@h%2eio/2", "host name"),
    (f"https://{KEY}@h..io/2", "host name"),
    (f"https://{KEY}@-h.io/2", "host name"),
    (f"https://{KEY}@h.io./2", "host name"),
    (f"https://{KEY}@h\\io/2", "host name"),
    (f"https://{KEY}@{'h' * 64}.io/2", "host name"),
    (f"https://{KEY}@{'h.' * 127}io/2", "host name"),
    (f"https://{KEY}@[::1]/2", "IPv6"),
    (f"https://{KEY}@[::1]:8000/2", "IPv6"),
    (f"https://{KEY}@::1/2", "IPv6"),
    (f"http://{KEY}@[::1]:8969/2", "IPv6"),
    (f"http://{KEY}@h.io/2", "unencrypted"),
    (f"http://{KEY}@127.0.0.1.h.io/2", "unencrypted"),
    (f"http://{KEY}@host.docker.internal:8969/2", "unencrypted"),
    (f"https://{KEY}@h.io:99999/2", "port"),
    (f"https://{KEY}@h.io:65536/2", "port"),
    (f"https://{KEY}@h.io:abc/2", "port"),
    (f"https://{KEY}@h.io:0/2", "port"),
    (f"https://{KEY}@h.io:0443/2", "port"),
    (f"https://{KEY}@h.io:/2", "port"),
    (f"https://{KEY}@h.io", "project"),
    (f"https://{KEY}@h.io/", "project"),
    (f"https://{KEY}@h.io/42/", "project"),
    (f"https://{KEY}@h.io/-1", "project"),
    (f"https://{KEY}@h.io/+1", "project"),
    (f"https://{KEY}@h.io/1_000", "project"),
    (f"https://{KEY}@h.io/007", "project"),
    (f"https://{KEY}@h.io/0", "project"),
    (f"https://{KEY}@h.io/1.0", "project"),
    (f"https://{KEY}@h.io/{2**64}", "project"),
    (f"https://{KEY}@h.io/{'9' * 5000}", "project"),
    (f"https://{KEY}@h.io/my-service", "project"),
    (f"https://{KEY}@h.io/ 7", "space"),
    (f"https://{KEY}@h.io/٣", "ASCII"),
    (f"https://{KEY}@한글.io/1", "ASCII"),
    (f"https://{KEY} @h.io/1", "space"),
    (f"https://{KEY}@h\n.io/1", "space"),
    (f"https://{KEY}@h.io/\x007", "ASCII"),
    (f"https://{KEY}@h.io//2", "path"),
    (f"https://{KEY}@h.io/../2", "path"),
    (f"https://{KEY}@h.io/a%2fb/2", "path"),
    (f"https://{KEY}@h.io/a@b/2", "path"),
    (f"https://{KEY}@h.io/2?x=2", "delete all from the ? or #"),
    (f"https://{KEY}@h.io/2#frag", "delete all from the ? or #"),
    (f"https://{KEY}@h.io?x=2", "delete all from the ? or #"),
    (f"ftp://{KEY}@h.io/1", "https://"),
    (f"{KEY}@h.io/1", "https://"),
    (f"{KEY}@sentry.example.com/1", "https://"),
    (f"//{KEY}@h.io/1", "https://"),
    (f"https:/{KEY}@h.io/1", "https://"),
    (f"SENTRY_DSN=https://{KEY}@h.io/1", "https://"),
    ("sntrys_eyJpYXQiOjE3", "https://"),
    (f'"https://{KEY}@h.io/1"', "quotes"),
    (f"'https://{KEY}@h.io/1'", "quotes"),
    (f"https://{KEY}@h.io/1`", "quotes"),
]

both = pytest.mark.parametrize("module", [HOOK, SERVICE], ids=["hook", "service"])


@both
@pytest.mark.parametrize("dsn", ["", " \n", *WORKING])
def test_a_dsn_that_works_is_taken_and_so_is_none(module: ModuleType, dsn: str) -> None:
    assert module.dsn_problem(dsn) is None


@both
@pytest.mark.parametrize(("dsn", "fragment"), FAULTY, ids=[dsn[:70] for dsn, _ in FAULTY])
def test_a_dsn_that_cannot_work_is_refused_with_its_reason(
    module: ModuleType, dsn: str, fragment: str
) -> None:
    problem = module.dsn_problem(dsn)
    assert problem and fragment in problem
    assert module.dsn_problem(f"\n {dsn}\t") == problem


def test_the_hook_and_the_service_hold_the_same_text() -> None:
    docstring_and_import, found, block = SERVICE_FILE.read_text("utf-8").partition("import re\n")
    assert found and "def dsn_problem" not in docstring_and_import
    assert f"\n{block.strip()}\n" in HOOK_FILE.read_text("utf-8")


def test_the_secret_is_not_repeated() -> None:
    assert KEY[::-1] not in (HOOK.dsn_problem(f"https://{KEY}:{KEY[::-1]}@h.io/2") or "")


junk = st.text(max_size=4)
dsn_like = st.builds(
    lambda *parts: "".join(parts),
    st.sampled_from(["https", "http", "HTTPS", "ftp", ""]),
    st.sampled_from(["://", ":/", "//"]),
    st.sampled_from([KEY, "pub", "public", ""]) | junk,
    st.sampled_from(["@", ":s@", ":@", ""]),
    st.sampled_from(["h.io", "127.0.0.1", "localhost", "[::1]"]) | junk,
    st.sampled_from(["", ":1", ":65536"]) | junk,
    st.sampled_from(["/", "/prefix/", "//"]) | junk,
    st.integers(max_value=2**65).map(str) | junk,
)


@settings(deadline=None, max_examples=300)
@given(st.text() | dsn_like)
def test_any_text_gets_an_answer_of_one_line(dsn: str) -> None:
    problem = HOOK.dsn_problem(dsn)
    assert problem is None or (problem and problem.isprintable())
    assert problem == SERVICE.dsn_problem(dsn)


@settings(deadline=None, max_examples=300)
@given(dsn_like)
def test_the_sdk_takes_what_the_check_takes(dsn: str) -> None:
    if dsn.strip() and HOOK.dsn_problem(dsn) is None:
        assert_the_sdk_takes(dsn)


@pytest.mark.parametrize("dsn", WORKING)
def test_the_sdk_takes_a_dsn_that_works(dsn: str) -> None:
    assert_the_sdk_takes(dsn)


def assert_the_sdk_takes(dsn: str) -> None:
    parsed = pytest.importorskip("sentry_sdk.utils").Dsn(dsn.strip())
    assert f"//{parsed.public_key}@" in dsn
    assert parsed.secret_key is None
    assert dsn.strip().endswith(f"/{parsed.project_id}")
