"""Values for what an event doesn't tell: such as the route's own schema accepts."""

import random
from collections.abc import Iterator
from typing import Any, Final

Schema = dict[str, Any]

# They look invented, whoever reads them in a log, a database or a test.
_PLAIN: Final = ("invented", "Invented-1", "invented@example.com", "https://invented.example")
_NUMBERS: Final = ("4111111111111111", "+12025550100", "0000")
_BY_FORMAT: Final = {
    "email": "invented@example.com",
    "uri": "https://invented.example/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "date": "2000-01-01",
    "date-time": "2000-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "duration": "PT1H",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}
_FOREIGN_FORMATS: Final = ("binary", "duration", "password", "uuid")  # to the library


def values(schema: Schema, root: Schema) -> Iterator[Any]:
    """Yield values that `schema` accepts, the likeliest first; `root` holds what it refers to."""
    from jsonschema import Draft202012Validator

    whole = {**schema, "components": root.get("components", {})}
    accepts = Draft202012Validator(whole)
    options = [schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())]
    known = [
        _BY_FORMAT[kind] for kind in (part.get("format") for part in options) if kind in _BY_FORMAT
    ]
    for text in dict.fromkeys([*known, *_fitting(options), *_NUMBERS]):
        if accepts.is_valid(text):
            yield text
    yield _generated(whole)


def _fitting(options: list[Schema]) -> Iterator[str]:
    """Yield plain texts of the length that is asked for."""
    least = max((part.get("minLength", 0) for part in options), default=0)
    most = min((part.get("maxLength", 1000) for part in options), default=1000)
    for text in _PLAIN:
        if len(text) < least:
            text = f"{text}-{'invented' * (least // 8 + 1)}"[:least]
        yield text[:most]


def _generated(schema: Schema) -> Any:
    """Return the simplest value that a schema accepts, None if none is found."""
    from hypothesis import HealthCheck, Phase, find, settings
    from hypothesis.errors import HypothesisException
    from hypothesis.strategies import just
    from hypothesis_jsonschema import from_schema

    formats = {name: just(_BY_FORMAT.get(name, "invented")) for name in _FOREIGN_FORMATS}
    calm = settings(
        database=None,
        deadline=None,
        max_examples=100,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    try:
        strategy = from_schema(schema, custom_formats=formats)
        return find(
            strategy, lambda value: value is not None, settings=calm, random=random.Random(0)
        )
    except (HypothesisException, ValueError):
        return None
