"""What was found out: one line each, and what to do where it isn't right."""

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


class Report:
    """What was found: printed line by line for a person, or kept for a program."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_quiet = is_quiet
        self._section = ""
        self.findings: list[dict[str, Any]] = []

    @property
    def wrong(self) -> int:
        """How many findings are NOT OK."""
        return sum(finding["ok"] is False for finding in self.findings)

    def tell(self, line: str | Finding) -> None:
        """Take a heading or a finding."""
        if isinstance(line, Finding):
            self.findings.append({"section": self._section, **asdict(line)})
        else:
            self._section = line
        if not self._is_quiet:
            print(self._text(line), flush=True)

    def _text(self, line: str | Finding) -> str:
        if isinstance(line, str):
            return "\n" + _style("1", line)
        sign, color = _SIGNS[line.ok]
        about = line.about.ljust(34 if self._section == "Settings" else 18)
        first = f"  {_style(color, f'{sign:6}')}  {about} {_harmless(line.says)}"
        return f"{first}\n          -> {_harmless(line.do)}" if line.do else first


def _style(code: str, text: str) -> str:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return f"\x1b[{code}m{text}\x1b[0m" if sys.stdout.isatty() and not plain else text


def _harmless(text: str) -> str:
    """A server's words can't steer the terminal."""
    return "".join(char if char.isprintable() else " " for char in text)
