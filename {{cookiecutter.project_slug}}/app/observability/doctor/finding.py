"""What was found out: one line each, and what to do where it isn't right."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from ..viewer.screen import harmless, style

_SIGNS: Final = {True: ("ok", "green"), False: ("NOT OK", "red"), None: ("-", "dim")}


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
            return "\n" + style("bold", line)
        sign, color = _SIGNS[line.ok]
        about = harmless(line.about).ljust(34 if self._section == "Settings" else 18)
        first = f"  {style(color, f'{sign:6}')}  {about} {harmless(line.says)}"
        return f"{first}\n          -> {harmless(line.do)}" if line.do else first
