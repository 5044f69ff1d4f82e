"""Processes that want the same places: each books, moves, swaps, answers and cancels as fast as it can.

`python -m tests.faults.contest URL PROCESSES OPERATIONS [FAULT]` reads the places on stdin and prints what was
done, how long it took and who was refused. With FAULT `unlocked` the walls against lost updates are taken down.
"""

import json
import os
import random
import sys
import time
from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from campaign.kit import clock
from campaign.kit.database import Database
from campaign.kit.errors import DomainError
from campaign.schedule import answering, booking, changing, closing, swapping
from campaign.schedule.models import LiveSession
from campaign.schedule.schemas import SessionIn
from campaign.schedule.stepping import record
from tests.factory import HUB

# What a planner does, weighed so that at least a quarter is done and the rest meets somebody else.
VERBS = {"book": 14, "move": 40, "swap": 14, "cancel": 7, "offer": 12, "accept": 8, "decline": 5}
LOOK_EVERY = 2
"""A planner's board is so many operations old at most: what it moves may have been moved meanwhile."""


class Planner:
    """One process: a connection of its own, chances of its own."""

    def __init__(self, url: str, places: dict, seed: int, *, broken: bool = False) -> None:
        self.broken = broken
        self.database = Database.connect(url, pool_size=1)
        self.places, self.chance = places, random.Random(seed)
        self.first = datetime.fromisoformat(places["first"])
        self.board: list[tuple[int, int]] = []
        self.done: list[tuple] = []
        self.refused: Counter[str] = Counter()
        self.seconds: list[tuple[float, str, str]] = []

    def work(self, operations: int) -> None:
        for number in range(operations):
            if number % LOOK_EVERY == 0:
                self._look()
            verb = self.chance.choices(list(VERBS), VERBS.values())[0] if self.board else "book"
            self._try(verb)

    def _look(self) -> None:
        with self.database.transaction(HUB, readonly=True) as db:
            rows = db.execute(
                text("SELECT id, version FROM live_session WHERE state IN ('draft', 'offered', 'accepted')")
            )
            self.board = [(row.id, row.version) for row in rows]

    def _try(self, verb: str) -> None:
        began = time.perf_counter()
        told = "done"
        try:
            with self.database.transaction(HUB) as db:
                views = getattr(self, f"_{verb}")(db)
            self.done += [
                (one.id, one.version, verb, one.studio_id, one.starts_at.isoformat(), one.state)
                for one in views
            ]
        except DomainError as error:
            told = error.error_code
            self.refused[told] += 1
        except DBAPIError as error:
            # With its walls down the product meets what it otherwise never does; with them it is a failure.
            if not self.broken:
                raise
            told = type(error.orig).__name__
            self.refused[told] += 1
        self.seconds.append((time.perf_counter() - began, verb, told))

    def _one(self) -> tuple[int, int]:
        return self.chance.choice(self.board)

    def _start(self) -> datetime:
        return self.first + timedelta(minutes=30) * self.chance.randrange(self.places["starts"])

    def _book(self, db):
        starts_at = self._start()
        given = {
            "title": "场次",
            "studio_id": self.chance.choice(self.places["studios"]),
            "brand_ids": [self.places["brand"]],
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=1),
            "channels": [{"platform": "douyin"}],
            "participants": [{"host_id": self.chance.choice(self.places["hosts"])}],
            "override": {"reason": "试"},
        }
        return [booking.book(db, HUB, SessionIn.model_validate(given))]

    def _move(self, db):
        one, version = self._one()
        studio_id = self.chance.choice(self.places["studios"])
        given = {"studio_id": studio_id, "starts_at": self._start(), "override_reason": "试"}
        return [changing.move(db, HUB, one, expected_version=version, **given)]

    def _swap(self, db):
        (one, version), (two, _) = self._one(), self._one()
        what = self.chance.choice(["studios", "times", "places"])
        given = {"what": what, "override_reason": "试"}
        view = swapping.swap(db, HUB, one, two, expected_version=version, **given)
        other = db.scalars(select(LiveSession).where(LiveSession.id == two)).one()
        return [view, other]

    def _cancel(self, db):
        one, version = self._one()
        return [closing.cancel(db, HUB, one, code="other", expected_version=version)]

    def _offer(self, db):
        one, version = self._one()
        return [answering.offer(db, HUB, one, expected_version=version)]

    def _accept(self, db):
        one, version = self._one()
        return [answering.accept(db, HUB, one, expected_version=version)]

    def _decline(self, db):
        one, version = self._one()
        return [answering.decline(db, HUB, one, reason="没空", expected_version=version)]


def take_the_walls_down() -> None:
    """No row lock, no If-Match, no comparing of versions: the last writer wins, unseen."""

    def locked(db, actor, session_id, verb, *, expected_version=None):
        statement = select(LiveSession).where(LiveSession.id == session_id)
        return db.scalars(statement.execution_options(populate_existing=True)).one()

    def step(db, actor, row, verb, *, to=None, evidence=None, reason="", detail=None, **values):
        before = row.state
        for name, value in values.items():
            setattr(row, name, value)
        row.state, row.version, row.updated_at = to or before, row.version + 1, clock.now(db)
        db.flush()
        record(db, actor, row, verb, before, evidence=evidence, reason=reason, detail=detail)

    for module in (answering, changing, closing, swapping):
        module.locked = locked
        if hasattr(module, "step"):
            module.step = step


def contest(url: str, processes: int, operations: int, fault: str = "") -> dict:
    """Forks the planners, waits for them, and gives what all of them saw."""
    places = json.loads(sys.stdin.read())
    if fault == "unlocked":
        take_the_walls_down()
    began, pipes = time.perf_counter(), []
    for seed in range(processes):
        read, write = os.pipe()
        if os.fork() == 0:
            os.close(read)
            planner = Planner(url, places, seed, broken=fault == "unlocked")
            planner.work(operations // processes)
            with os.fdopen(write, "w") as out:
                json.dump([planner.done, planner.refused, planner.seconds], out)
            os._exit(0)
        os.close(write)
        pipes.append(os.fdopen(read))
    told = [json.load(pipe) for pipe in pipes]
    for _ in range(processes):
        assert os.wait()[1] == 0
    seconds = sorted(one for _, _, many in told for one in many)
    return {
        "done": [one for done, _, _ in told for one in done],
        "refused": dict(sum((Counter(refused) for _, refused, _ in told), Counter())),
        "operations": len(seconds),
        "succeeded": sum(one[2] == "done" for one in seconds),
        "p50": seconds[len(seconds) // 2][0],
        "p999": seconds[int(len(seconds) * 0.999)][0],
        "most": seconds[-1],
        "wall": time.perf_counter() - began,
        "mean_ms": _means(seconds),
    }


def _means(seconds: list[list]) -> dict[str, tuple[int, float]]:
    found: dict[str, list[float]] = {}
    for took, verb, told in seconds:
        found.setdefault(f"{verb} {told}", []).append(took)
    return {name: (len(many), round(1000 * sum(many) / len(many), 1)) for name, many in sorted(found.items())}


if __name__ == "__main__":
    print(json.dumps(contest(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])))
