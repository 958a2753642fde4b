"""What is secret wherever it stands: tokens, keys, e-mail addresses, numbers of cards and persons.

The tokens' shapes follow the rules of gitleaks (config/gitleaks.toml, commit 009e025a, read in
November 2026), but are looser: ends and lengths may vary, and entropy is not measured. Those of
Braintree, Discord, Grafana, Netlify, Supabase, Toss and Vercel are from memory, not from a source.

Every pattern works in linear time: repetitions are bounded, or exclude each other. Only single
characters are possessive: Python before 3.11.5 finds the wrong end of a possessive group
(https://github.com/python/cpython/issues/106052).
"""

import re
from datetime import date
from typing import Final

from .values import FILTERED

_TOKENS: Final = (
    # Signed and encoded
    r"eyJ[\w-]{12,}+[\w.=-]*+",  # JWT, signed sessions
    r"AGE-SECRET-KEY-1[0-9A-Z]{50,60}",
    r"[A-Za-z0-9+/]{86}==",  # Azure storage
    # A line of a private key
    r"(?<![\w+/=-])(?=[a-z\d+/]*+[A-Z])(?=[A-Z\d+/]*+[a-z])[A-Za-z\d+/]{64}(?![\w+/=-])",
    # Hashes of passwords
    r"\$2[abxy]\$\d\d\$[\w./]{53}|\$argon2i?d?\$[\w$+/=,.-]{20,}+",
    r"pbkdf2_\w{1,16}\$\d+\$[\w$+/=.-]{20,}+",
    # Clouds
    r"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    r"AIza[\w-]{35}|ya29\.[\w-]{20,}+|GOCSPX-[\w-]{20,}+|1//0[\w-]{30,}+",  # Google
    r"LTAI[A-Za-z0-9]{16,24}(?![A-Za-z0-9])",  # Alibaba
    r"do[opr]_v1_[a-f0-9]{32,}+",  # DigitalOcean
    r"[\w~.]{3}\dQ~[\w~.-]{31,34}",  # Azure AD
    r"dapi[a-f0-9]{32}(?:-\d)?",  # Databricks
    r"HRKU-[\w-]{30,}+|fo1_[\w-]{40,}+|fm[12][ar]?_[\w+/=-]{40,}+",  # Heroku, Fly
    r"v1\.0-[a-f0-9]{24}-[a-f0-9]{100,}+|cf[aku]t_[\w-]{30,}+",  # Cloudflare
    r"nf[pcoub]_[A-Za-z0-9]{30,}+|vc[pkiar]_[A-Za-z0-9]{24,}+",  # Netlify, Vercel
    r"sb[pv]_[a-f0-9v_]{36,}+|sb_secret_[\w-]{20,}+",  # Supabase
    r"pscale_\w{2,5}_[\w=.-]{30,}+|pul-[a-f0-9]{40}",  # PlanetScale, Pulumi
    r"hv[sbr]\.[\w-]{24,}+|s\.(?=[A-Za-z]{0,24}\d)[A-Za-z0-9]{24}(?![A-Za-z0-9])",  # Vault
    r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,}+|ops_eyJ[\w+/=]{40,}+",  # Doppler, 1Password
    r"A3-[A-Z0-9]{6}-[A-Z0-9-]{20,}+|p8e-[a-z0-9]{32}|AKCp[A-Za-z0-9]{60,}+",
    # Code, packages, builds
    r"gh[opsur]_\w{30,}+|github_pat_\w{22,}+|gl[a-z]{2,5}-[\w-]{20,}+|GR1348941[\w-]{20,}+",
    r"ATATT3[\w=-]{40,}+|ATCTT3[\w=-]{40,}+|ATBB[\w=-]{28,}+|dckr_[op]at_[\w-]{20,}+",
    r"npm_[A-Za-z0-9]{36}|pypi-[\w-]{30,}+|rubygems_[a-f0-9]{40,}+|oy2[a-z0-9]{43}",
    r"CLOJARS_[a-z0-9]{60}|crates?io[A-Za-z0-9]{32}|API-[A-Z0-9]{26}(?![A-Za-z0-9])",
    r"PMAK-[a-f0-9]{24}-[a-f0-9]{30,}+|pnu_[A-Za-z0-9]{36}|sqp_[a-f0-9]{40}|tk-us-[\w-]{40,}+",
    r"sntry[a-z]_[\w+/=-]{20,}+|glsa_\w{32,}+|glc_[\w+/=-]{32,}+|NR(?:AK|JS|II)-[\w-]{19,}+",
    r"dt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{40,}+|sha256~[\w-]{43}|sgp_\w{40,}+",
    # Models
    r"sk-[\w-]{20,}+|hf_[A-Za-z0-9]{30,}+|api_org_[A-Za-z]{30,}+|pplx-[A-Za-z0-9]{40,}+",
    r"gsk_[A-Za-z0-9]{40,}+|r8_[A-Za-z0-9]{37}|xai-[A-Za-z0-9]{40,}+",
    # Messengers and mail
    r"xox[a-z](?:\.xox[bp])?-[\w-]{10,}+|xapp-\d-[\w-]{20,}+",  # Slack
    r"(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/+-]{8,}+",
    r"(?<=discord\.com/api/)webhooks/\d{1,24}/[\w-]{20,}+",
    r"(?<=discordapp\.com/api/)webhooks/\d{1,24}/[\w-]{20,}+",
    r"(?<=\.webhook\.office\.com/)webhook\w{0,4}/[\w@/-]{20,}+",
    r"[MNO][A-Za-z0-9]{22,27}\.[\w-]{6}\.[\w-]{25,}+",  # Discord
    r"(?:bot)?\d{5,16}:A[\w-]{34}",  # Telegram
    r"SG\.[\w-]{16,}+\.[\w-]{16,}+|key-[a-f0-9]{32}|pubkey-[a-f0-9]{32}",  # SendGrid, Mailgun
    r"[a-f0-9]{32}-us\d{1,2}(?!\w)|xkeysib-[a-f0-9]{64}-\w{16}|md-[\w-]{22}(?!\w)",  # Brevo
    r"(?:SK|AC)[a-f0-9]{32}(?!\w)|EAA[A-Za-z0-9]{2}[\w-]{40,}+",  # Twilio; Facebook, Square
    # Payment and shops
    r"[prs]k_(?:live|test|prod)_\w{10,}+|whsec_[\w+/=]{20,}+",  # Stripe
    r"(?:live|test)_g?[sc]k_\w{16,}+",  # Toss
    r"sq0[a-z]{3}-[\w-]{20,}+|access_token\$(?:production|sandbox)\$\w{8,32}\$[a-f0-9]{32}",
    r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|shippo_(?:live|test)_[a-f0-9]{40}|EZ[AT]K\w{50,}+",
    r"FLWSECK(?:_TEST)?-[\w-]{12,}+|rzp_(?:live|test)_\w{14,}+|duffel_(?:live|test)_[\w=-]{40,}+",
    # Others
    r"lin_(?:api|oauth)_[A-Za-z0-9]{32,}+|ntn_\w{40,}+|secret_[A-Za-z0-9]{43}|tfp_[\w.=-]{50,}+",
    r"figd_[\w-]{36,}+|pat[A-Za-z0-9]{14}\.[a-f0-9]{64}|rdme_[a-z0-9]{60,}+|phc_[A-Za-z0-9]{40,}+",
    r"sl\.[\w=-]{100,}+|fio-u-[\w=-]{60,}+|\w{6}_\w{29}_mmk(?!\w)|AQVN[\w-]{35,}+|t1\.[\w=-]{80,}+",
)
_SHORTEST: Final = 16
# Inside a `repr`, the `n` of an escaped line break touches the word after it.
_TOKEN: Final = re.compile(rf"(?:(?<=\\[nrt])|(?<![A-Za-z0-9]))(?:{'|'.join(_TOKENS)})")

_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY.*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)", re.DOTALL
)
# `git@github.com` is nobody.
_EMAIL: Final = re.compile(r"(?<![\w.+%-])(?!git@)[\w.+%-]++@(?:[\w-]++\.){1,8}[^\W\d_]{2,}+")
_DIGITS: Final = re.compile(
    r"(?<![0-9])(?<![0-9]\.)(?:[0-9]{6}[ -][1-8][0-9]{6}"
    r"|[0-9]{4}([ ./_-]|\xa0)[0-9]{4}\1[0-9]{4}\1[0-9]{1,4}(?:\1[0-9]{3})?"
    r"|[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}|[0-9]{13,19})(?![0-9])"
)
_NO_DIGIT: Final = re.compile(r"[^0-9]+")
# Who issues cards, and of what length: Visa, Mastercard, UnionPay and Maestro, JCB, Korea's own,
# American Express, Diners Club.
_CARD: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[0-8]|6\d|2[2-7]|35|9[45])\d{14}|(?:5[06-8]|6\d)\d{17}"
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}"
)
_DOUBLED: Final = str.maketrans("0123456789", "0246813579")
_RESIDENT_WEIGHTS: Final = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)


def scrub_shapes(text: str) -> str:
    """Filter what is secret by its shape."""
    if max(map(len, text.split()), default=0) >= _SHORTEST:
        text = _TOKEN.sub(FILTERED, text)
    if "PRIVATE KEY" in text:
        text = _PRIVATE_KEY.sub(FILTERED, text)
    if "@" in text:
        text = _EMAIL.sub(FILTERED, text)
    return scrub_numbers(text)


def scrub_numbers(text: str) -> str:
    """Filter the numbers of payment cards, and Korean resident registration numbers."""
    return _DIGITS.sub(_scrub_number, text)


def _scrub_number(match: re.Match[str]) -> str:
    shown = match[0]
    number = _NO_DIGIT.sub("", shown)
    is_secret = _is_card(number) or (len(number) == 13 and _is_resident(number, shown))
    return FILTERED if is_secret else shown


def _is_card(number: str) -> bool:
    if not _CARD.fullmatch(number):
        return False
    if len(number) == 13 and _ean_sum(number) % 10 == 0:
        return False  # a barcode
    weighed = number[-1::-2] + number[-2::-2].translate(_DOUBLED)
    return sum(map(int, weighed)) % 10 == 0


def _ean_sum(number: str) -> int:
    return sum(map(int, number[::2])) + 3 * sum(map(int, number[1::2]))


def _is_resident(number: str, shown: str) -> bool:
    """Judge a resident registration number: a date of birth, and seven digits more.

    Numbers given since October 2020 have no check digit, so the one with a hyphen needs none. In
    one piece it might be a time in milliseconds: those of the years 2017 to 2033 begin with 15
    to 19.
    """
    sex = int(number[6])
    if not 1 <= sex <= 8:
        return False
    year = (2000 if sex in (3, 4, 7, 8) else 1900) + int(number[:2])
    try:
        if date(year, int(number[2:4]), int(number[4:6])) > date.today():
            return False
    except ValueError:
        return False
    if "-" in shown:
        return True
    if shown.isdigit() and "15" <= number[:2] <= "19":
        return False
    weighed = sum(int(digit) * by for digit, by in zip(number, _RESIDENT_WEIGHTS, strict=False))
    return (11 - weighed % 11) % 10 == int(number[12])
