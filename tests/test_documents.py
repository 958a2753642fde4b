"""The README in both its languages says the same, and what it names is there."""

import re

import pytest

from tests.services import ROOT

ENGLISH = (ROOT / "README.md").read_text("utf-8")
KOREAN = (ROOT / "README.ko.md").read_text("utf-8")


def headings(text: str) -> list[int]:
    """Return the level of each heading."""
    plain = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return [len(found) for found in re.findall(r"^(#+) ", plain, re.MULTILINE)]


def blocks(text: str) -> list[str]:
    return re.findall(r"```.*?```", text, re.DOTALL)


def tables(text: str) -> list[list[str]]:
    """Return the tables: of each row what it has in code, and its numbers."""
    found = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    row = re.compile(r"`[^`]+`|\d+(?:[.,]\d+)*")
    return [[" ".join(sorted(row.findall(line))) for line in one.splitlines()] for one in found]


def links(text: str) -> list[str]:
    pictures = re.findall(r'(?:src|srcset)="([^"]+)"', text)
    return sorted(re.findall(r"\]\(([^)]+)\)", text) + pictures)


def test_both_have_the_same_sections_and_commands() -> None:
    assert headings(ENGLISH) == headings(KOREAN)
    assert blocks(ENGLISH) == blocks(KOREAN)


def test_both_have_the_same_tables() -> None:
    assert tables(ENGLISH) == tables(KOREAN)


def test_both_have_the_same_links() -> None:
    other = {"README.md": "README.ko.md"}
    assert links(ENGLISH) == sorted(other.get(link, link) for link in links(KOREAN))


@pytest.mark.parametrize("text", [ENGLISH, KOREAN], ids=["English", "Korean"])
def test_no_section_is_longer_than_a_screen(text: str) -> None:
    for section in re.split(r"^## ", text, flags=re.MULTILINE):
        assert len(section.splitlines()) <= 45, section.splitlines()[0]


def test_what_the_readme_and_the_documents_name_is_there() -> None:
    for link in links(ENGLISH):
        assert "://" in link or (ROOT / link).exists(), link
    for document in (ROOT / "docs").glob("*.md"):
        named = r"`((?:std|tests|app|ion_sentry|hooks|bench)/[\w/.*]+)`"
        for name in re.findall(named, document.read_text("utf-8")):
            place = name.replace("std/", "tests/standard/")
            folders = (ROOT, ROOT / "{{cookiecutter.project_slug}}")
            assert any(list(folder.glob(place)) for folder in folders), f"{document.name}: {name}"


def test_every_target_that_the_readme_names_is_one() -> None:
    makefiles = [ROOT / "Makefile", ROOT / "{{cookiecutter.project_slug}}" / "Makefile"]
    known = {
        target
        for file in makefiles
        for target in re.findall(r"^([a-z-]+):", file.read_text("utf-8"), re.MULTILINE)
    }
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", ENGLISH, re.MULTILINE)) <= known


# Where each command of the documents is run, or what it needs that no test has.
RUN_BY = {
    "cookiecutter": "tests/test_answers.py",
    "cp -R": "tests/test_moving.py",
    "curl": "tests/test_fresh_machine.py",
    "git clone": "tests/test_fresh_machine.py",
    "git status": "tests/test_moving.py",
    "ion-sentry fleet": "tests/updates/test_fleet.py",
    "ion-sentry monitoring": "tests/monitoring/test_together.py",
    "make check-sentry": "tests/test_doctor.py",
    "make check-update": "tests/updates/test_check.py",
    "make demo": "tests/test_fresh_machine.py",
    "make demo-monitoring": "tests/monitoring/test_demo_monitoring.py",
    "make lint": "tests/test_fresh_machine.py",
    "make manifests": "tests/test_deploy.py",
    "make monitoring-apply": "tests/monitoring/test_apply.py",
    "make monitoring-plan": "tests/monitoring/test_apply.py",
    "make reproduce": "tests/reproduce/test_forms.py",
    "make run": "tests/test_fresh_machine.py",
    "make test": "tests/test_fresh_machine.py",
    "make update": "tests/updates/test_update.py",
    "make viewer": "tests/test_viewer_page.py",
    "rm -R": "tests/test_moving.py",
}
NEEDS = {
    "docker": "Docker",
    "git push": "the repository",
    "kubectl": "a cluster",
    "make release": "the repository",
    "make rollout": "a cluster",
}


def test_each_command_is_run_by_a_test_or_says_what_it_needs() -> None:
    service = ROOT / "{{cookiecutter.project_slug}}"
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *service.glob("*.md")]
    found = set()
    for document in documents:
        for block in re.findall(r"^```sh\n(.*?)^```", document.read_text("utf-8"), re.M | re.S):
            for line in re.sub(r"\{%-?.*?%\}", "", block).split("\n"):
                found |= {command.strip() for command in line.split("#")[0].split("&&")}
    commands = {line for line in found if line and not re.match(r"cd |export ", line)}
    for command in commands:
        [place] = [
            place
            for start, place in (RUN_BY | NEEDS).items()
            if re.match(rf"{re.escape(start)}(?![\w-])", command)
        ]
        assert place in NEEDS.values() or (ROOT / place).exists(), command
    used = {start for start in RUN_BY | NEEDS if any(line.startswith(start) for line in commands)}
    assert used == set(RUN_BY | NEEDS)
