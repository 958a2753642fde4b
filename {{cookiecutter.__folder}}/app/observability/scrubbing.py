"""What is secret reads `[Filtered]` before anything leaves the process."""

import re
from collections.abc import Iterable
from typing import Any, Final

FILTERED: Final = "[Filtered]"
SENSITIVE_KEYS: Final = ("password", "passwd", "pwd", "secret", "token", "auth", "apikey", "cookie")


class Scrubber:
    def __init__(self, extra_keys: Iterable[str] = ()) -> None:
        keys = "|".join(map(re.escape, (*SENSITIVE_KEYS, *extra_keys)))
        self._keys = re.compile(keys, re.IGNORECASE)
        value = r"""'[^']*'|"[^"]*"|\S+"""
        self._pair = re.compile(rf"((?:{keys})\w*\s*[=:]\s*)({value})", re.IGNORECASE)

    def value(self, value: Any, key: str = "") -> Any:
        if key and self._keys.search(key.replace("_", "").replace("-", "")):
            return FILTERED
        if isinstance(value, dict):
            return {name: self.value(part, str(name)) for name, part in value.items()}
        if isinstance(value, list):
            return [self.value(part) for part in value]
        if isinstance(value, str):
            return self._pair.sub(rf"\1{FILTERED}", value)
        return value

    def event(self, event: Any) -> Any:
        return {
            key: part if key in {"sdk", "modules", "release", "event_id"} else self.value(part)
            for key, part in event.items()
        }

    def breadcrumb(self, crumb: Any, hint: Any = None) -> Any:
        return self.value(crumb)

    log = metric = event

    def add(self, scrub: Any) -> None: ...
