"""What Sentry would refuse of a scheduled job fails at import."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.observability import cron


@pytest.mark.parametrize(
    ("slug", "options", "said"),
    [
        ("digest", {"schedule": "0 7 * *"}, "schedule '0 7 * *' should have five fields"),
        ("digest", {"schedule": "0 7 * * * *"}, "should have five fields"),
        ("digest", {"schedule": "61 7 * * *"}, "schedule '61 7 * * *' can't be read"),
        ("digest", {"schedule": "every day at 7 o'clock"}, "can't be read"),
        ("digest", {"schedule": "0 0 30 2 *"}, "schedule '0 0 30 2 *' "),
        ("digest", {"schedule": "@reboot"}, "should have five fields"),
        ("digest", {"time_zone": "Asia/Soul"}, "time_zone 'Asia/Soul' is not one of the tz"),
        ("digest", {"time_zone": "../etc/passwd"}, "is not one of the tz"),
        ("digest", {"margin_minutes": 0}, "margin_minutes should be 1 to 40320 whole minutes"),
        ("digest", {"max_minutes": 40_321}, "max_minutes should be 1 to 40320 whole minutes"),
        ("digest", {"max_minutes": 1.5}, "whole minutes, not 1.5"),
        ("The Digest", {}, "the slug should be 1 to 50 of a-z"),
        ("", {}, "the slug should be"),
        ("x" * 51, {}, "the slug should be"),
        ("2026", {}, "not digits alone"),
        (None, {}, "slug should be a text, not None"),
        ("digest", {"schedule": None}, "schedule should be a text, not None"),
        ("digest", {"time_zone": None}, "time_zone should be a text, not None"),
        ("digest", {"time_zone": "localtime"}, "is not one of the tz"),
    ],
)
def test_what_sentry_would_refuse_fails_at_import_with_one_line(
    slug: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(SystemExit) as end:
        cron(slug, **{"schedule": "0 7 * * *", **options})
    line = str(end.value)
    assert said in line
    assert "\n" not in line
    assert line.startswith(f"{Path(__file__)}:")


def test_a_module_with_a_wrong_schedule_can_t_be_imported() -> None:
    code = "from app.observability import cron\ncron('digest', schedule='7 o clock')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "<string>:2: cron('digest'): schedule '7 o clock' should have five fields: "
        '"0 7 * * *" is every day at seven\n'
    )
