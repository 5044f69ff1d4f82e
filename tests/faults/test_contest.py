"""Sixteen processes book, move, swap, answer and cancel on the same few places: never two in one, no change lost."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from itertools import pairwise

import psycopg
import pytest

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from tests.factory import Factory

PROCESSES = 16
SHORT, LONG, LONGEST = 800, 20_000, 200_000

# Asked of the sessions themselves, not of the claims: two in one studio nearer than set-up and tear-down allow,
# or two of one host at a time.
OVERLAPS = """
    SELECT count(*) FROM live_session a JOIN live_session b ON a.id < b.id
      AND a.state <> 'cancelled' AND b.state <> 'cancelled'
      AND ((a.studio_id = b.studio_id
            AND tstzrange(a.starts_at - interval '30 min', a.ends_at + interval '15 min')
             && tstzrange(b.starts_at - interval '30 min', b.ends_at + interval '15 min'))
        OR (a.host_ids && b.host_ids AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)))
"""
# Every claim of a session that stands is the one its times ask for.
STRAY = """
    SELECT count(*) FROM live_session s JOIN resource r ON r.studio_id = s.studio_id
    LEFT JOIN claim c ON c.session_id = s.id AND c.resource_id = r.id
      AND c.span = tstzrange(s.starts_at - interval '30 min', s.ends_at + interval '15 min')
    WHERE (c.id IS NULL) <> (s.state = 'cancelled')
"""


def places(url: str) -> str:
    """Ten studios, sixteen hosts, twenty starts half an hour apart: room for about seventy shows."""
    database = Database.connect(url, pool_size=1)
    make = Factory(database)
    agency = make.agency()
    found = {
        "studios": [make.studio().id for _ in range(10)],
        "hosts": [make.host(agency=agency).id for _ in range(16)],
        "brand": make.brand().id,
        "starts": 20,
    }
    with database.transaction(SYSTEM) as db:
        found["first"] = (clock.now(db) + timedelta(days=3)).isoformat()
    database.dispose()
    return json.dumps(found)


def contest(url: str, operations: int, *fault: str) -> dict:
    run = subprocess.run(
        [sys.executable, "-m", "tests.faults.contest", url, str(PROCESSES), str(operations), *fault],
        input=places(url),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    told = json.loads(run.stdout)
    print(json.dumps({name: value for name, value in told.items() if name != "done"}))
    return told


def asked(url: str, statement: str) -> int:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchone()[0]


def lost_updates(url: str, told: dict) -> int:
    """Successes that another success wrote over: two of one version, a gap, or a last word that does not stand."""
    lost = 0
    changes: dict[int, list] = {}
    for one in told["done"]:
        changes.setdefault(one[0], []).append(one[1:])
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT id, version, studio_id, starts_at, state FROM live_session"
        ).fetchall()
        steps = connection.execute("SELECT session_id, version FROM session_history ORDER BY 1, 2").fetchall()
    lost += sum(a[0] == b[0] and b[1] != a[1] + 1 for a, b in pairwise(steps))
    for session_id, version, studio_id, starts_at, state in rows:
        made = sorted(changes.pop(session_id, []))
        versions = [one[0] for one in made]
        lost += len(versions) - len(set(versions))
        last = made[-1] if made else None
        stands = (version, studio_id, starts_at, state)
        lost += last is None or (last[0], last[2], datetime.fromisoformat(last[3]), last[4]) != stands
    return lost + len(changes)


def hold_it(url: str, operations: int) -> dict:
    """The race, and that it was one: nothing overlaps, nothing is lost, and enough was done and refused."""
    told = contest(url, operations)
    assert told["operations"] == operations // PROCESSES * PROCESSES
    assert (asked(url, OVERLAPS), asked(url, STRAY), lost_updates(url, told)) == (0, 0, 0)
    assert told["succeeded"] >= 0.25 * operations
    assert {"conflict", "stale"} <= set(told["refused"])
    return told


@pytest.mark.timeout(300)
def test_sixteen_processes_never_take_one_place_twice_nor_lose_a_change(own_database_url):
    hold_it(own_database_url, SHORT)


@pytest.mark.longer
@pytest.mark.timeout(3000)
def test_so_they_do_for_twenty_thousand_operations(own_database_url):
    told = hold_it(own_database_url, LONG)
    assert told["most"][0] < 5


@pytest.mark.timeout(300)
def test_without_the_constraint_the_same_race_takes_places_twice(own_database_url):
    with psycopg.connect(own_database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE claim DROP CONSTRAINT claim_no_overlap")
    contest(own_database_url, 240)
    assert asked(own_database_url, OVERLAPS) > 0


@pytest.mark.timeout(300)
def test_without_locks_and_versions_the_same_race_loses_changes(own_database_url):
    with psycopg.connect(own_database_url, autocommit=True) as connection:
        (name,) = connection.execute(_ONCE).fetchone()
        connection.execute(f"ALTER TABLE session_history DROP CONSTRAINT {name}")
    told = contest(own_database_url, 240, "unlocked")
    assert lost_updates(own_database_url, told) > 0


_ONCE = "SELECT conname FROM pg_constraint WHERE conrelid = 'session_history'::regclass AND contype = 'u'"


@pytest.mark.race
@pytest.mark.timeout(7200)
def test_two_hundred_thousand_operations_by_command(own_database_url):
    """`make race`: the figures are printed."""
    told = hold_it(own_database_url, LONGEST)
    assert told["p999"] <= 1
    assert told["most"][0] <= 5
