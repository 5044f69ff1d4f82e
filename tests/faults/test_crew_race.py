"""Six processes want the same three make-up artists: never a fourth at once. Without the constraint there is."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.parties import actions
from campaign.schedule.models import CrewPool
from tests.factory import Factory

PROCESSES, TIMES, CAPACITY = 6, 20, 3

# Asked of the sessions, not of the claims: how many need the crew at the instant where one begins to need it.
MOST_AT_ONCE = """
    WITH need AS (
        SELECT s.starts_at - interval '60 min' AS first, s.starts_at AS last, c.units
        FROM session_crew c JOIN live_session s ON s.id = c.session_id)
    SELECT coalesce(max(busy), 0) FROM (
        SELECT (SELECT sum(b.units) FROM need b WHERE b.first <= a.first AND a.first < b.last) AS busy
        FROM need a) AS moments
"""


def contested(url: str) -> list[list[dict]]:
    """For each process sessions at the same times, in a studio and with a host of its own; some need two at once."""
    database = Database.connect(url, pool_size=1)
    make = Factory(database)
    brand = make.brand()
    with database.transaction(SYSTEM) as db:
        pool = actions.add(db, SYSTEM, CrewPool(name="化妆师", capacity=CAPACITY, before_minutes=60))
        first = clock.now(db) + timedelta(days=3)
    bodies = []
    for process in range(PROCESSES):
        studio, host = make.studio(setup_minutes=0, teardown_minutes=0), make.host(kind="in_house")
        part = []
        for number in range(TIMES):
            starts_at = first + timedelta(hours=12 * number, minutes=10 * process)
            part.append(
                {
                    "title": f"场次 {process}-{number}",
                    "studio_id": studio.id,
                    "brand_ids": [brand.id],
                    "starts_at": starts_at.isoformat(),
                    "ends_at": (starts_at + timedelta(hours=1)).isoformat(),
                    "channels": [{"platform": "douyin"}],
                    "participants": [{"host_id": host.id}],
                    "crew": [{"pool_id": pool.id, "units": 1 + (process + number) % 2}],
                }
            )
        bodies.append(part)
    database.dispose()
    return bodies


def race(url: str, *fault: str) -> tuple[int, int, int]:
    """All processes at once; gives how many were booked, refused, and the most of the crew needed at once."""
    bodies = contested(url)
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.racer", "book", url, "7", str(TIMES), *fault],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    with ThreadPoolExecutor(PROCESSES) as threads:
        told = list(
            threads.map(
                lambda one: one[0].communicate(json.dumps(one[1]), timeout=150)[0],
                zip(running, bodies, strict=True),
            )
        )
    assert [process.returncode for process in running] == [0] * PROCESSES
    answers = [json.loads(out) for out in told]
    assert sum(answer["other"] for answer in answers) == 0
    with psycopg.connect(url) as connection:
        most = connection.execute(MOST_AT_ONCE).fetchone()
    assert most is not None
    return sum(a["booked"] for a in answers), sum(a["refused"] for a in answers), int(most[0])


@pytest.mark.timeout(200)
@pytest.mark.longer
def test_six_processes_never_book_more_of_a_crew_than_there_are(own_database_url):
    booked, refused, most = race(own_database_url)
    assert most == CAPACITY
    assert booked + refused == PROCESSES * TIMES
    # At each time the six ask for nine between them; three are given, to two sessions or three.
    assert 2 * TIMES <= booked <= 3 * TIMES


@pytest.mark.longer
@pytest.mark.timeout(200)
def test_the_constraint_alone_keeps_it_so(own_database_url):
    assert race(own_database_url, "no-turns")[2] == CAPACITY


@pytest.mark.longer
@pytest.mark.timeout(200)
def test_without_the_constraint_and_turns_the_same_race_gives_more_than_there_are(own_database_url):
    with psycopg.connect(own_database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE claim DROP CONSTRAINT claim_no_overlap")
    # Chance may keep them apart once; not four times.
    assert any(race(own_database_url, "no-turns")[2] > CAPACITY for _ in range(4))
