"""What was found out: one line each, and what to do where it isn't right."""

import json
import os
import sys
from dataclasses import asdict, dataclass
from typing import Any, Final

_SIGNS: Final = {True: ("ok", "32"), False: ("NOT OK", "31"), None: ("-", "2")}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `ok` is None where there is nothing to judge."""

    about: str
    ok: bool | None
    says: str
    do: str = ""

    def lines(self) -> list[str]:
        """Write it for a person."""
        sign, color = _SIGNS[self.ok]
        first = f"  {_style(color, f'{sign:6}')}  {self.about:18} {_harmless(self.says)}"
        return [first, f"          -> {_harmless(self.do)}"] if self.do else [first]


def title(text: str) -> str:
    """Write a heading."""
    return "\n" + _style("1", text)


def as_json(findings: list[Finding], more: dict[str, Any]) -> str:
    """Write all of it for a program."""
    ok = not any(finding.ok is False for finding in findings)
    told = [asdict(finding) for finding in findings]
    return json.dumps({"ok": ok, "findings": told, **more}, indent=2, ensure_ascii=False)


def _style(code: str, text: str) -> str:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return f"\x1b[{code}m{text}\x1b[0m" if sys.stdout.isatty() and not plain else text


def _harmless(text: str) -> str:
    """A server's words can't steer the terminal."""
    return "".join(char if char.isprintable() else " " for char in text)
