"""How late the clock is: a day of 600 sessions in two and a half minutes, by the product's own clock and worker."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import psycopg

from bench import calendar
from bench.figures import Figure, anchor, count, percentile
from bench.grounds import Grounds
from bench.serving import started
from config import processes

NAME = "clock"
SESSIONS = {True: 600, False: 24}
SECONDS = {True: 144, False: 8}
_HALF_HOURS = {True: 48, False: 4}
_CALENDAR = {True: 10_000, False: 12_000}
_PEAK = {True: 50, False: 6}
"""So many at one moment, once: every studio at eight in the evening."""
_READY_SECONDS, _LATEST_SECONDS = 60, 30

# By turns: people are there, nobody came, nothing was heard since the planned end. Grace and notice as in schedule.due.
_SET = """
    UPDATE live_session SET state = %(state)s, due_at = %(due)s, starts_at = %(due)s + %(starts)s,
           ends_at = %(due)s + %(starts)s + interval '3 hours',
           actual_starts_at = CASE WHEN %(state)s = 'live' THEN %(due)s + %(starts)s END,
           start_evidence = CASE WHEN %(state)s = 'live' THEN 'platform' END
    WHERE id = %(id)s"""
_KINDS = (
    ("accepted", timedelta(minutes=30)),
    ("ready", timedelta(minutes=-15)),
    ("live", -timedelta(hours=3, minutes=15)),
)
_TAKEN = """
    SELECT session_id, min(at) FROM session_history
    WHERE session_id = ANY (%s) AND verb IN ('ready', 'no_show', 'end') AND actor_kind = 'system' GROUP BY 1"""


def run(grounds: Grounds) -> Iterator[Figure]:
    """p99 of (transition taken) - (due), a bar: at most two seconds."""
    url = grounds.database("clock", partial(calendar.fill, sessions=_CALENDAR[grounds.full]))
    with psycopg.connect(url, autocommit=True) as connection:
        # A hub that has long been running: no grace is given anew, no sales are to be placed.
        connection.execute("UPDATE live_session SET due_at = NULL WHERE due_at IS NOT NULL")
        connection.execute(
            "INSERT INTO clock_beat (id, ticked_at, resumed_at) VALUES (1, now(), now() - interval '1 day')"
        )
        connection.execute(
            "INSERT INTO session_sales (session_id, attributed_version, attributed_at)"
            " SELECT id, version, now() + interval '1 hour' FROM live_session"
        )
        with started((processes.worker(), processes.clock()), grounds, url):
            _wait_for_clock(connection)
            due = _planted(connection, grounds.full)
            late = sorted(_lateness(connection, due))
    size = f"{len(late)} sessions in {SECONDS[grounds.full]} s"
    yield anchor(NAME, f"lateness p50, {size}", percentile(late, 0.5), "s")
    yield count(NAME, f"lateness p99, {size}", percentile(late, 0.99), "s", bar="<= 2")
    yield anchor(NAME, f"lateness, the latest, {size}", late[-1], "s")


def _wait_for_clock(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Until it has ticked of its own."""
    until = time.monotonic() + _READY_SECONDS
    while not connection.execute("SELECT 1 FROM heartbeat WHERE name = 'clock'").fetchone():
        if time.monotonic() > until:
            raise RuntimeError("the clock does not start")
        time.sleep(0.2)


def _planted(connection: "psycopg.Connection[tuple[object, ...]]", full: bool) -> dict[int, datetime]:
    """Sessions of the calendar that become due in the window, as many in each of its half hours, more in one."""
    rows = connection.execute(
        "SELECT id FROM live_session WHERE state = 'accepted' AND starts_at > now() + interval '2 days'"
        " ORDER BY id LIMIT %s",
        (SESSIONS[full],),
    ).fetchall()
    ids = [int(str(row[0])) for row in rows]
    step = timedelta(seconds=SECONDS[full] / _HALF_HOURS[full])
    first = datetime.now(UTC) + timedelta(seconds=5)
    peak, others = _HALF_HOURS[full] * 3 // 4, _HALF_HOURS[full] - 1
    due: dict[int, datetime] = {}
    for number, session_id in enumerate(ids):
        at = peak if number < _PEAK[full] else (number % others) + (number % others >= peak)
        due[session_id] = first + at * step
        state, starts = _KINDS[number % len(_KINDS)]
        connection.execute(_SET, {"id": session_id, "due": due[session_id], "state": state, "starts": starts})
    return due


def _lateness(connection: "psycopg.Connection[tuple[object, ...]]", due: dict[int, datetime]) -> list[float]:
    """Seconds from due to taken of each. Raises RuntimeError when one is not taken at all."""
    until = max(due.values()) + timedelta(seconds=_LATEST_SECONDS)
    while True:
        taken = {row[0]: row[1] for row in connection.execute(_TAKEN, (list(due),)).fetchall()}
        if len(taken) == len(due):
            return [(taken[one] - at).total_seconds() for one, at in due.items()]  # type: ignore[operator,index]
        if datetime.now(UTC) > until:
            raise RuntimeError(f"{len(due) - len(taken)} of {len(due)} edges were never taken")
        time.sleep(1)
