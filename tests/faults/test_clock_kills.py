"""Clocks that race and die: every edge is taken once, and none is left behind."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import timedelta

import psycopg
import pytest

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from tests.factory import Factory

SESSIONS, CLOCKS, KILLS = 120, 3, 6


def plant(url: str) -> None:
    """Accepted sessions that are due to be ready, and drafts whose hold has run out."""
    database = Database.connect(url, pool_size=1)
    make = Factory(database)
    studio, brand = make.studio(), make.brand()
    with database.transaction(SYSTEM) as db:
        now = clock.now(db)
    database.dispose()
    with psycopg.connect(url) as connection:
        for number in range(SESSIONS):
            state, hold = ("accepted", None) if number % 2 else ("draft", now - timedelta(minutes=1))
            row = connection.execute(
                "INSERT INTO live_session (title, studio_id, state, starts_at, ends_at, brand_ids, hold_until, due_at)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
                (
                    f"场次 {number}",
                    studio.id,
                    state,
                    now + timedelta(minutes=20),
                    now + timedelta(hours=3),
                    [brand.id],
                    hold,
                    now - timedelta(minutes=1),
                ),
            ).fetchone()
            assert row is not None
            connection.execute(
                "INSERT INTO session_brand (session_id, brand_id, position) VALUES (%s, %s, 1)",
                (row[0], brand.id),
            )


def start(url: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.racer", "tick", url], stdout=subprocess.DEVNULL
    )


def waiting(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM live_session WHERE state IN ('accepted', 'draft')"
        ).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.timeout(200)
def test_every_edge_is_taken_once_whatever_dies(own_database_url):
    plant(own_database_url)
    dice = random.Random(7)
    clocks = [start(own_database_url) for _ in range(CLOCKS)]
    kills = 0
    try:
        until = time.monotonic() + 120
        # Kills that hit nothing but starting processes would prove nothing.
        while waiting(own_database_url) == SESSIONS and time.monotonic() < until:
            time.sleep(0.02)
        while waiting(own_database_url) and time.monotonic() < until:
            if kills < KILLS:
                victim = dice.randrange(CLOCKS)
                os.kill(clocks[victim].pid, signal.SIGKILL)
                clocks[victim].wait()
                clocks[victim] = start(own_database_url)
                kills += 1
            time.sleep(dice.uniform(0.02, 0.2))
    finally:
        for process in clocks:
            process.kill()
            process.wait()
    assert waiting(own_database_url) == 0
    assert kills > 0
    with psycopg.connect(own_database_url) as connection:
        edges = connection.execute(
            "SELECT count(*), count(DISTINCT session_id) FROM session_history WHERE verb IN ('ready', 'cancel')"
        ).fetchone()
        told = connection.execute(
            "SELECT count(*), count(DISTINCT session_id) FROM outbox_event WHERE type = 'session.ready'"
        ).fetchone()
    assert edges == (SESSIONS, SESSIONS)
    assert told == (SESSIONS // 2, SESSIONS // 2)
