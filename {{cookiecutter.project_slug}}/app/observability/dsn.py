"""What a Sentry DSN has to look like for events to arrive.

`sentry_sdk` is lenient: many a DSN that can't work passes it without a word, and the service
would run without anyone hearing of its errors. So this is judged before the SDK sees it.
Everything below the import stands word for word in the hook of the template, which asks the
same of the answer `sentry_dsn`; a test of the template compares the two.
"""

import re

# The hosts that may do without TLS, and whose viewers take any key.
_LOOPBACK = frozenset({"localhost", "127.0.0.1"})
_HOST = re.compile(r"(?=.{1,253}$)(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.I)
_PLACEHOLDER = re.compile(r"[<>{}$*]|x{3}|^(example|public|your|change|none|null|todo)", re.I)


def dsn_problem(dsn: str) -> str | None:
    """Say what is wrong with a DSN and what to do about it, or None if it can work.

    The answer goes on from the name of the value: "SENTRY_DSN" + " is in quotes: …". White space
    around the DSN doesn't matter, and an empty one is right: it switches Sentry off.

    Stricter than sentry_sdk 2.75, which takes whatever `int()` takes as the project, ignores a
    query, a fragment and a secret, and posts to a broken URL for an IPv6 address. The key is what
    the server makes: `^[a-f0-9]{32}$` in Sentry's models/projectkey.py.
    """
    dsn = dsn.strip()
    if not dsn:
        return None

    def placeholder_or(part: str, problem: str) -> str:
        if _PLACEHOLDER.search(part):
            return "is a placeholder: paste the project's own, from its Client Keys page in Sentry"
        return problem

    scheme, _, rest = dsn.partition("://")
    authority, _, path = rest.partition("/")
    key, _, address = authority.rpartition("@")
    host, colon, port = address.partition(":")
    *prefix, project = path.split("/")
    loopback = host.lower() in _LOOPBACK

    if dsn[0] in "\"'`" or dsn[-1] in "\"'`":
        return "is in quotes: leave them out"
    if not all("!" <= char <= "~" for char in dsn):
        return placeholder_or(dsn, "holds a space or a character beyond ASCII: copy it afresh")
    if scheme.lower() not in ("https", "http"):
        return placeholder_or(dsn, "does not begin with https://: copy it whole from Sentry")
    if "?" in rest or "#" in rest:
        return "goes on after the project number: delete all from the ? or # on"
    if not key or key.startswith(":"):
        return "has no key: https:// is followed by the public key, then by @ and the host"
    if ":" in key:
        return "holds a secret after the public key: delete it and the colon before it"
    if not re.fullmatch(r"[A-Za-z0-9]+" if loopback else r"[0-9a-f]{32}", key):
        return placeholder_or(key, "has a key that is not 32 digits 0-9 and a-f: copy it afresh")
    if "[" in address or address.count(":") > 1:
        return "has an IPv6 address, for which the SDK posts to a broken URL: use a host name"
    if not _HOST.fullmatch(host):
        return placeholder_or(host, "has no plain host name after the @: copy it afresh")
    if scheme.lower() == "http" and not loopback:
        return "would send events unencrypted: begin it with https:// (http is for localhost only)"
    if colon and not (re.fullmatch(r"[1-9][0-9]{0,4}", port) and int(port) < 2**16):
        return "has a port that is not a number from 1 to 65535: mend it, or drop it and its colon"
    if not (re.fullmatch(r"[1-9][0-9]{0,19}", project) and int(project) < 2**64):
        return placeholder_or(project, "does not end in the project's number: copy it whole")
    if not all(re.fullmatch(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*", segment) for segment in prefix):
        return "has a path that is not made of plain words: copy it afresh"
    return None
