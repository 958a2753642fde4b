"""How the commands end: each kind of failure has an exit code of its own."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes; `ion-sentry monitoring --help` lists them."""

    OK = 0
    DECLINED = 1
    CHANGES = 2  # of `plan`: there is something to do
    WATCH = 3  # watch.toml is wrong
    VARIABLES = 4  # a variable, an answer or the local `.env` is wrong
    TOKEN = 10  # 401
    SCOPE = 11  # 403: the token may not do this
    FORBIDDEN = 12  # 403 for another reason
    NOT_FOUND = 13  # 404
    CONFLICT = 14  # 409
    GONE = 15  # 410
    RATE_LIMIT = 16  # 429
    SENTRY_BROKEN = 17  # 5xx
    TIMEOUT = 18
    UNREACHABLE = 19
    TEAM = 20  # an unknown team
    SLACK = 21  # no Slack workspace, or several
    PLAN_LIMIT = 22
    REFUSED = 23  # 400
    UNEXPECTED = 24  # an answer that Sentry would not give
    USAGE = 64
    INTERRUPTED = 130
