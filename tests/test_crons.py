"""A scheduled job as a script of its own, as a scheduler starts it: what arrived when it ended."""

import time

from demo.receiver import Receiver
from tests.conftest import Generate

JOB = """\
from app.observability import SentrySettings, cron, init_sentry

init_sentry(SentrySettings.load())


@cron("digest", schedule="0 7 * * *", time_zone="Asia/Seoul")
def digest(number):
    letters = []
    return letters[0] if number == {fails_at} else number


for number in range({runs}):
    digest(number)
"""


def slow() -> None:
    time.sleep(0.1)


def test_a_failing_script_tells_its_end_and_its_error_once(
    generate: Generate, receiver: Receiver
) -> None:
    script = JOB.format(runs=1, fails_at=0)
    done = generate().run("python", "-c", script, SENTRY_DSN=receiver.dsn)
    assert done.returncode == 1
    assert done.stdout.count("IndexError: list index out of range") == 1
    told = {one["status"]: one for one in receiver.payloads("check_in")}
    assert sorted(told) == ["error", "in_progress"]  # over two connections, in either order
    assert told["error"]["duration"] >= 0
    [event] = receiver.payloads("event")
    assert event["exception"]["values"][-1]["type"] == "IndexError"
    assert event["tags"]["cron"] == "digest"


def test_all_check_ins_of_a_script_arrive_before_it_ends(generate: Generate) -> None:
    with Receiver(trouble=slow) as far_away:
        script = JOB.format(runs=25, fails_at=-1)
        done = generate().run("python", "-c", script, SENTRY_DSN=far_away.dsn)
    assert (done.returncode, done.stdout) == (0, "")
    check_ins = far_away.payloads("check_in")
    assert len(check_ins) == 50
    assert len({(one["check_in_id"], one["status"]) for one in check_ins}) == 50


FORKING = """\
import os
import sys
from app.observability import SentrySettings, cron, init_sentry

init_sentry(SentrySettings.load())

with cron("digest", schedule="0 7 * * *"):
    child = os.fork()
    if not child:
        sys.exit(3)
    os.waitpid(child, 0)
"""


def test_a_child_that_the_job_forked_does_not_end_it(
    generate: Generate, receiver: Receiver
) -> None:
    done = generate().run("python", "-c", FORKING, SENTRY_DSN=receiver.dsn)
    assert (done.returncode, done.stdout) == (0, "")
    assert sorted(one["status"] for one in receiver.payloads("check_in")) == ["in_progress", "ok"]
