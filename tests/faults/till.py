"""Processes that sell until they are killed: writers and folders, each in a process of its own.

A writer takes in its share of the events in a file, by the product's own way in, and notes beside it how many were
answered; begun again, it goes on from there. What was answered it tells again now and then: taken in anew it was lost.
With `early` it answers before its commit. A folder merges, folds and projects as the worker does; with `unclaimed` it
adds what waits and strikes it off afterwards.
"""

import json
import os
import time
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import Unavailable
from campaign.kit.parts import Parts
from campaign.sales import folding
from campaign.sales.batches import Batch
from campaign.sales.intake import Intake
from campaign.sales.parcels import with_care
from campaign.sales.submissions import prepared
from campaign.sales.taking import Parcel, Source, take
from campaign.wiring import wire
from config.settings import load
from workers import sales, task

CONNECTOR = Actor(kind="key", role="connector", id=5, name="push")
PAUSE = 0.15
"""Between two batches of a writer: they must not be sold out before the last kill, however fast the machine."""

REST = 0.02
"""Between two turns of a folder."""


class Writer:
    """Sells its share of the events, and remembers what was answered."""

    def __init__(self, parts: Parts, file: Path, first: int, last: int, *, early: bool) -> None:
        self._events = [json.loads(line) for line in file.read_text().splitlines()[first:last]]
        self._answers = file.with_suffix(f".{first}")
        self._parts, self._early = parts, early
        self._intake = Intake(parts.database, b"k" * 32)
        self._random = Random(os.getpid())
        told = self._answers.read_text().split() if self._answers.exists() else []
        self._answered = int(told[-1]) if told else 0

    def sell(self) -> None:
        """All of the share."""
        while self._answered < len(self._events):
            self._one_batch()
            time.sleep(PAUSE)

    def _one_batch(self) -> None:
        until = min(len(self._events), self._answered + self._random.randrange(1, 20))
        fresh = self._events[self._answered : until]
        again = self._random.choices(
            self._events[: self._answered], k=self._random.randrange(3) if self._answered else 0
        )
        batch = [*fresh, *again]
        self._random.shuffle(batch)
        try:
            accepted = self._taken(batch, until)
        except (Unavailable, SQLAlchemyError):
            time.sleep(PAUSE)
            return
        if accepted > len(fresh):
            self._note("lost")
        self._note(until)
        self._answered = until

    def _taken(self, batch: list[dict[str, Any]], until: int) -> int:
        if not self._early:
            return self._intake.take_in(CONNECTOR, Batch(batch, [])).accepted
        with self._parts.database.transaction(SYSTEM) as db:
            given, refused = prepared(batch, salt=b"s")
            (taken,) = take(db, [Parcel(CONNECTOR, given, Source("push", 5), refused)], with_care)
            self._note(until)
            time.sleep(0.1)
        return taken.accepted

    def _note(self, what: object) -> None:
        with self._answers.open("a") as file:
            file.write(f"{what}\n")


def fold(*, unclaimed: bool) -> None:
    """Turn after turn, whatever is away meanwhile: Celery would call again."""
    if unclaimed:
        folding._CLAIM = text("INSERT INTO claimed_change SELECT * FROM sale_change ORDER BY id LIMIT :most")
    while True:
        try:
            sales.fold()
            if unclaimed:
                time.sleep(0.05)
                with task.parts().database.transaction(SYSTEM) as db:
                    db.execute(text("DELETE FROM sale_change"))
            sales.project()
        except (Unavailable, SQLAlchemyError):
            pass
        time.sleep(REST)


def begin(says: Connection, environment: dict[str, str], role: str, *given: str) -> None:
    """Work as `writer FILE FROM TO [early]` or `folder [unclaimed]`; `says` is told once it begins."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    parts = wire(load(environment), nudges=False)
    task.use(parts)
    says.send(True)
    if role == "folder":
        fold(unclaimed="unclaimed" in given)
    else:
        Writer(parts, Path(given[0]), int(given[1]), int(given[2]), early="early" in given).sell()
