"""What the commands say, and ask."""

import click
from rich.console import Console
from rich.syntax import Syntax

from ion_sentry.merge import Merged
from ion_sentry.update import Plan

out = Console(highlight=False, soft_wrap=True)
progress = Console(stderr=True, highlight=False)


def asked(plan: Plan, defaults: dict[str, str]) -> dict[str, str]:
    """Ask what the new version wants to know."""
    questions = plan.template.questions(plan.new)
    answers = {}
    for name, default in defaults.items():
        prompt = questions.get("__prompts__", {}).get(name, name)
        text = prompt["__prompt__"] if isinstance(prompt, dict) else prompt
        is_choice = isinstance(questions[name], list)
        kind = click.Choice(questions[name]) if is_choice else click.STRING
        answers[name] = click.prompt(f"{name}: {text}", default=default, type=kind)
    return answers


def report(
    plan: Plan, merged: Merged, new_answers: dict[str, str], changes: str, dry_run: bool
) -> None:
    """Say what is new, what was decided, and what is left to do."""
    would = "Would update" if dry_run else "Updated"
    out.print(f"{would} from {plan.old.name} to {plan.new.name}.")
    if changes:
        out.print(f"\n{changes}", markup=False)
    if new_answers:
        out.print("\nNew answers; another one: ion-sentry update --set ANSWER=VALUE")
        for name, text in new_answers.items():
            out.print(f"  {name}={text}", markup=False)
    if merged.notes:
        out.print("\nDecided for you:")
        for note in merged.notes:
            out.print(f"  {note}", markup=False)
    if merged.conflicts:
        out.print(f"\n[red]{len(merged.conflicts)} to resolve by hand:[/]")
        for path, why in merged.conflicts.items():
            out.print(f"  {path}: {why}", markup=False)
    if dry_run:
        out.print("\nNothing was changed.")
    elif merged.conflicts:
        out.print(
            "\nEdit what lies between <<<<<<< (the service), ||||||| (the old version) and >>>>>>> "
            "(the new one),\nthen: git add the files, make test, git commit. "
            "To drop the update: git reset --hard"
        )
    else:
        out.print("\nAll of it is staged. Next: git diff --cached, make install test, git commit")


def show_diff(text: str) -> None:
    if out.is_terminal:
        out.print(Syntax(text, "diff", background_color="default"))
    else:
        click.echo(text)
