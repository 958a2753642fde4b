"""The standard's own modules, of a generated service, in the process of the tests."""

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Generate


class Standard:
    """`standard.line` is the module `app.observability.line`."""

    def __getattr__(self, name: str) -> Any:
        try:
            return importlib.import_module(f"app.observability.{name}")
        except ModuleNotFoundError as error:
            raise AttributeError(name) from error


@pytest.fixture
def standard(generate: Generate) -> Iterator[Standard]:
    """Import from a service with the default answers."""
    folder = str(generate().folder)
    sys.path.insert(0, folder)
    yield Standard()
    sys.path.remove(folder)
