"""The rules of `scrubbing` one by one, and made-up secrets for its tests.

They have the shape of real ones; some are put together here, so that no scanner takes this file
for a leak.
"""

from typing import Any

from app.observability.scrubbing import FILTERED, Scrubber
from app.observability.scrubbing.names import Names
from app.observability.scrubbing.secrets import Secrets
from app.observability.scrubbing.text import Texts
from app.observability.scrubbing.walk import Walk

CARD = "4111 1111 1111 1111"
RESIDENT = "900101-1234568"
EMAIL = "nobody@example.com"
JWT = "eyJ" + "hbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ.not-signed"
KEY = "-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----"
TOKEN = "N0tARea1T0kenButL0ngEn0ugh"
DATABASE = "postgresql+psycopg://someone:hunter2@db:5432/app"
LEAK = f"{EMAIL} {CARD} token=hunter2"
SCRUBBED = "[Filtered] [Filtered] token=[Filtered]"
SECRETS = {"token": "hunter2", "a": LEAK}
NO_SECRETS = {"token": FILTERED, "a": SCRUBBED}

SENSITIVE = """
    Password db_passwd passPhrase pass-code MYSQL_PWD 비밀번호 비번 인증번호
    client_secret refreshToken credential bearer jwt csrf xsrf hmac signature
    X-Api-Key api_key APIKey accessKeyId AccountKey private_key signing-key encryption.key
    Set-Cookie sessionToken PHPSESSID ConnectionString DATABASE_URL db-url
    cardNo card_number CreditCard ccnum 카드번호 account_number 계좌번호 주민번호 주민등록번호
    resident_registration passport db.params db.query.parameter.0 input_value
    auth oauth Authorization authorisation Proxy-Authorization
    hasło passord adgangskode jelszó シークレット トークン 秘密鍵 パスワード clave_secreta
    securityAnswer code_verifier client_assertion SAMLResponse id_rsa
    db_pass pw userPin OTP totp PAN cvv cvc2 ssn rrn iban SENTRY_DSN connect.sid sig cred creds
    \uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44 user[password]
""".split()  # noqa: SIM905

SHAPES = {
    "JWT": JWT,
    "signed session": "eyJ1c2VyIjogMX0=.Z0Z0.not_signed",
    "AWS": "AKIAIOSFODNN7EXAMPLE",
    "AWS, temporary": "ASIAIOSFODNN7EXAMPLE",
    **{f"GitHub {kind}": f"gh{kind}_" + 36 * "x" for kind in "opsur"},
    "GitHub, fine-grained": "github_pat_" + 22 * "x",
    "GitLab": "glpat-" + 20 * "x",
    "Google": "AIza" + 35 * "x",
    "Google OAuth": "ya29." + 30 * "x",
    "Hugging Face": "hf_" + 34 * "x",
    "npm": "npm_" + 36 * "x",
    "OpenAI": "sk-proj-" + 30 * "x",
    "PyPI": "pypi-" + 40 * "x",
    "SendGrid": f"SG.{22 * 'x'}.{43 * 'x'}",
    "Sentry": "sntrys_" + 40 * "x",
    "Slack": "xoxb-" + 12 * "1",
    **{f"Stripe {kind}": f"{kind}_" + 24 * "x" for kind in ("sk_live", "rk_test", "pk_live")},
    "private key": KEY,
    "private key of a kind": KEY.replace("PRIVATE", "RSA PRIVATE"),
    "bcrypt": "$2b$12$" + 53 * "x",
    "argon2": "$argon2id$v=19$m=65536,t=3,p=4$" + 22 * "x",
    "PBKDF2": "pbkdf2_sha256$600000$" + 40 * "x",
    "e-mail": EMAIL,
    "e-mail, tagged": "no.body+tag%x@mail.example.co.kr",
    "card": CARD,
    "card, hyphens": CARD.replace(" ", "-"),
    "card, one piece": CARD.replace(" ", ""),
    "card of 13 digits": "4222222222222",
    "card of 15 digits": "3782 822463 10005",
    "card of 19 digits": "6304 0000 0000 0000 000",
    "resident": RESIDENT,
    "resident, one piece": RESIDENT.replace("-", ""),
    "resident, blank": RESIDENT.replace("-", " "),
    "foreigner, leap day": "000229-8999999",
}


class Rules(Texts):
    """The rules one by one, as they are before a known secret is looked for in all the rest."""

    def __init__(self, extra_keys: Any = (), own: Any = ()) -> None:
        self.names = Names(extra_keys)
        self.scrubber = Scrubber(extra_keys, own)
        super().__init__(self.names, Secrets(), own)

    def value(self, value: Any) -> Any:
        return Walk(self.names, self, Secrets()).value(value)

    def event(self, event: Any) -> Any:
        return self.scrubber.payload("event", event)

    def breadcrumb(self, crumb: Any) -> Any:
        return self.event({"breadcrumbs": {"values": [crumb]}})["breadcrumbs"]["values"][0]

    def log(self, log: Any) -> Any:
        return next(iter(self.scrubber.payload("log", {"items": [log]})["items"]), None)

    def metric(self, metric: Any) -> Any:
        return next(iter(self.scrubber.payload("trace_metric", {"items": [metric]})["items"]), None)


SCRUBBER = Rules()


# By rules that remember nothing of other tests, such as texts that were harmless.
def text(before: str) -> str:
    return Rules().text(before)


def value(before: Any) -> Any:
    return Rules().value(before)


def event(before: Any) -> Any:
    return Rules().event(before)


def planted(path: str, leaf: Any, **beside: Any) -> dict[str, Any]:
    """Return a dict in which `leaf` is at `path`, `beside` other fields; `0` stands for a list."""
    *parents, name = path.split("/")
    tree: Any = {**beside, name: leaf}
    for parent in reversed(parents):
        tree = [tree] if parent == "0" else {parent: tree}
    assert isinstance(tree, dict)
    return tree
