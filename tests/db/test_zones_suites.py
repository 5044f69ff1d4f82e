"""The suites of schedule, board, live and summary whole, in each zone on the day before its clocks change. At night."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.zones import Change, ahead

ROOT = Path(__file__).resolve().parents[2]

SUITES = (
    *(f"tests/db/test_schedule_{name}.py" for name in ("answers", "boards", "booking", "changing", "walls")),
    *(
        f"tests/db/test_{name}.py"
        for name in ("rules_booking", "rules_crew", "sheets_sessions", "waiting_list")
    ),
    *(f"tests/db/test_{name}.py" for name in ("session_life", "session_machine", "live_running", "outage")),
    *(f"tests/http/test_pages_{name}.py" for name in ("board", "schedule", "life", "swap")),
    *(f"tests/http/test_api_{name}.py" for name in ("board", "sessions")),
    "tests/http/test_calendar_feeds.py",
)
# Row-level security asks the server's own clock whether a contract runs, and the suite's began on the suite's day.
SERVERS_CLOCK = (
    "tests/db/test_rules_booking.py::test_a_leave_is_flagged_to_the_hub_until_it_is_set_right",
    "tests/db/test_rules_booking.py::test_an_agency_reads_and_keeps_the_times_of_its_own_hosts_alone",
    "tests/http/test_pages_schedule.py::test_the_door_runs_the_show_by_taps_safe_to_press_twice",
    "tests/http/test_pages_schedule.py::test_the_hosts_card_shows_the_call_and_starts_the_show",
)
# Coming nights: what lies ahead of the suite's day must lie ahead of the server's too.
NIGHTS = [night for zone in ("Asia/Shanghai", "Europe/Berlin", "America/New_York") for night in ahead(zone)]


def run(night: Change, today: str, *words: str, **given: str) -> None:
    env = os.environ | {"TEST_HUB_ZONE": night.zone, "TEST_TODAY": today} | given
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--no-header", *words],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=800, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("night", NIGHTS, ids=str)
def test_the_suites_hold_on_the_eve_of_a_change(night):
    run(night, str(night.day - timedelta(days=1)), *SUITES, *(f"--deselect={one}" for one in SERVERS_CLOCK))


@pytest.mark.nightly
@pytest.mark.timeout(300)
@pytest.mark.parametrize("night", NIGHTS, ids=str)
def test_the_summary_holds_for_an_evening_over_the_change(night):
    eve, later = night.day - timedelta(days=1), night.day + timedelta(days=20)
    run(night, str(later), "tests/db/test_insight_summary.py", TEST_EVENING=str(eve))
