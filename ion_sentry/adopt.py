"""Finding out which version, with which answers, a service without state was made from."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ion_sentry.git import Failure
from ion_sentry.state import FILE, State, pyproject
from ion_sentry.template import Template, Version, rendered
from ion_sentry.update import make_plan, public_questions

# Below this share of lines there is no use in merging: nearly everything would be a conflict.
_ENOUGH = 0.5


@dataclass(frozen=True)
class Fit:
    """A version with answers, and how much of what they make is in the service."""

    version: Version
    answers: dict[str, str]
    share: float
    score: int


def best_fit(
    service: Path, template: Template, given: Mapping[str, str], tell: Callable[[str], None]
) -> Fit:
    """Find the version and the answers whose lines the service has the most of.

    Raises:
        Failure: if an answer is no right one, or the service has too little of any version.
    """
    versions = template.releases()
    # Judges what is given as an update would.
    make_plan(State(template.url, versions[0].commit, {}), template, given=given)
    known = {**_written_answers(service), **given}
    fits: list[Fit] = []
    refusals: list[Failure] = []
    for version in versions:
        tell(f"Comparing with {version.name} …")
        if fits:
            fits += _fit(service, template, version, [_best(fits).answers], refusals)
        else:
            fits += _with_best_choices(service, template, version, known, refusals)
    if not fits:
        raise refusals[0]
    best = _best(fits)
    if best.share < _ENOUGH:
        raise Failure(
            f"This is no service of {template.url}: it has {best.share:.0%} of the lines of the "
            "version that fits best. Generate a new one and move the code over."
        )
    return best


def _best(fits: list[Fit]) -> Fit:
    return max(fits, key=lambda fit: fit.score)  # among equals the first, of the newest version


def _with_best_choices(
    service: Path,
    template: Template,
    version: Version,
    known: Mapping[str, str],
    refusals: list[Failure],
) -> list[Fit]:
    """Try a version with what is known, then each other choice, one question after the other."""
    questions = public_questions(template, version)
    choices = {name: values for name, values in questions.items() if isinstance(values, list)}
    open_ones = [name for name, values in choices.items() if known.get(name) not in values]
    answers = {name: text for name, text in known.items() if name not in open_ones}
    fits = _fit(service, template, version, [answers], refusals)
    for name in open_ones:
        if fits:
            answers = _best(fits).answers
        others = [value for value in choices[name] if value != answers.get(name)]
        tried = [{**answers, name: value} for value in others]
        fits += _fit(service, template, version, tried, refusals)
    return fits


def _fit(
    service: Path,
    template: Template,
    version: Version,
    candidates: list[dict[str, str]],
    refusals: list[Failure],
) -> list[Fit]:
    """Compare with each of the candidates but those that the version refuses."""
    asked = public_questions(template, version)
    renderings = [
        template.render(version, {name: text for name, text in answers.items() if name in asked})
        for answers in candidates
    ]
    fits = []
    for rendering in renderings:
        try:
            result = rendered(version, rendering)
        except Failure as refusal:
            refusals.append(refusal)
            continue
        common, every = 0, 0
        for file in result.folder.rglob("*"):
            if file.is_file() and file.name not in (FILE, ".env"):
                wanted = _lines(file)
                common += (wanted & _lines(service / file.relative_to(result.folder))).total()
                every += wanted.total()
        # Lines that are missing count against it, so that neither a version that makes little nor
        # one that makes much has an advantage.
        fits.append(Fit(version, result.answers, common / max(every, 1), 2 * common - every))
    return fits


def _lines(file: Path) -> Counter[str]:
    return Counter(line.strip() for line in _read(file).splitlines() if line.strip())


def _written_answers(service: Path) -> dict[str, str]:
    """Read the answers that the service itself keeps in its `pyproject.toml`."""
    project = pyproject(service, "project")
    answers = {
        "project_slug": project.get("name", service.name),
        "description": project.get("description", ""),
        **pyproject(service, "tool", "ion-sentry"),
    }
    return {name: str(value) for name, value in answers.items()}


def _read(file: Path) -> str:
    return file.read_text("utf-8", errors="replace") if file.is_file() else ""
