"""The judgement of answers, as a function: what is taken, what is refused, and with which words."""

import ast
import json
import os
import re
import shlex
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.answers import (
    BAD,
    FREE_TEXT,
    GOOD,
    HOOK,
    HOOK_FILE,
    JINJA,
    KEY,
    QUESTIONS,
    ROOT,
    TOML_STRING,
    is_a_name,
    samples,
)


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


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(list(samples("project_slug"))) | text)
def test_cookiecutter_makes_no_folder_but_one_in_its_place(slug: str) -> None:
    if is_a_name(slug):
        with tempfile.TemporaryDirectory() as place:
            Path(place, slug).mkdir()
            assert [path.name for path in Path(place).iterdir()] == [slug]
    else:
        assert HOOK.slug_problem(slug)
