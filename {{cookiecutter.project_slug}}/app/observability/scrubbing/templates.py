"""Arguments of log calls that their names, or the template's words before them, call secret."""

import re
from functools import lru_cache
from typing import Any, Final

from .names import Names
from .values import FILTERED, says_nothing

LONGEST: Final = 2048  # characters of a template
_PLACEHOLDER: Final = re.compile(
    r"%%|%(?:\((?P<name>\w{1,64})\))?[-+ #0-9.*]{0,16}[a-zA-Z]|\{(?P<field>\w{0,64})[^{}]{0,64}\}"
)
_WORD: Final = re.compile(r"[\w-]{1,64}")
_FILLERS: Final = frozenset({"is", "was", "are", "of", "the", "a"})


class Templates:
    """Judges templates; the same ones come with every record."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self.secret_in = lru_cache(1024)(self._secret_in)

    def _secret_in(self, template: str) -> frozenset[str]:
        """Return the places of secret arguments: names, or positions as text."""
        secret, start = set(), 0
        position = {"%": 0, "{": 0}  # of the next argument: braces in a `%` template take none
        for found in _PLACEHOLDER.finditer(template):
            if found[0] == "%%":
                continue
            kind = found[0][0]
            name = found["name"] or found["field"] or str(position[kind])
            words = _WORD.findall(template, start, found.start())
            while words and words[-1] in _FILLERS:
                words.pop()
            told = [name, words[-1] if words else "", " ".join(words[-2:])]
            if any(map(self._names.is_secret, told)):
                secret.add(name)
            start = found.end()
            position[kind] += 1
        return frozenset(secret)

    def message(self, template: str, args: Any) -> str | None:
        """Return the message without its secret arguments, None if they don't fit."""
        try:
            secret = self.secret_in(template[:LONGEST])
            if not secret:
                return str(template % args)
            fitting: list[str] = []
            kept: list[Any] = []
            done = position = 0
            for found in _PLACEHOLDER.finditer(template[:LONGEST]):
                if found[0] == "%%" or found[0][0] == "{":
                    continue
                name = found["name"] or str(position)
                fitting += template[done : found.start()], found[0]
                value = args[position if isinstance(args, tuple) else name]
                if name in secret and not says_nothing(value):
                    fitting[-1] = FILTERED
                elif isinstance(args, tuple):
                    kept.append(value)
                done, position = found.end(), position + 1
            text = "".join((*fitting, template[done:]))
            return str(text % (tuple(kept) if isinstance(args, tuple) else args))
        except BaseException:  # as `logging` has it, that is nobody's trouble
            return None
