"""What `monitoring/watch.toml` says can be sent to Sentry. Nothing is sent."""

from monitoring.program import watch
from monitoring.program.bodies import problems_offline
from monitoring.program.service import this_service


def test_what_we_watch_is_right() -> None:
    wanted = watch.load()
    assert problems_offline(wanted, this_service(wanted.environment, env={})) == []
