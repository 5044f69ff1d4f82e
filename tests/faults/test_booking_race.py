"""Eight processes want the same places: never two sessions in one. Without the constraint there are many."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from math import ceil

import psycopg
import pytest

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from tests.factory import Factory

PROCESSES, SLOTS = 8, 24

# Asked of the sessions themselves, not of the claims: two in one studio nearer than set-up and tear-down allow.
OVERLAPS = """
    SELECT count(*) FROM live_session a
    JOIN live_session b ON a.studio_id = b.studio_id AND a.id < b.id
    AND tstzrange(a.starts_at - interval '30 min', a.ends_at + interval '15 min')
        && tstzrange(b.starts_at - interval '30 min', b.ends_at + interval '15 min')
"""


def contested(url: str) -> list[dict]:
    """Bodies that overlap in pairs: two studios, starts 45 minutes apart, shows of an hour."""
    database = Database.connect(url, pool_size=1)
    make = Factory(database)
    studios, brand = [make.studio(), make.studio()], make.brand()
    hosts = [make.host(kind="in_house") for _ in range(SLOTS)]
    with database.transaction(SYSTEM) as db:
        first: datetime = clock.now(db) + timedelta(days=3)
    database.dispose()
    bodies = []
    for number in range(SLOTS):
        starts_at = first + timedelta(minutes=45) * (number // 2)
        bodies.append(
            {
                "title": f"场次 {number}",
                "studio_id": studios[number % 2].id,
                "brand_ids": [brand.id],
                "starts_at": starts_at.isoformat(),
                "ends_at": (starts_at + timedelta(hours=1)).isoformat(),
                "channels": [{"platform": "douyin"}],
                "participants": [{"host_id": hosts[number].id}],
            }
        )
    return bodies


def race(url: str) -> tuple[int, int, int]:
    """All processes at once; gives how many were booked, refused, and overlap."""
    bodies = json.dumps(contested(url))
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.racer", "book", url, str(seed), str(SLOTS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(PROCESSES)
    ]
    # One thread per process: all get their input at once, and all are read to the end.
    with ThreadPoolExecutor(PROCESSES) as threads:
        told = list(threads.map(lambda process: process.communicate(bodies, timeout=150)[0], running))
    assert [process.returncode for process in running] == [0] * PROCESSES
    answers = [json.loads(out) for out in told]
    assert sum(answer["other"] for answer in answers) == 0
    with psycopg.connect(url) as connection:
        overlaps = connection.execute(OVERLAPS).fetchone()
    assert overlaps is not None
    return sum(a["booked"] for a in answers), sum(a["refused"] for a in answers), overlaps[0]


@pytest.mark.timeout(200)
def test_eight_processes_never_book_one_place_twice(own_database_url):
    booked, refused, overlaps = race(own_database_url)
    assert overlaps == 0
    assert booked + refused == PROCESSES * SLOTS
    # A show with its turnaround blocks the two starts before and the two after it: at least every fifth start of a
    # studio is taken in the end, at most every third.
    starts = SLOTS // 2
    assert 2 * ceil(starts / 5) <= booked <= 2 * ceil(starts / 3)


@pytest.mark.timeout(200)
def test_without_the_constraint_the_same_race_books_places_twice(own_database_url):
    with psycopg.connect(own_database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE claim DROP CONSTRAINT claim_no_overlap")
    booked, refused, overlaps = race(own_database_url)
    assert (booked, refused) == (PROCESSES * SLOTS, 0)
    assert overlaps > 0
