"""Where and when the suite plays: the hub's zone and the day it takes for today, from the environment.

    TEST_HUB_ZONE=Europe/Berlin TEST_TODAY=2026-10-24 python3 -m campaign test tests/db/test_schedule_boards.py

Without them: Asia/Shanghai, and the day it is. The time of day is always the real one.
"""

import os
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import psycopg


class Change(NamedTuple):
    """A night whose clocks change, and by how many hours the night is longer than others."""

    zone: str
    day: date
    longer: int

    def __str__(self) -> str:
        return f"{self.zone}@{self.day}"


NIGHTS = (
    Change("Asia/Shanghai", date(2026, 10, 25), 0),
    Change("Europe/Berlin", date(2026, 10, 25), 1),
    Change("Europe/Berlin", date(2027, 3, 28), -1),
    Change("America/New_York", date(2026, 11, 1), 1),
    Change("America/New_York", date(2027, 3, 14), -1),
)
"""The nights to these days. Clocks change at 01:00 UTC in Berlin, at 02:00 by the wall in New York."""


def ahead(zone: str) -> list[Change]:
    """The changes of the coming year; where clocks never change, the coming one."""
    local, found = ZoneInfo(zone), []
    day = datetime.now(UTC).date() + timedelta(days=3)
    for _ in range(366):
        starts, ends = (datetime.combine(day + timedelta(days=by), time(0), tzinfo=local) for by in (0, 1))
        longer = int((ends.astimezone(UTC) - starts.astimezone(UTC)) / timedelta(hours=1)) - 24
        if longer:
            found.append(Change(zone, day, longer))
        day += timedelta(days=1)
    return found or [Change(zone, datetime.now(UTC).date() + timedelta(days=1), 0)]


def hub_zone() -> str:
    """The zone of the suite's hub."""
    return os.environ.get("TEST_HUB_ZONE", "Asia/Shanghai")


def offset() -> timedelta:
    """How far the suite's clock stands from the machine's: whole days."""
    today = os.environ.get("TEST_TODAY")
    return date.fromisoformat(today) - datetime.now(UTC).date() if today else timedelta(0)


def evening(otherwise: date) -> date:
    """The day whose evening tests with days of their own play, long past for them: TEST_EVENING, where one is given."""
    given = os.environ.get("TEST_EVENING")
    return date.fromisoformat(given) if given else otherwise


def settle(database_url: str) -> None:
    """Move the hub of a fresh database to the suite's zone."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE hub SET timezone = %s", (hub_zone(),))
