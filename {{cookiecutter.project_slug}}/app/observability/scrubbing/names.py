"""Which names call what they name secret: judged by their words, whole ones, in any spelling.

`userPin`, `user_pin` and `USER-PIN` have the words `user pin`; `spin` and `opinion` are words of
their own. What counts, dates or describes a secret (`max_tokens`, `password_changed_at`) is none.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from .values import is_number, looks_random, says_nothing

_LONGEST: Final = 256  # characters of a name
_MOST: Final = 100  # of what is called tokens

# Whole words, or the end of one written together: `dbpassword`, `csrfmiddlewaretoken`.
_ENDINGS: Final = (
    "password|passwd|passphrase|passcode|passkey|pwd|pswd|secret|token|credential|cookie|jwt|"
    "apikey|secretkey|accesskey|privatekey|sessionid|sessid|signature|pincode|connectionstring|"
    "contrasena|motdepasse|passwort|kennwort|senha|wachtwoord|losenord|salasana|passord|"
    "adgangskode|jelszo|пароль"
)
_WORDS: Final = (
    "dbpass|userpass|creds?|authorization|authorisation|bearer|jw[est]|csrf|xsrf|hmac|sid|iban|"
    "ssn|rrn|cvv|cvc|cvn|dsn|passport|mnemonics?|connstr|dburl|databaseurl|cardno|cardnum|"
    "cardnumber|ccnum|ccnumber|accountno|accountnumber|acctno|creditcard|accountkey|signingkey|"
    "encryptionkey|sshkey|masterkey|ipaddress|ipaddr|mdp|haslo|heslo|sifre|parola|"
    "clave secreta|security (?:question )?answer|(?:code|oauth) verifier|client assertion|"
    "saml ?response|id rsa|"
    "pass (?:phrase|code|word|key)|db params|db query parameter|input value|mot de passe|"
    "seed (?:phrase|words?)|(?:recovery|secret|backup|wallet) (?:phrase|seed)|"
    "(?:conn|connection) (?:str|string|ur[il])|(?:credit|debit) card|bank account|"
    "access key id|drivers? licen[cs]e|resident registration|"
    "(?:remote|client|peer|source|user) addr(?:ess)?|forwarded for|"
    "(?<!server )(?<!host )(?<!pod )(?<!node )ip (?:addr(?:ess)?(?:es)?)|"
    "(?:database|db|redis|mongo|mongodb|postgres|postgresql|mysql|amqp|rabbitmq|broker|webhook|"
    "hook) ur[il]|"
    "(?:card|account|acct|passport|social security|resident|licen[cs]e) (?:number|no|num|nr)|"
    "(?:access|account|activation|admin|aes|anon|anthropic|api|app|application|auth|aws|azure|"
    "bot|client|consumer|crypto|decryption|deploy|encrypt|encryption|fernet|gcp|github|gitlab|"
    "google|gpg|jwk|kakao|kms|licen[cs]e|maps|master|naver|openai|paypal|pgp|priv|private|"
    "recovery|role|rsa|secret|security|sendgrid|server|service|session|shared|sign|signing|slack|"
    "ssh|storage|stripe|subscription|symmetric|toss|twilio|vapid|webhook) keys?|"
    "(?:2fa|access|activation|auth|authentication|authorization|backup|confirm|confirmation|"
    "device|invitation|invite|login|mfa|one time|otp|pairing|pass|pin|recovery|reset|security|"
    "signin|sms|totp|unlock|verification|verify) codes?"
)
# Common in other senses: secret only as a name's end. `user_pin`, but neither `pin_color` nor
# `pass_rate`.
_LAST: Final = (
    "pass|pw|pin|otp|totp|pan|sig|auth|oauth|2fa|mfa|parol|forwarded|"
    "(?<!server )(?<!host )(?<!pod )(?<!node )ip"
)
_SECRET: Final = re.compile(
    rf"(?<![^ ])(?:(?P<ending>[^ ]*?(?:{_ENDINGS})s?|(?:passw(?:or)?d|token)[^ ]+)|{_WORDS}"
    rf"|(?:{_LAST})(?= (?:hash|value|again|confirm|confirmation|header|data|string)\Z|\Z))(?![^ ])"
)
_COUNTED: Final = re.compile(r"(?<![^ ])(?:[^ ]*tokens|session ?id)(?![^ ])")
_DOUBTFUL: Final = re.compile(r"(?<![^ ])(?:session|salt|authentication)\Z")
_NO_TOKEN: Final = re.compile(r"token(?:iz|is|less)|passw(?:or)?dless")

# Korean, Japanese, Chinese: words are not told apart, and are long enough not to be.
_CJK: Final = (
    "비밀번호|비번|암호(?!화|학|문)|패스워드|인증번호|인증코드|인증키|주민번호|주민등록번호|"
    "외국인등록번호|카드번호|계좌번호|여권번호|면허번호|보안코드|비밀키|개인키|시크릿|토큰|"
    "パスワード(?!ポリシー)|シークレット|トークン(?!数)|秘密鍵|暗証番号|認証コード|カード番号|密码|密碼|口令|验证码|驗證碼|令牌|密钥|密鑰"
)
_CJK_QUALIFIER: Final = re.compile(
    " ?(?:여부|개수|갯수|길이|일시|시각|날짜|방식|유형|종류|상태|정책|만료|횟수|필수|변경|수$|일$)"
)
# After the secret's name, or before it: what is named is not the secret itself.
_QUALIFIERS: Final = frozenset(
    """
    age alg algorithm at attempt attempts backend banner bucket budget change changed class
    column config consent count country created date days description domain duration enabled
    encoding endpoint error errors exempt exists expired expires expiration expiry factory field
    fields file form format hasher header hint hours id ids in index invalid kind label last left
    len length lifetime limit manager message method minutes mode model ms name names on origin
    page param parameter path pattern per placeholder policy prefix present provider rate reason
    regex region remaining required requirements reset retries rotated rule rules schema scheme
    scope scopes score seconds sent service size source state status strength suffix table
    timeout title total ttl type types updated uri url usage used valid validator version
    """.split()  # noqa: SIM905
)
_BEFORE: Final = frozenset(
    """
    allow avg can enable enabled estimated has is max maximum min minimum must n needs no num
    number of per require required requires should sum total use used uses with
    """.split()  # noqa: SIM905
)
_SPLIT: Final = re.compile(r"2fa|2FA|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for part in islice(value.values() if isinstance(value, dict) else value, _MOST):
            yield from _texts(part)


class Verdict(Enum):
    """What a name says of its value; `hides` tells whether that value has to go."""

    OPEN = "nothing"
    DOUBTFUL = "it may be secret: what looks random is"
    COUNTED = "secret, unless it is a number"
    SECRET = "secret"

    def hides(self, value: Any) -> bool:
        """Say whether `value` has to be filtered under such a name."""
        if self is Verdict.OPEN or says_nothing(value):
            return False
        if self is Verdict.SECRET:
            return True
        if is_number(value):
            return False
        if self is Verdict.COUNTED:
            return not isinstance(value, dict | list | tuple) or any(
                map(looks_random, _texts(value))
            )
        return isinstance(value, str) and looks_random(value)


class Names:
    """Judges names; parts of `extra_keys` in them, in any case and spelling, are secret, too."""

    def __init__(self, extra_keys: Iterable[str] = ()) -> None:
        """Take the team's own parts of names."""
        self._extra = tuple(filter(None, map(_plain, extra_keys)))
        # The same names come with every event.
        self.judge = lru_cache(4096)(self._judge)

    def of(self, name: str) -> Verdict:
        """Judge `name`, of which no more than the beginning and the end is looked at."""
        if len(name) > _LONGEST:
            name = f"{name[: _LONGEST // 2]} {name[-_LONGEST // 2 :]}"
        return self.judge(name)

    def is_secret(self, name: str) -> bool:
        """Say whether all of what `name` calls is secret."""
        return self.of(name) is Verdict.SECRET

    def _judge(self, name: str) -> Verdict:
        words = _words(name)
        text = " ".join(words)
        if self._extra and any(key in _plain(name) for key in self._extra):
            return Verdict.SECRET
        verdict = Verdict.OPEN
        for found in _SECRET.finditer(text):
            if found["ending"] and _NO_TOKEN.search(found["ending"]):
                continue
            before, after = text[: found.start()].split(), text[found.end() :].split()
            if not _QUALIFIERS.isdisjoint(after) or not _BEFORE.isdisjoint(before):
                verdict = Verdict.DOUBTFUL
            elif not _COUNTED.fullmatch(found[0]):
                return Verdict.SECRET
        if counted := _COUNTED.search(text):
            rest = text[: counted.start()].split() + text[counted.end() :].split()
            is_plain = _QUALIFIERS.isdisjoint(rest) and _BEFORE.isdisjoint(rest)
            return Verdict.COUNTED if is_plain else Verdict.DOUBTFUL
        if not text.isascii() and (compound := _CJK_WORDS.search(text)):
            qualified = _CJK_QUALIFIER.match(text, compound.end())
            return Verdict.DOUBTFUL if qualified else Verdict.SECRET
        return Verdict.DOUBTFUL if _DOUBTFUL.search(text) else verdict


_STROKES: Final = str.maketrans("łŁøØđĐı", "lLoOdDi")


def _words(name: str) -> list[str]:
    return [word.lower() for word in _SPLIT.findall(_folded(name))]


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, _folded(name).lower()))


def _folded(text: str) -> str:
    # Without accents, and full-width letters as plain ones.
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text.translate(_STROKES))
    kept = (letter for letter in apart if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", "".join(kept))


_CJK_WORDS: Final = re.compile(_folded(_CJK))
