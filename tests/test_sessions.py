"""Release health: the same numbers as the SDK would send, minute after minute."""

from collections.abc import Iterator
from datetime import UTC, datetime
from threading import active_count
from types import SimpleNamespace
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.session import Session
from sentry_sdk.sessions import SessionFlusher
from sentry_sdk.transport import Transport

from tests.the_standard import Standard, standard

__all__ = ["standard"]


class Recording(Transport):
    """Keeps the sessions that leave."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions: list[Any] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.sessions += [item.payload.json for item in envelope.items]


@pytest.fixture
def recorded() -> Iterator[list[Any]]:
    transport = Recording()
    sentry_sdk.get_global_scope().set_client(
        sentry_sdk.Client(
            dsn="http://0123456789abcdef0123456789abcdef@127.0.0.1:1/1",
            transport=transport,
            default_integrations=False,
            release="shop@1",
            environment="test",
        )
    )
    yield transport.sessions
    sentry_sdk.get_global_scope().set_client(None)


def test_the_numbers_are_those_of_the_sdk(
    standard: Standard, recorded: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = {
        0.0: ["exited", "crashed", "exited"],
        61.5: ["errored"],
        119.9: ["exited", "errored", "crashed"],
    }
    now = 0.0
    monkeypatch.setattr(standard.request.sessions, "time", SimpleNamespace(time=lambda: now))
    counter = standard.request.sessions.SessionCounter()
    envelopes: list[Envelope] = []
    theirs = SessionFlusher(envelopes.append)
    theirs._ensure_running = lambda: None  # type: ignore[method-assign]
    for seconds, names in outcomes.items():
        now = 1_800_000_000 + seconds
        for outcome in names:
            counter.count(outcome)
            session = Session(
                release="shop@1",
                environment="test",
                session_mode="request",
                started=datetime.fromtimestamp(now, UTC),
            )
            if outcome == "errored":
                session.update(errors=1)
            session.close(status="crashed" if outcome == "crashed" else "exited")
            theirs.add_session(session)
    counter.flush()
    theirs.flush()
    assert recorded == [item.payload.json for e in envelopes for item in e.items] != []


def test_it_goes_on_after_the_first_time(
    standard: Standard, recorded: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standard.request.sessions, "INTERVAL", 0.05)
    counter = standard.request.sessions.SessionCounter()
    for number in (1, 2, 3):
        counter.count("exited")
        timer = counter._timer
        timer.join(20)
        assert len(recorded) == number
    assert [s["aggregates"][0]["exited"] for s in recorded] == [1, 1, 1]


def test_nothing_is_counted_while_sentry_is_off(standard: Standard) -> None:
    before = active_count()
    counter = standard.request.sessions.SessionCounter()
    counter.count("exited")
    assert active_count() == before and not counter._minutes
