"""A template with three versions, and services of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ion_sentry.template import Template, templates
from tests.updates.edits import TEAMS, Team
from tests.updates.history import make_template
from tests.updates.simulation import begin


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template's repository, with the versions v90.1.0, v90.2.0 and v90.3.0."""
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def template(repository: Path) -> Iterator[Template]:
    with templates(workers=1) as found:
        yield found.get(repository.as_uri())


UNEDITED: Team = TEAMS[0]


@pytest.fixture
def service(repository: Path, tmp_path: Path) -> Path:
    """A committed service of v90.1.0."""
    return begin(repository.as_uri(), tmp_path, UNEDITED)
