"""The waiting list under races and kills: one offer per freed place, one place per entry, nothing half made."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.schedule.waiting import line, sweep
from campaign.schedule.waiting.schemas import EntryIn
from tests.factory import HUB, Factory

ENTRIES, SWEEPERS, KILLS = 24, 3, 5

_SWEEPER = """
import sys
from campaign.kit.database import Database
from campaign.schedule.waiting.sweep import sweep
database = Database.connect(sys.argv[1], pool_size=1)
while True:
    sweep(database)
"""


def plant(url, entries, *, studios):
    """Wishes for one evening in any of so many free studios, each for a host of its own; gives their ids in line."""
    database = Database.connect(url, pool_size=1)
    make = Factory(database)
    brand = make.brand()
    for _ in range(studios):
        make.studio()
    found = []
    with database.transaction(SYSTEM) as db:
        starts_at = (clock.now(db) + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
    for number in range(entries):
        given = {
            "title": f"候补 {number}",
            "brand_ids": [brand.id],
            "host_ids": [make.host(kind="in_house").id],
            "minutes": 180,
            "windows": [{"from": starts_at, "to": starts_at + timedelta(hours=3)}],
        }
        with database.transaction(HUB) as db:
            found.append(line.join(db, HUB, EntryIn.model_validate(given)).row.id)
    database.dispose()
    return found


def look(url):
    """(entries offered in line order, open offers, drafts, held studio claims)."""
    with psycopg.connect(url) as connection:

        def one(sql):
            return connection.execute(sql).fetchone()[0]

        return (
            [
                row[0]
                for row in connection.execute(
                    "SELECT id FROM waiting_entry WHERE state = 'offered' ORDER BY created_at, id"
                )
            ],
            one("SELECT count(*) FROM waiting_offer WHERE state = 'open'"),
            one("SELECT count(*) FROM live_session WHERE state = 'draft'"),
            one(
                "SELECT count(*) FROM waiting_offer o"
                " JOIN live_session s ON s.id = o.session_id AND s.hold_until = o.expires_at"
            ),
        )


def two_at_once(url):
    databases = [Database.connect(url, pool_size=1) for _ in range(2)]
    gate = threading.Barrier(2)

    def run(database):
        gate.wait()
        try:
            sweep.sweep(database)
        except Exception as error:  # noqa: BLE001 - whatever a thread meets, the test must see
            failed.append(error)

    failed = []
    threads = [threading.Thread(target=run, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.dispose()
    return failed


def test_two_sweeps_at_once_give_one_offer_to_the_first_in_line(own_database_url):
    entries = plant(own_database_url, 4, studios=1)
    assert two_at_once(own_database_url) == []
    assert look(own_database_url) == (entries[:1], 1, 1, 1)


@pytest.mark.parametrize("guarded", [True, False])
def test_an_entry_cannot_be_held_two_places(own_database_url, guarded):
    # The index has the last word; without it (negative control) a second open offer would stand.
    (entry,) = plant(own_database_url, 1, studios=2)
    database = Database.connect(own_database_url, pool_size=1)
    assert sweep.sweep(database) == 1
    database.dispose()
    again = (
        "WITH other AS (INSERT INTO live_session (title, studio_id, state, starts_at, ends_at, brand_ids)"
        " SELECT title, studio_id, 'draft', starts_at, ends_at, brand_ids FROM live_session LIMIT 1 RETURNING id)"
        " INSERT INTO waiting_offer (entry_id, session_id, starts_at, ends_at, made_at, expires_at)"
        " SELECT o.entry_id, other.id, o.starts_at, o.ends_at, o.made_at, o.expires_at FROM waiting_offer o, other"
    )
    with psycopg.connect(own_database_url) as connection:
        if guarded:
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute(again)
            connection.rollback()
        else:
            connection.execute("DROP INDEX waiting_offer_open")
            connection.execute(again)
    assert look(own_database_url)[:2] == ([entry], 1 if guarded else 2)


def test_without_the_lock_two_sweeps_both_take_a_turn(own_database_url, monkeypatch):
    # Negative control of the lock: one that holds it keeps the other out; without it both go on.
    plant(own_database_url, 1, studios=1)
    first, second = (Database.connect(own_database_url, pool_size=1) for _ in range(2))
    with first.transaction(SYSTEM) as db:
        assert db.scalar(sweep._ALONE)
        assert sweep.sweep(second) == 0
        monkeypatch.setattr(sweep, "_ALONE", text("SELECT true"))
        assert sweep.sweep(second) == 1
    first.dispose()
    second.dispose()


@pytest.mark.timeout(200)
@pytest.mark.longer
def test_killed_sweepers_leave_nothing_half_made(own_database_url):
    entries = plant(own_database_url, ENTRIES, studios=ENTRIES // 2)
    dice = random.Random(11)

    def start():
        return subprocess.Popen([sys.executable, "-c", _SWEEPER, own_database_url])

    sweepers = [start() for _ in range(SWEEPERS)]
    kills, until = 0, time.monotonic() + 120
    try:
        while not look(own_database_url)[1] and time.monotonic() < until:
            time.sleep(0.02)
        while look(own_database_url)[1] < ENTRIES // 2 and time.monotonic() < until:
            if kills < KILLS:
                victim = dice.randrange(SWEEPERS)
                os.kill(sweepers[victim].pid, signal.SIGKILL)
                sweepers[victim].wait()
                sweepers[victim] = start()
                kills += 1
            time.sleep(dice.uniform(0.02, 0.2))
        time.sleep(1)
    finally:
        for process in sweepers:
            process.kill()
            process.wait()
    half = ENTRIES // 2
    assert kills > 0
    assert look(own_database_url) == (entries[:half], half, half, half)
