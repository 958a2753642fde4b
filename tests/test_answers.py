"""Answers: whatever is typed, a service comes of it, or one refusal that says how to go on."""

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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


@pytest.fixture(autouse=True)
def hooks_are_rendered_into_a_folder_of_the_test(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Cookiecutter leaves its rendered hooks in there.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("hooks")))


@pytest.fixture(scope="session")
def small_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The questions and the judge of the template, and one small file of answers to render."""
    template = tmp_path_factory.mktemp("small") / "template"
    folder = template / "{{cookiecutter.project_slug}}"
    folder.mkdir(parents=True)
    (template / "hooks").mkdir()
    shutil.copy(ROOT / "cookiecutter.json", template)
    shutil.copy(HOOK_FILE, template / "hooks")
    # Trimmed, because white space around a DSN is taken.
    (folder / "answers.toml").write_text(
        "".join(
            f'{name} = "{TOML_STRING.replace("x |", f"cookiecutter.{name} | trim |")}"\n'
            for name in QUESTIONS
            if not name.startswith("_")
        )
    )
    return template


def cookiecutter(
    folder: Path, *arguments: str, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run cookiecutter in an empty folder as a user would, with nothing of this user's in it."""
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    homes = dict.fromkeys(["HOME", "USERPROFILE", "TMPDIR", "TMP", "TEMP"], str(home))
    return subprocess.run(
        [sys.executable, "-m", "cookiecutter", "--default-config", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **homes, **environment},
        input=typed,
        capture_output=True,
        encoding="utf-8",
    )


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "output"
    folder.mkdir()
    return folder


def tree(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def answers_in(project: Path) -> dict[str, Any]:
    return tomllib.loads((project / "answers.toml").read_text("utf-8"))


def samples(name: str) -> Iterator[str]:
    yield from GOOD[name]
    yield from (text for answer, text, _ in BAD if answer == name)


# The judgement, as a function


def test_every_question_has_a_prompt_and_each_of_free_text_a_rule() -> None:
    questions = {name: default for name, default in QUESTIONS.items() if name[0] != "_"}
    assert [name for name in questions if isinstance(questions[name], str)] == FREE_TEXT
    prompts: dict[str, Any] = QUESTIONS["__prompts__"]
    assert list(prompts) == list(questions)
    for name, prompt in prompts.items():
        assert isinstance(prompt, str) or [*prompt] == ["__prompt__", *questions[name]]


@pytest.mark.parametrize(("name", "text"), [(n, text) for n in GOOD for text in GOOD[n]])
def test_a_right_answer_is_taken(name: str, text: str) -> None:
    assert HOOK.problem_of(name, text) is None


@pytest.mark.parametrize(("name", "text", "fragment"), BAD)
def test_a_wrong_answer_is_refused_with_its_reason(name: str, text: str, fragment: str) -> None:
    problem = HOOK.problem_of(name, text)
    assert problem and fragment in problem


@pytest.mark.parametrize("value", [None, True, 7, ["a"], {"a": "b"}])
def test_an_answer_that_is_not_text_is_refused(value: object) -> None:
    answers = dict.fromkeys(FREE_TEXT, value)
    problems = HOOK.problems_in(answers)
    assert list(problems) == FREE_TEXT
    assert "can't be used" in HOOK.refusal(answers, problems)


def test_the_examples_are_right() -> None:
    for name, (_, example) in HOOK.RULES.items():
        assert HOOK.problem_of(name, example) is None


@pytest.mark.parametrize(
    ("slug", "suggestion"),
    [
        ("fastapi", "fastapi-service"),
        ("3d", "service-3d"),
        ("My Service", "my-service"),
        ("../x", "x"),
        ("", "ion-mentoring"),
        ("한글", "ion-mentoring"),
        ("a" * 300, "a" * 40),
    ],
)
def test_the_suggested_slug_is_near_the_given_one(slug: str, suggestion: str) -> None:
    assert HOOK.right_one("project_slug", slug) == suggestion


def test_no_package_that_services_install_can_be_the_name_of_one() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    packages: dict[str, Any] = {package["name"]: package for package in lock["package"]}
    ahead = {
        name["name"] for name in packages["ion-sentry-template"]["dev-dependencies"]["service"]
    }
    found: set[str] = set()
    while ahead:
        found.add(name := ahead.pop())
        needed = [packages[name].get("dependencies", [])]
        needed += packages[name].get("optional-dependencies", {}).values()
        ahead |= {package["name"] for group in needed for package in group} - found
    assert found <= {name for names in HOOK.TAKEN.values() for name in names.split()}


def test_a_value_is_shown_without_secrets_and_control_characters() -> None:
    secret = "fedcba9876543210" * 2
    for text in [
        f"https://{KEY}:{secret}@h.io/2",
        f"https:/{KEY}:{secret}@h.io/2",
        f"{KEY}:{secret}@h.io/2",
        f'"https://{KEY}:{secret}/2"',
        f"sntrys_{secret}",
    ]:
        assert secret not in HOOK.shown(text)
        assert "***" in HOOK.shown(text)
    assert f"//{KEY}@h.io:8000/2" in HOOK.shown(f"https://{KEY}@h.io:8000/2")
    assert HOOK.shown("a\x1b[2J\u202e\ud800") == r"'a\x1b[2J\u202e\ud800'"
    assert len(HOOK.shown("a" * 9999)) == 100


def test_the_command_says_where_the_template_and_the_service_are() -> None:
    context = {"_template": "gh:ion/a b", "_checkout": "v1; x", "_output_dir": "/a b", "x": "'"}
    assert shlex.split(HOOK.command(context)) == [
        *("cookiecutter", "gh:ion/a b", "--checkout", "v1; x", "--output-dir", "/a b", "x='")
    ]
    assert HOOK.command({"_output_dir": os.environ.get("PWD")}) == "cookiecutter TEMPLATE"


text = st.text() | st.text(st.characters(exclude_categories=()))  # halves of characters, too
answer_sets = st.fixed_dictionaries(
    {name: st.sampled_from(list(samples(name))) | text for name in FREE_TEXT}
)


@settings(deadline=None, max_examples=300)
@given(answer_sets)
def test_what_is_taken_survives_a_toml_string_and_the_rest_gets_a_refusal(
    answers: dict[str, str],
) -> None:
    problems = HOOK.problems_in(answers)
    refusal = HOOK.refusal(answers, problems).splitlines()
    assert refusal[0].endswith("can't be used; nothing was generated.")
    escape = JINJA.from_string(f'x = "{TOML_STRING}"').render
    for name in FREE_TEXT:
        assert any(line.startswith(f"  {name} ") for line in refusal) == (name in problems)
        if name not in problems:
            assert tomllib.loads(escape(x=answers[name].strip()))["x"] == answers[name].strip()
            if name.endswith("_rate"):
                assert 0 <= tomllib.loads(f"x = {answers[name]}")["x"] <= 1
    again = dict(word.split("=", 1) for word in shlex.split(refusal[-1]) if "=" in word)
    assert again == {n: value.strip() for n, value in answers.items() if n not in problems}


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.sampled_from(FREE_TEXT), text | st.text("\"\\'{}%#\n")))
def test_no_answer_can_become_code_of_the_hook(answers: dict[str, str]) -> None:
    source = HOOK_FILE.read_text("utf-8")
    rendered = JINJA.from_string(source).render(cookiecutter=answers)
    before, after = ast.parse(source), ast.parse(rendered)
    literals = [
        [node.value for node in tree.body if isinstance(node, ast.Assign) and names_answers(node)]
        for tree in (before, after)
    ]
    [[template], [data]] = literals
    assert isinstance(template, ast.Constant) and isinstance(data, ast.Constant)
    assert dict(json.loads(str(data.value))) == answers
    data.value = template.value
    assert ast.dump(before) == ast.dump(after)


def names_answers(node: ast.Assign) -> bool:
    return ast.unparse(node.targets[0]) == "ANSWERS"


def test_the_hook_has_one_jinja_expression() -> None:
    assert len(re.findall(r"\{[{%#]", HOOK_FILE.read_text("utf-8"))) == 1


def is_a_name(slug: str) -> bool:
    """Say whether cookiecutter goes on with a slug, to the hook."""
    render = JINJA.from_string(QUESTIONS["__slug_is_a_name"]).render
    return bool(render(cookiecutter={"project_slug": slug}))


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(list(samples("project_slug"))) | text)
def test_cookiecutter_makes_no_folder_but_one_in_its_place(slug: str) -> None:
    if is_a_name(slug):
        with tempfile.TemporaryDirectory() as place:
            Path(place, slug).mkdir()
            assert [path.name for path in Path(place).iterdir()] == [slug]
    else:
        assert HOOK.slug_problem(slug)


# The hook, run by cookiecutter


@pytest.mark.parametrize("name", FREE_TEXT)
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_is_refused_or_rendered(
    cookies: Any,
    small_template: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    name: str,
    hostile: str,
) -> None:
    before, outside = tree(tmp_path), Path("/etc/x").exists()
    answers = {"project_slug": "ion-mentoring", name: hostile}
    result = cookies.bake(template=str(small_template), extra_context=answers)
    bake = tmp_path / "cookies" / "bake00"
    if result.exit_code == 0:
        rendered = answers_in(result.project_path)
        assert result.project_path.parent == bake
        assert rendered[name] == {"{{ 7*7 }}": "49"}.get(hostile, hostile)
    else:
        # Of cookiecutter: it evaluates what stands on its command line, and makes a folder.
        own_error = type(result.exception).__name__ == "UndefinedVariableInTemplate"
        stderr = capfd.readouterr().err
        no_folder = name == "project_slug" and not is_a_name(hostile)
        assert own_error == (hostile == "${{ x }}" or no_folder)
        assert own_error or f"can't be used; nothing was generated.\n\n  {name} " in stderr
        assert "Traceback" not in stderr
        assert tree(tmp_path) - before <= {bake}
    assert Path("/etc/x").exists() == outside
    assert not Path("/tmp/ion-owned").exists()


@pytest.mark.parametrize("slug", ["../x", "a/b", "a" * 300, "", "..", "/etc/x", "a\nb"])
@pytest.mark.parametrize("also", [[], ["description=x"]], ids=["", "with all answers"])
def test_a_slug_that_is_no_folder_is_refused_at_once(
    small_template: Path, tmp_path: Path, slug: str, also: list[str]
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    done = cookiecutter(work, str(small_template), "--no-input", f"project_slug={slug}", *also)
    assert done.returncode == 1
    told = "a project_slug that can be a folder here, such as ion-mentoring; nothing was generated"
    assert told in done.stdout + done.stderr
    assert ("Traceback" in done.stderr) == bool(also)
    assert {path.name for path in tmp_path.rglob("*")} <= {"work", "home"}


def test_the_defaults_make_a_service(cookies: Any, small_template: Path) -> None:
    result = cookies.bake(template=str(small_template))
    assert result.exit_code == 0
    assert result.project_path.name == "ion-mentoring"
    assert answers_in(result.project_path)["alert_email_team"] == "ion"


def test_a_slug_is_made_of_the_name(cookies: Any, small_template: Path) -> None:
    name = 'O\'Brien "svc" 한글' + " long" * 16
    result = cookies.bake(template=str(small_template), extra_context={"project_name": name})
    assert result.project_path.name == "o-brien-svc-hangeul-long-long-long-long-long-long"
    assert answers_in(result.project_path)["project_name"] == name


def test_all_problems_are_told_at_once_and_nothing_is_left(
    small_template: Path, output: Path
) -> None:
    wrong = {
        "project_name": "a\nb",
        "project_slug": "~x",
        "sentry_dsn": f"https://{KEY}:{KEY[::-1]}@h.io/2",
        "traces_sample_rate": "1.5",
        "alert_slack_channel": "Ion Alerts",
    }
    before = tree(output.parent)
    run = cookiecutter(
        output, "--no-input", str(small_template), *(f"{k}={v}" for k, v in wrong.items())
    )
    home = output.parent / "home"
    assert run.returncode == 1
    assert {path for path in tree(output.parent) - before if home not in path.parents} == {home}
    assert run.stderr.startswith("5 answers can't be used; nothing was generated.\n\n")
    assert re.findall(r"^  (\w+) ", run.stderr, re.MULTILINE)[:-1] == list(wrong)
    assert "given: '~x'" in run.stderr and "right: x" in run.stderr
    assert KEY[::-1] not in run.stderr
    assert "Traceback" not in run.stderr


def test_the_command_in_the_refusal_brings_back_the_good_answers(
    small_template: Path, output: Path
) -> None:
    kept = {"project_name": 'O\'Brien "svc" $HOME 한글', "database": "postgresql"}
    wrong = ["project_slug=fastapi", "sentry_dsn=changeme"]
    run = cookiecutter(
        output, "--no-input", str(small_template), *(f"{k}={v}" for k, v in kept.items()), *wrong
    )
    assert "can't be used" in run.stderr
    [line] = re.findall(r"^  cookiecutter .*$", run.stderr, re.MULTILINE)
    assert "project_slug=" not in line and "sentry_dsn=" not in line
    right = re.findall(r"right: (.*)", run.stderr)
    assert right[0] == "fastapi-service"
    again = cookiecutter(
        output,
        *shlex.split(line)[1:],
        f"project_slug={right[0]}",
        f"sentry_dsn={right[1]}",
        "--no-input",
    )
    assert again.returncode == 0 and not again.stderr
    assert answers_in(output / "fastapi-service").items() >= kept.items()


def test_jinja_typed_at_a_prompt_is_refused(small_template: Path, output: Path) -> None:
    run = cookiecutter(output, str(small_template), typed="\n\n{{ 7*7 }}\n" + 13 * "\n")
    assert run.returncode == 1
    assert "1 answer can't be used" in run.stderr
    assert "description holds {{, which cookiecutter would evaluate" in run.stderr
    assert not tree(output)


def test_the_prompts_can_all_be_answered_with_enter(small_template: Path, output: Path) -> None:
    run = cookiecutter(output, str(small_template), typed=16 * "\n")
    assert run.returncode == 0 and not run.stderr
    assert "[1/16] Name of the service" in run.stdout
    assert answers_in(output / "ion-mentoring")["license"] == "Proprietary"


def test_a_refusal_can_be_written_in_any_encoding(small_template: Path, output: Path) -> None:
    arguments = [
        "--no-input",
        str(small_template),
        "project_name=한글",
        "project_slug=" + "글" * 60,
    ]
    run = cookiecutter(output, *arguments, PYTHONIOENCODING="ascii")
    assert run.returncode == 1
    assert run.stderr.startswith("1 answer can't be used")
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("dsn", ["changeme", "https://h.io/2", f"http://{KEY}@h.io/2"])
def test_a_dsn_that_cannot_work_makes_no_service(
    cookies: Any, small_template: Path, capfd: pytest.CaptureFixture[str], dsn: str
) -> None:
    result = cookies.bake(template=str(small_template), extra_context={"sentry_dsn": dsn})
    assert result.exit_code != 0
    assert f"  sentry_dsn {HOOK.dsn_problem(dsn)}\n" in capfd.readouterr().err


def test_a_dsn_that_works_makes_a_service(cookies: Any, small_template: Path) -> None:
    dsn = f"https://{KEY}@o1.ingest.us.sentry.io/4504044639748096"
    result = cookies.bake(template=str(small_template), extra_context={"sentry_dsn": f" {dsn}\n"})
    assert answers_in(result.project_path)["sentry_dsn"] == dsn


def test_a_project_that_is_there_is_left_alone(small_template: Path, output: Path) -> None:
    project = output / "ion-mentoring"
    project.mkdir()
    (project / "pyproject.toml").write_text("the team's own")
    before = tree(output)
    done = cookiecutter(output, "--no-input", "--overwrite-if-exists", str(small_template))
    assert done.returncode != 0
    assert f"There is a project in {project} already; nothing was changed." in done.stderr
    assert tree(output) == before
    assert (project / "pyproject.toml").read_text() == "the team's own"


def test_a_file_is_no_database_of_a_cluster(small_template: Path, output: Path) -> None:
    run = cookiecutter(output, "--no-input", str(small_template), "deploy=kubernetes")
    assert run.returncode == 1
    assert "deploy is kubernetes, where a file like SQLite's is not one for two pods" in run.stderr
    assert "right: docker; or kubernetes with another database" in run.stderr
    assert not tree(output)
    assert " deploy=" not in run.stderr  # of the command that brings the good answers back
