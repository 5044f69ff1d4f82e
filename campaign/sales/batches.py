"""Bodies of a push: JSON or NDJSON into events, and the transaction that takes them in."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database, after_commit
from campaign.kit.errors import DomainError, FieldError, Invalid, Unavailable
from campaign.kit.queue import nudge
from campaign.kit.sealing import derive
from campaign.kit.strict_json import BadJson, decode, decode_flat_events
from campaign.sales import rooms
from campaign.sales.submissions import Rejection, prepared
from campaign.sales.taking import Parcel, Source, Taken, take

MOST_EVENTS = 1000
LARGEST_PUSH = 4 * 1024 * 1024
_ATTEMPTS = 4


class BadPush(DomainError):
    """The body is no batch of events."""

    status = 400
    code = "bad_json"


class PushTooLarge(DomainError):
    status = 413
    code = "too_large"


@dataclass(frozen=True)
class Batch:
    """Events as they came, and lines of NDJSON that could not be read."""

    raws: list[Any]
    unreadable: list[Rejection]


def read_batch(body: bytes, content_type: str) -> Batch:
    """{"events": […]}, or one event a line when the type is NDJSON. Raises BadPush, PushTooLarge, Invalid."""
    if len(body) > LARGEST_PUSH:
        raise PushTooLarge
    if content_type.split(";", maxsplit=1)[0].strip().lower() in (
        "application/x-ndjson",
        "application/ndjson",
    ):
        return _lines(body)
    flat = decode_flat_events(body)
    if flat is not None:
        return _counted(Batch(flat, []))
    try:
        document = decode(body, largest=LARGEST_PUSH)
    except BadJson as error:
        raise BadPush(why=error.code) from error
    if not isinstance(document, dict) or not isinstance(document.get("events"), list):
        raise Invalid([FieldError("events", "missing")])
    if set(document) != {"events"}:
        raise Invalid([FieldError(name, "unknown_field") for name in sorted(set(document) - {"events"})])
    return _counted(Batch(document["events"], []))


def _lines(body: bytes) -> Batch:
    raws: list[Any] = []
    unreadable = []
    for line in body.splitlines():
        if not line.strip():
            continue
        try:
            raws.append(decode(line, largest=LARGEST_PUSH))
        except BadJson as error:
            unreadable.append(Rejection(len(raws), error.code))
            raws.append(_UNREADABLE)
    return _counted(Batch(raws, unreadable))


_UNREADABLE = object()


def _counted(batch: Batch) -> Batch:
    if not 1 <= len(batch.raws) <= MOST_EVENTS:
        raise Invalid([FieldError("events", "batch_size", {"most": MOST_EVENTS})])
    return batch


def take_in(database: Database, actor: Actor, batch: Batch, secret_key: bytes) -> Taken:
    """Take a batch in, durable when this returns; it is merged right after. A deadlock or a dying connection is
    tried again: the dedup keys make that safe. Raises Unavailable when it does not get through.
    """
    salt = derive(secret_key, "buyer")
    for attempt in range(_ATTEMPTS):
        try:
            with database.transaction(SYSTEM) as db:
                return _taken(db, actor, batch, salt)
        except OperationalError as error:
            if attempt == _ATTEMPTS - 1:
                raise Unavailable("database_busy") from error
    raise Unavailable("database_busy")


def _taken(db: Session, actor: Actor, batch: Batch, salt: bytes) -> Taken:
    taken, refused = prepared(batch.raws, salt=salt, now=clock.now(db))
    told = {one.index for one in batch.unreadable}
    refused = [*batch.unreadable, *(one for one in refused if one.index not in told)]
    (answer,) = take(db, [Parcel(actor, taken, Source("push", actor.connector_id), refused)], waits=True)
    # That a room went on or off air is seldom and urgent: it does not wait for the merge.
    rooms.note_events(db, answer.usable)
    if answer.usable:
        after_commit(db, lambda: nudge("sales.fold"))
    return answer
