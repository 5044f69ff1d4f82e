"""The way in for pushes: durable when answered, and those that arrive together are stored together.

A commit costs the same for one event as for a thousand. While one transaction runs, further pushes of the
process queue up; whoever comes to the door next takes all of them along in its own (a group commit). Who they
are from is looked up there too: for a push of one event that look cost more than all the rest.
"""

import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.accounts.sign_ins import find_key_holders
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database, after_commit
from campaign.kit.errors import DomainError, Forbidden, Unauthenticated, Unavailable
from campaign.kit.queue import nudge
from campaign.sales import asks, parcels, rooms, seen
from campaign.sales.asks import Ask
from campaign.sales.batches import Batch
from campaign.sales.scrubbing import salt_of
from campaign.sales.seen import Seen
from campaign.sales.submissions import Rejection, Submission, prepared
from campaign.sales.taking import Keep, Parcel, Source, Taken, take

SEEN_SECONDS = 5.0
CARE_SECONDS = 1.0
"""How long keys are claimed with care after one was seen before: who repeats a batch has mostly more to repeat."""

MOST_TOGETHER = 2000
"""Events in one transaction; a push alone may hold up to 1,000."""

MOST_INSIDE = 80
"""Pushes of a process that may be inside, at work or waiting. The web server has more threads than that
(config.processes): however many push, and however long the database keeps them, pages find one.
"""

MOST_EVENTS_INSIDE = 40_000
"""A second's worth, and some 100 MB: more would only wait here."""

PATIENCE_SECONDS = 5.0
"""A push that nobody has begun with by then is sent away: its sender would give up soon, and not know what became of
it.
"""

_ATTEMPTS = 4


@dataclass(eq=False)
class _Push:
    """One sender's events while they wait; `taken` or `fault` once they were dealt with."""

    sender: Actor | str
    """Who sends, or the API key that says so."""

    events: Sequence[Submission]
    refused: Sequence[Rejection] = ()
    asks: Mapping[int, Ask] = field(default_factory=dict)
    taken: Taken | None = None
    fault: Exception | None = None
    called: threading.Event = field(default_factory=threading.Event)
    """Set when it was dealt with, or when it is its turn to work for all that wait."""

    @property
    def done(self) -> bool:
        return self.taken is not None or self.fault is not None


class TooManyPushes(Unavailable):
    """More than can be taken in soon. Nothing of the push was kept."""

    code = "too_many_pushes"

    def __init__(self) -> None:
        # Those that are sent away together should not all come back together.
        super().__init__(retry_after=random.randint(1, 3))  # noqa: S311 - no secret


class _Queue:
    """Pushes that wait, and whether one of their threads is at work. At most one is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.pushes: list[_Push] = []
        self._at_work = False
        self._inside = 0
        self._events = 0

    @property
    def is_full(self) -> bool:
        return self._inside >= MOST_INSIDE

    def joins(self, push: _Push) -> bool:
        """Queue up; gives whether the thread is the one to work. Raises TooManyPushes where there is no room."""
        with self._lock:
            if self.is_full or (self._inside and self._events + len(push.events) > MOST_EVENTS_INSIDE):
                raise TooManyPushes
            self._inside += 1
            self._events += len(push.events)
            self.pushes.append(push)
            if self._at_work:
                return False
            self._at_work = True
            return True

    def some(self) -> list[_Push]:
        """The oldest pushes that go together; at least one where any waits."""
        with self._lock:
            total, count = 0, 0
            for push in self.pushes:
                total += len(push.events)
                if count and total > MOST_TOGETHER:
                    break
                count += 1
            taken, self.pushes = self.pushes[:count], self.pushes[count:]
            return taken

    def gives_up(self, push: _Push) -> bool:
        """Wait no more; False where somebody has begun with it, or it is its own turn to work."""
        with self._lock:
            if push.called.is_set() or push not in self.pushes:
                return False
            self.pushes.remove(push)
            return True

    def forgets(self, push: _Push) -> None:
        """Its room is another's: it was answered."""
        with self._lock:
            self._inside -= 1
            self._events -= len(push.events)

    def leave(self) -> None:
        """Work no more: whoever waits longest goes on."""
        with self._lock:
            self._at_work = bool(self.pushes)
            if self.pushes:
                self.pushes[0].called.set()


class Intake:
    """One per process. Threads of the web server call take_in; one of them works for all that wait."""

    def __init__(self, database: Database, secret_key: bytes) -> None:
        self._database = database
        self._salt = salt_of(secret_key)
        self._queue = _Queue()
        self._seen: dict[int, float] = {}
        self._hopes_from = 0.0

    @property
    def is_full(self) -> bool:
        """Whether a push would be sent away now: no need to read it."""
        return self._queue.is_full

    def take_in(self, sender: Actor | str, batch: Batch) -> Taken:
        """Take a batch in, durable when this returns; it is merged right after.

        `sender` is an actor who may push, or an API key yet to be looked up. Raises Unauthenticated and
        Forbidden for a key, Unavailable when the database does not take the batch, TooManyPushes when there is no room.
        """
        events, refused = prepared(batch.raws, salt=self._salt, written=batch.written)
        told = {one.index for one in batch.unreadable}
        refused = [*batch.unreadable, *(one for one in refused if one.index not in told)]
        push = _Push(sender, events, refused, batch.asks)
        works = self._queue.joins(push)
        try:
            return self._answer(push, works)
        finally:
            self._queue.forgets(push)

    def _answer(self, push: _Push, works: bool) -> Taken:
        if not works and not push.called.wait(PATIENCE_SECONDS):
            # Waiting for one's own call, and not for a lock at the door: there each would have had to pass in turn.
            if self._queue.gives_up(push):
                raise TooManyPushes
            push.called.wait()
        if not push.done:
            try:
                self._work(self._queue.some())
            finally:
                self._queue.leave()
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
            if isinstance(answer, Taken):
                push.taken = answer
            else:
                push.fault = answer
        for push in pushes:
            push.called.set()

    def _stored(self, pushes: Sequence[_Push]) -> list[Taken | DomainError]:
        """A deadlock or a dying connection is tried again: the dedup keys make that safe."""
        for attempt in range(_ATTEMPTS):
            hopes = time.monotonic() >= self._hopes_from
            try:
                with self._database.transaction(SYSTEM) as db:
                    taken = _taken(db, pushes, parcels.in_hope if hopes else parcels.with_care)
                    self._note_seen(db, taken)
                return taken.answers
            except parcels.SeenBefore:
                self._hopes_from = time.monotonic() + CARE_SECONDS
            except OperationalError as error:
                if attempt == _ATTEMPTS - 1:
                    raise Unavailable("database_busy") from error
        raise Unavailable("database_busy")

    def _note_seen(self, db: Session, taken: "_Answers") -> None:
        """What connectors last brought: not with every push, which would queue up at its row; a refusal always."""
        now = time.monotonic()
        due = [
            _seen_of(connector_id, brought)
            for connector_id, brought in sorted(taken.brought.items())
            if now - self._seen.get(connector_id, -SEEN_SECONDS) >= SEEN_SECONDS
            or any(answer.rejected for _, answer in brought)
        ]
        if due:
            seen.note(db, due, clock.now(db))
            self._seen.update((one.connector_id, now) for one in due if one.is_heard)


_Brought = dict[int, list[tuple[Parcel, Taken]]]


@dataclass(frozen=True)
class _Answers:
    """A verdict for each push, and what each connector among them brought."""

    answers: list[Taken | DomainError]
    brought: _Brought


def check_key(db: Session, key: str) -> Actor:
    """The actor behind a key who may push. Raises Unauthenticated and Forbidden."""
    return _pusher(find_key_holders(db, [key]).get(key))


def _taken(db: Session, pushes: Sequence[_Push], keep: Keep) -> _Answers:
    senders = _senders(db, pushes)
    given = [
        Parcel(sender, push.events, Source("push", sender.connector_id), push.refused)
        for push, sender in zip(pushes, senders, strict=True)
        if isinstance(sender, Actor)
    ]
    answers = take(db, given, keep)
    following = iter(answers)
    taken = [next(following) if isinstance(sender, Actor) else sender for sender in senders]
    _ask_for_details(db, pushes, taken)
    for answer in answers:
        # That a room went on or off air is seldom and urgent: it does not wait for the merge.
        rooms.note_events(db, answer.usable)
    if any(answer.usable or answer.quarantined for answer in answers):
        after_commit(db, lambda: nudge("sales.fold"))
    return _Answers(taken, _by_connector(given, answers))


def _by_connector(given: Sequence[Parcel], answers: Sequence[Taken]) -> _Brought:
    found: _Brought = {}
    for parcel, answer in zip(given, answers, strict=True):
        if parcel.actor.connector_id is not None:
            found.setdefault(parcel.actor.connector_id, []).append((parcel, answer))
    return found


def _seen_of(connector_id: int, brought: Sequence[tuple[Parcel, Taken]]) -> Seen:
    """Of one connector's pushes in one transaction."""
    told = (
        one.occurred_at
        for parcel, answer in brought
        if answer.accepted or answer.duplicates or answer.quarantined
        for one in parcel.given
        if not one.held
    )
    refused = [one for _, answer in brought for one in answer.rejected]
    why = f"{refused[-1].code} {refused[-1].field}".strip() if refused else None
    return Seen(connector_id, max(told, default=None), len(refused), why)


def _ask_for_details(db: Session, pushes: Sequence[_Push], taken: Sequence[Taken | DomainError]) -> None:
    """What new events only hint at is asked for, by the account that was told of it."""
    wanted = [
        (push.sender.connector_id, ask if ask.changed_at else replace(ask, changed_at=one.occurred_at))
        for push, answer in zip(pushes, taken, strict=True)
        if isinstance(push.sender, Actor) and isinstance(answer, Taken) and push.asks
        for _, one in answer.usable
        if (ask := push.asks.get(one.index)) is not None and push.sender.connector_id is not None
    ]
    if wanted:
        asks.want(db, wanted, clock.now(db))
        after_commit(db, lambda: nudge("connectors.pull"))


def _senders(db: Session, pushes: Sequence[_Push]) -> list[Actor | DomainError]:
    keys = {push.sender for push in pushes if isinstance(push.sender, str)}
    holders = find_key_holders(db, keys) if keys else {}
    found: list[Actor | DomainError] = []
    for push in pushes:
        if isinstance(push.sender, Actor):
            found.append(push.sender)
            continue
        try:
            found.append(_pusher(holders.get(push.sender)))
        except DomainError as fault:
            found.append(fault)
    return found


def _pusher(holder: Actor | None) -> Actor:
    if holder is None:
        raise Unauthenticated
    if not allows(holder, "sales.ingest"):
        raise Forbidden
    return holder
