"""An update of one service: what it would be, and how it is done."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ion_sentry.git import Failure, git
from ion_sentry.merge import (
    ANY,
    Merged,
    Place,
    commits,
    merge,
    paths_to_write,
    refuse_dirty,
    undone_on_failure,
)
from ion_sentry.state import FILE, State, skipped
from ion_sentry.template import SECRET, Template, Version, rendered


@dataclass(frozen=True)
class Plan:
    """From where to where a service is updated, and with which answers."""

    state: State
    template: Template
    old: Version
    new: Version
    answers: dict[str, str]

    @property
    def is_needed(self) -> bool:
        known = {name: self.state.answers.get(name) for name in self.answers}
        return self.old.commit != self.new.commit or known != self.answers

    def new_answers(self) -> dict[str, str]:
        """Return what the service has never been asked, with the defaults for it.

        Raises:
            Failure: if the new version refuses the answers.
        """
        answers = rendered(self.new, self.template.render(self.new, self.answers)).answers
        return {name: text for name, text in answers.items() if name not in self.state.answers}

    def with_answers(self, answers: Mapping[str, str]) -> "Plan":
        return replace(self, answers={**self.answers, **answers})

    def message(self) -> str:
        changes = self.template.changes(self.old, self.new)
        return f"Update from the template: {self.new.name}\n\n{changes}".strip()


def public_questions(template: Template, version: Version) -> dict[str, Any]:
    """Return what a version asks and records, with the defaults."""
    questions = template.questions(version).items()
    return {name: text for name, text in questions if name[0] != "_" and name not in SECRET}


def make_plan(
    state: State, template: Template, to: str | None = None, given: Mapping[str, str] | None = None
) -> Plan:
    """Plan the update of a service to a version, or to the newest release.

    Raises:
        Failure: if there is no such version or answer, or the service's own version is lost.
    """
    given = given or {}
    try:
        old = template.version(state.commit)
    except Failure:
        raise Failure(
            f"{template.url} doesn't have the service's version {state.commit}. Delete {FILE} and "
            f"run `ion-sentry adopt {template.url}` to find the one that fits best."
        ) from None
    new = template.version(to) if to else template.releases()[0]
    if not to and template.is_older(new, old):
        new = old
    questions = public_questions(template, new)
    if unknown := sorted(given.keys() - questions.keys()):
        where = " It stays in .env." if unknown[0] in SECRET else ""
        known = ", ".join(questions)
        raise Failure(f"{new.name} does not ask for {unknown[0]}.{where} It asks for: {known}.")
    both = {**state.answers, **given}
    answers = {name: both[name] for name in questions if name in both}
    for name, text in answers.items():
        if isinstance(questions[name], list) and text not in questions[name]:
            choices = ", ".join(questions[name])
            raise Failure(f"{name}={text} is no choice: --set {name}=… with one of {choices}.")
    return Plan(state, template, old, new, answers)


def carry_out(plan: Plan, place: Place) -> Merged:
    """Merge the update into a clean working tree, staged, with the new state.

    Raises:
        Failure: and then the tree is as it was.
    """
    refuse_dirty(place)
    skip = skipped(place.folder)
    known = public_questions(plan.template, plan.old)
    before = {name: text for name, text in plan.state.answers.items() if name in known}
    old_rendering = plan.template.render(plan.old, before)
    new = rendered(plan.new, plan.template.render(plan.new, plan.answers))
    old = rendered(plan.old, old_rendering)
    pair = commits(place, old.folder, new.folder, plan.message(), skip)
    written = paths_to_write(place, *pair)
    with undone_on_failure(place, written):
        merged = merge(place, *pair)
        answers = {name: SECRET.get(name, text) for name, text in new.answers.items()}
        replace(plan.state, commit=plan.new.commit, answers=answers).write(place.folder)
        git(place.folder, "add", *ANY, "--", FILE)
    return merged
