"""The standard's own modules, of a generated service, in the process of the tests."""

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Generate


class Standard:
    """`standard.delivery.line` is the module `app.observability.delivery.line`."""

    def __init__(self, name: str = "app.observability") -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        try:
            module = importlib.import_module(f"{self._name}.{name}")
        except ModuleNotFoundError as error:
            raise AttributeError(name) from error
        return Standard(module.__name__) if hasattr(module, "__path__") else module


@pytest.fixture
def standard(generate: Generate) -> Iterator[Standard]:
    """Import from a service with the default answers."""
    folder = str(generate().folder)
    sys.path.insert(0, folder)
    yield Standard()
    sys.path.remove(folder)
