"""What was captured arrives: through signals, servers, forks, and a receiver in trouble."""

import json
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from demo.receiver import Receiver
from tests.conftest import Generate
from tests.services import Running, mostly_slow

SERVERS = {
    "uvicorn": ("uvicorn", "app.main:app", "--port", "0"),
    "uvicorn with workers": ("uvicorn", "app.main:app", "--port", "0", "--workers", "2"),
    "gunicorn": ("gunicorn", "app.main:app", "-k", "asgi", "-b", "127.0.0.1:0", "-w", "2"),
}


SHUTDOWN_SECONDS = 8.0  # as app/observability/delivery/shutdown.py promises


def fail(running: Running, number: int = 1) -> list[str]:
    """Make the service fail, from several clients at once, and return the events' ids."""
    with ThreadPoolExecutor(8) as clients:
        calls = [clients.submit(running.call, "POST", "/debug/error", {}) for _ in range(number)]
        answers = [call.result() for call in calls]
    assert {status for status, _ in answers} == {500}
    return [problem["event_id"] for _, problem in answers if "event_id" in problem]


def slow() -> None:
    time.sleep(0.1)  # what the receiver takes for each delivery


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
@pytest.mark.parametrize("server", SERVERS)
def test_all_that_is_queued_arrives_at_shutdown(
    generate: Generate, server: str, number: signal.Signals
) -> None:
    with Receiver(trouble=slow) as receiver:
        env = {"SENTRY_DSN": receiver.dsn, "SENTRY_TRACES_SAMPLE_RATE": "0"}
        with generate().serving(*SERVERS[server], **env) as running:
            told = fail(running, 10)
            # Ctrl-C reaches every process of the terminal's group.
            os.killpg(running.process.pid, number)
            running.process.wait(timeout=60)
        arrived = Counter(event["event_id"] for event in receiver.payloads("event"))
        assert arrived == Counter(told) and len(told) == 10


@pytest.mark.parametrize("seconds", mostly_slow([0.1, 0.18]))
def test_eighty_errors_that_wait_at_shutdown_arrive_from_far_away(
    generate: Generate, seconds: float
) -> None:
    begun = Event()

    def far() -> None:
        begun.wait()
        time.sleep(seconds)

    with Receiver(trouble=far) as receiver:
        env = {"SENTRY_DSN": receiver.dsn, "SENTRY_MAX_ERRORS_PER_MINUTE": "1000"}
        with generate().serving(**env) as running:
            told = fail(running, 80)
            began = time.monotonic()
            running.process.send_signal(signal.SIGTERM)
            begun.set()
            running.process.wait(timeout=60)
            took = time.monotonic() - began
        arrived = {event["event_id"] for event in receiver.payloads("event")}
    assert arrived == set(told) and len(told) == 80
    assert took < SHUTDOWN_SECONDS + 0.5


def test_a_receiver_that_hangs_holds_up_the_shutdown_no_longer_than_promised(
    generate: Generate,
) -> None:
    forever = Event()

    def hang() -> None:
        forever.wait()

    with Receiver(trouble=hang) as receiver:
        with generate().serving(SENTRY_DSN=receiver.dsn) as running:
            fail(running, 10)
            began = time.monotonic()
            running.stop()
            assert time.monotonic() - began < SHUTDOWN_SECONDS + 1.5
        forever.set()
    # Who looks into the log learns of it.
    [line] = [line for line in running.output if "not delivered before the end" in line]
    assert "10 events" in line


def test_no_error_is_lost_behind_traces_logs_and_messages(
    generate: Generate, tmp_path: Path
) -> None:
    (tmp_path / "busy.py").write_text("""if True:
        import logging
        import random
        from app.main import app
        from app.observability import capture_message

        @app.get("/busy")
        async def busy() -> dict[str, str]:
            for number in range(5):
                logging.getLogger("busy").info("number %s", number)
            if random.random() < 0.1:
                capture_message("busy")
            return {}
    """)
    env = {
        "SENTRY_TRACES_SAMPLE_RATE": "1.0",
        "SENTRY_LOG_LEVEL": "info",
        "SENTRY_MAX_ERRORS_PER_MINUTE": "1000",
        "PYTHONPATH": str(tmp_path),
    }
    with Receiver(trouble=slow) as receiver:
        command = ("uvicorn", "busy:app", "--port", "0")
        with generate().serving(*command, SENTRY_DSN=receiver.dsn, **env) as running:

            def one_of_ten_fails(number: int) -> list[str]:
                if number % 10 == 0:
                    return fail(running)
                return [] if running.call("GET", "/busy")[0] == 200 else ["not served"]

            with ThreadPoolExecutor(8) as clients:
                told = [id for ids in clients.map(one_of_ten_fails, range(1000)) for id in ids]
        arrived = Counter(event["event_id"] for event in receiver.payloads("event"))
        kinds = Counter(item.type for item in receiver.items)
    assert len(told) == 100
    assert {arrived[event_id] for event_id in told} == {1}
    # There was more than the line carries, and some of all of it arrived.
    assert 30 < kinds["span"] < 900 and kinds["log"] and kinds["event"] > 110


def test_refused_deliveries_are_not_reported_to_who_refuses_them(
    generate: Generate, receiver: Receiver
) -> None:
    attempts = 0

    def refuse() -> int:
        nonlocal attempts
        attempts += 1
        return 403

    receiver.trouble = refuse
    with generate().serving(SENTRY_DSN=receiver.dsn, SENTRY_DEBUG="1") as running:
        fail(running)
    # The error, then at the end the sessions and the report of what was lost.
    assert attempts <= 4
    assert any("HTTP 403" in line and "SENTRY_DSN" in line for line in running.output)


def test_the_line_keeps_nothing_of_who_used_it_first(
    generate: Generate, receiver: Receiver
) -> None:
    code = """if True:
        import gc
        import weakref
        import sentry_sdk
        from app.observability import capture_message, init_sentry
        from app.settings import Settings

        class Body:
            pass

        init_sentry(Settings.load())
        with sentry_sdk.isolation_scope() as scope:
            body = Body()
            scope.add_event_processor(lambda event, hint, body=body: event)
            capture_message("first")
        sentry_sdk.flush(10)
        kept = weakref.ref(body)
        del body, scope
        gc.collect()
        assert kept() is None
    """
    done = generate().run("python", "-c", code, SENTRY_DSN=receiver.dsn)
    assert done.returncode == 0, done.stdout
    assert receiver.payloads("event")


def test_an_error_with_long_variables_is_small_enough(
    generate: Generate, receiver: Receiver
) -> None:
    code = """if True:
        from app.observability import capture_error, init_sentry
        from app.settings import Settings

        def deeper(number, text):
            longer = text * 3
            return deeper(number + 1, text) + len(longer)

        init_sentry(Settings.load())
        try:
            deeper(0, "x" * 200)
        except RecursionError as error:
            capture_error(error)
    """
    # Of the service's own frames alone the variables are sent.
    module = generate().folder / "app" / "recursion.py"
    module.write_text(code)
    done = generate().run("python", "-m", "app.recursion", SENTRY_DSN=receiver.dsn)
    module.unlink()
    assert done.returncode == 0, done.stdout
    [item] = receiver.wait_for("event")
    assert len(item.payload) <= 200_000
    [error] = json.loads(item.payload)["exception"]["values"]
    frames = error["stacktrace"]["frames"]
    assert "x" * 200 in frames[-1]["vars"]["longer"] and frames[0]["function"] == "<module>"


@pytest.mark.parametrize(
    "end", ["raise ValueError('the end')", "atexit.register(log.error, 'the end')"]
)
def test_the_last_words_of_a_script_arrive(
    generate: Generate, receiver: Receiver, end: str
) -> None:
    code = f"""if True:
        import atexit
        import logging
        from app.observability import init_sentry
        from app.settings import Settings
        init_sentry(Settings.load())
        log = logging.getLogger("script")
        {end}
    """
    done = generate().run("python", "-c", code, SENTRY_DSN=receiver.dsn)
    [event] = receiver.payloads("event")
    assert "the end" in json.dumps(event), done.stdout


def test_a_forked_child_sends_its_own_events_only(generate: Generate, receiver: Receiver) -> None:
    code = """if True:
        import os
        from app.observability import capture_message, init_sentry
        from app.settings import Settings
        init_sentry(Settings.load())
        for number in range(5):
            capture_message(f"parent {number}")
        children = []
        for number in range(3):
            child = os.fork()
            if child == 0:
                capture_message(f"child {number}")
                import sentry_sdk
                sentry_sdk.flush(5)
                os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)
    """
    done = generate().run("python", "-c", code, SENTRY_DSN=receiver.dsn)
    assert done.returncode == 0, done.stdout
    messages = Counter(event["message"] for event in receiver.payloads("event"))
    assert messages == Counter([f"parent {n}" for n in range(5)] + [f"child {n}" for n in range(3)])


def test_a_forked_child_tells_nothing_that_its_parent_counted(
    generate: Generate, receiver: Receiver
) -> None:
    code = """if True:
        import os
        from app.observability import init_sentry
        from app.observability.delivery.shutdown import shutdown
        from app.observability.errors.capture import guard
        from app.observability.errors.storm import Key
        from app.observability.request.sessions import sessions
        from app.settings import Settings
        init_sentry(Settings.load())
        sessions.count("exited")
        guard.hold(Key("KeyError", "", 0))
        child = os.fork()
        if child == 0:
            sessions.count("errored")
            shutdown.deliver()
            os._exit(0)
        os.waitpid(child, 0)
    """
    done = generate().run("python", "-c", code, SENTRY_DSN=receiver.dsn)
    assert done.returncode == 0, done.stdout
    counted = [bucket for s in receiver.payloads("sessions") for bucket in s["aggregates"]]
    assert [bucket.keys() - {"started"} for bucket in counted] == [{"errored"}, {"exited"}]
    assert len(receiver.payloads("event")) == 1


def test_what_the_child_of_a_request_logs_does_not_wait_for_its_answer(
    generate: Generate, receiver: Receiver
) -> None:
    code = """if True:
        import logging
        from multiprocessing import get_context
        from fastapi import FastAPI
        from fastapi.testclient import TestClient
        from app.observability import init_sentry, install, set_user
        from app.settings import Settings
        settings = Settings.load()
        init_sentry(settings)
        app = FastAPI()
        install(app, settings)
        log = logging.getLogger("work")

        @app.get("/forks")
        async def forks():
            set_user("b")
            log.error("parent")
            child = get_context("fork").Process(target=log.error, args=("child",))
            child.start()
            child.join(20)

        TestClient(app).get("/forks")
    """
    done = generate().run("python", "-c", code, SENTRY_DSN=receiver.dsn)
    assert done.returncode == 0, done.stdout
    events = receiver.payloads("event")
    assert Counter(event["logentry"]["message"] for event in events) == {"parent": 1, "child": 1}
    for event in events:
        assert (event["user"], event["transaction"]) == ({"id": "b"}, "/forks")


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_send_their_own_events_only(
    generate: Generate, tmp_path: Path, method: str
) -> None:
    (tmp_path / "parent.py").write_text("""if True:
        import multiprocessing
        import sys
        from app.observability import capture_message, init_sentry
        from app.settings import Settings

        init_sentry(Settings.load())

        def work(number):
            capture_message(f"child {number}")

        if __name__ == "__main__":
            for number in range(5):
                capture_message(f"parent {number}")
            context = multiprocessing.get_context(sys.argv[1])
            children = [context.Process(target=work, args=(n,)) for n in range(3)]
            for child in children:
                child.start()
            for child in children:
                child.join()
    """)
    service = generate()
    with Receiver(trouble=slow) as receiver:
        done = service.run(
            *("python", str(tmp_path / "parent.py"), method),
            SENTRY_DSN=receiver.dsn,
            PYTHONPATH=str(service.folder),
        )
        assert done.returncode == 0, done.stdout
    messages = Counter(event["message"] for event in receiver.payloads("event"))
    assert messages == Counter([f"parent {n}" for n in range(5)] + [f"child {n}" for n in range(3)])


def refusing(status: int) -> Callable[[], int]:
    return lambda: status


def hang_up() -> None:
    raise ConnectionAbortedError


@pytest.mark.parametrize(
    "trouble",
    [slow, hang_up, *map(refusing, (429, 503, 500, 200))],
    ids=["slow", "hangs up", "429", "503", "500", "says 200 and keeps nothing"],
)
def test_trouble_harms_no_request_and_delivery_resumes(
    generate: Generate, trouble: Callable[[], int | None]
) -> None:
    with Receiver(trouble=trouble) as receiver:
        env = {"SENTRY_DSN": receiver.dsn, "SENTRY_TRACES_SAMPLE_RATE": "1.0"}
        with generate().serving(**env) as running:
            fail(running, 40)
            receiver.trouble = lambda: None
            while not receiver.payloads("event"):
                if running.call("POST", "/debug/error", {})[0] != 500:
                    raise AssertionError("a request failed otherwise than it should")
                time.sleep(0.05)  # the client backs off by the clock


def test_a_receiver_that_hangs_harms_no_request(generate: Generate) -> None:
    forever = Event()

    def hang() -> None:
        forever.wait()

    with Receiver(trouble=hang) as receiver:
        env = {"SENTRY_DSN": receiver.dsn, "SENTRY_TRACES_SAMPLE_RATE": "1.0"}
        with generate().serving(**env) as running:
            fail(running, 20)
            before = memory_of(running)
            fail(running, 1000)
            assert memory_of(running) - before < 30_000_000
            receiver.trouble = lambda: None
            forever.set()
            receiver.wait_for("event", timeout=30)


@pytest.mark.parametrize("host", mostly_slow(["127.0.0.1", "nowhere.invalid", "tls"]))
def test_nobody_listening_harms_no_request(
    generate: Generate, receiver: Receiver, host: str
) -> None:
    key = "0" * 32
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        dsn = {
            "127.0.0.1": f"http://{key}@127.0.0.1:{port}/1",
            "nowhere.invalid": f"https://{key}@nowhere.invalid/1",
            "tls": receiver.dsn.replace("http:", "https:"),
        }[host]
        with generate().serving(SENTRY_DSN=dsn) as running:
            fail(running, 20)
            assert running.call("GET", "/healthz") == (
                200,
                {"status": "ok", "release": "ion-mentoring@0.1.0"},
            )


def test_a_storm_is_held_back_and_counted(generate: Generate, receiver: Receiver) -> None:
    env = {"SENTRY_DSN": receiver.dsn, "SENTRY_MAX_ERRORS_PER_MINUTE": "7"}
    with generate().serving(**env) as running:
        told = fail(running, 500)
    *events, summary = receiver.payloads("event")
    assert sorted(event["event_id"] for event in events) == sorted(told)
    assert len(told) == 7
    assert summary["message"] == "493 errors were held back within a minute"
    assert summary["contexts"]["held_back"]["most"] == ["493 x KeyError at app/api/debug.py:28"]
    sessions = [bucket for s in receiver.payloads("sessions") for bucket in s["aggregates"]]
    assert sum(bucket.get("crashed", 0) for bucket in sessions) == 500


def memory_of(running: Running) -> int:
    """Resident memory in bytes."""
    with open(f"/proc/{running.process.pid}/statm") as statm:  # noqa: PTH123
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
