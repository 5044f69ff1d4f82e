"""The way in for pushes: durable when answered, and those that arrive together are stored together.

A commit costs the same for one event as for a thousand. While one transaction runs, further pushes of the
process queue up; whoever comes to the door next takes all of them along in its own (a group commit).
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database, after_commit
from campaign.kit.errors import Unavailable
from campaign.kit.queue import nudge
from campaign.kit.sealing import derive
from campaign.sales import rooms
from campaign.sales.batches import Batch
from campaign.sales.submissions import prepared
from campaign.sales.taking import Parcel, Source, Taken, take

MOST_TOGETHER = 2000
"""Events in one transaction; a push alone may hold up to 1,000."""

_ATTEMPTS = 4


@dataclass
class _Push:
    """One sender's batch while it waits; `taken` or `fault` once it was dealt with."""

    actor: Actor
    batch: Batch
    taken: Taken | None = None
    fault: Exception | None = None

    @property
    def done(self) -> bool:
        return self.taken is not None or self.fault is not None


@dataclass
class _Queue:
    lock: threading.Lock = field(default_factory=threading.Lock)
    pushes: list[_Push] = field(default_factory=list)

    def add(self, push: _Push) -> None:
        with self.lock:
            self.pushes.append(push)

    def some(self) -> list[_Push]:
        """The oldest pushes that go together; at least one where any waits."""
        with self.lock:
            total, count = 0, 0
            for push in self.pushes:
                total += len(push.batch.raws)
                if count and total > MOST_TOGETHER:
                    break
                count += 1
            taken, self.pushes = self.pushes[:count], self.pushes[count:]
            return taken


class Intake:
    """One per process. Threads of the web server call take_in; one of them works for all that wait."""

    def __init__(self, database: Database, secret_key: bytes) -> None:
        self._database = database
        self._salt = derive(secret_key, "buyer")
        self._queue = _Queue()
        self._door = threading.Lock()

    def take_in(self, actor: Actor, batch: Batch) -> Taken:
        """Take a batch in, durable when this returns; it is merged right after.

        Raises Unavailable when the database does not take it.
        """
        push = _Push(actor, batch)
        self._queue.add(push)
        with self._door:
            # Whoever was at the door before may have taken this one along.
            while not push.done:
                self._work(self._queue.some())
        if push.taken is None:
            raise push.fault or Unavailable("database_busy")
        return push.taken

    def _work(self, pushes: Sequence[_Push]) -> None:
        try:
            answers = self._stored(pushes)
        except Unavailable as fault:
            answers = []
            for push in pushes:
                push.fault = fault
        except Exception as fault:  # noqa: BLE001 - raised again in the thread whose push it was
            answers = []
            if len(pushes) == 1:
                pushes[0].fault = fault
            else:
                # One spoils it for the others: each for itself.
                for push in pushes:
                    self._work([push])
        for push, answer in zip(pushes, answers, strict=False):
            push.taken = answer

    def _stored(self, pushes: Sequence[_Push]) -> list[Taken]:
        """A deadlock or a dying connection is tried again: the dedup keys make that safe."""
        for attempt in range(_ATTEMPTS):
            try:
                with self._database.transaction(SYSTEM) as db:
                    return _taken(db, pushes, self._salt)
            except OperationalError as error:
                if attempt == _ATTEMPTS - 1:
                    raise Unavailable("database_busy") from error
        raise Unavailable("database_busy")


def _taken(db: Session, pushes: Sequence[_Push], salt: bytes) -> list[Taken]:
    now = clock.now(db)
    parcels = []
    for push in pushes:
        events, refused = prepared(push.batch.raws, salt=salt, now=now)
        told = {one.index for one in push.batch.unreadable}
        refused = [*push.batch.unreadable, *(one for one in refused if one.index not in told)]
        parcels.append(Parcel(push.actor, events, Source("push", push.actor.connector_id), refused))
    answers = take(db, parcels, waits=True)
    for answer in answers:
        # That a room went on or off air is seldom and urgent: it does not wait for the merge.
        rooms.note_events(db, answer.usable)
    if any(answer.usable for answer in answers):
        after_commit(db, lambda: nudge("sales.fold"))
    return answers
