"""Drift: what was edited here of what is the template's."""

import re
from difflib import unified_diff
from pathlib import Path

from ion_sentry.git import git, paths
from ion_sentry.state import skipped
from ion_sentry.template import Template, Version

_REGION = re.compile(
    r"^ *# >>> ion-sentry-template.*?^ *# <<< ion-sentry-template$", re.MULTILINE | re.DOTALL
)


def drift(service: Path, template: Template, version: Version, rendered: Path) -> dict[str, str]:
    """Compare the template's files and regions with the service's, as diffs by path."""
    # Listed by git, for which `skip` is written.
    skip = [f":(exclude,glob){path}" for path in skipped(service)]
    places = (f"--git-dir={template.clone}", f"--work-tree={rendered}")
    diffs = {}
    for path in sorted(
        paths(git(rendered, *places, "ls-files", "-z", "--others", "--", ".", *skip))
    ):
        wanted = _text(rendered / path)
        is_whole = template.owns(version, path)
        if is_whole or _REGION.search(wanted):
            found = _text(service / path)
            wanted = wanted if is_whole else _with_regions(found, wanted)
            if found != wanted:
                before, after = (text.splitlines(keepends=True) for text in (wanted, found))
                lines = unified_diff(before, after, f"template/{path}", f"service/{path}")
                diffs[path] = "".join(lines)
    return diffs


def _text(file: Path) -> str:
    return file.read_text("utf-8", errors="replace") if file.is_file() else ""


def _with_regions(found: str, wanted: str) -> str:
    """Put the template's regions in the place of the service's; without those, all of its text."""
    regions = _REGION.findall(wanted)
    if len(_REGION.findall(found)) != len(regions):
        return wanted
    ahead = iter(regions)
    return _REGION.sub(lambda _: next(ahead), found)
