"""Parcels: what pushes brought, durable under its dedup keys, waiting to be unpacked into the log and merged.

The log's row of an event with its indexes costs four times its key. So the door writes keys and one document for all
events of a sender; the worker that merges them writes their rows.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from psycopg.errors import UniqueViolation
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.arrays import Column, bigints, byteas, instants, texts
from campaign.sales.submissions import restored
from campaign.sales.taking import Addressed, Parcel

MOST_PARCELS = 50
MOST_EVENTS = 5000
MOST_ATTEMPTS = 5
"""After so many failures a parcel is parked: it is shown, and does not hold up the others."""

_PACKED = 1
"""Level of zlib: the bodies of a sender are alike and shrink to a sixth at a cost of half a microsecond an event."""


class SeenBefore(Exception):
    """A key that was hoped to be new is not. The transaction is lost: try again without hope."""


_PACK = """parcel AS (
    INSERT INTO sale_parcel (received_at, connector_id, events, shop_ids, held, payload)
    SELECT * FROM unnest(%b::timestamptz[], %b::bigint[], %b::integer[], %b::text[], %b::text[], %b::bytea[])
)"""
_HOPE = f"""
WITH won AS (
    INSERT INTO sale_event_key (shop_id, type, event_id, digest)
    SELECT * FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::bytea[])
), {_PACK}
SELECT
"""
_CLAIM_KEYS = """
WITH incoming AS MATERIALIZED (
    SELECT * FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::bytea[])
        WITH ORDINALITY AS r(shop_id, type, event_id, digest, place)
), won AS (
    INSERT INTO sale_event_key (shop_id, type, event_id, digest)
    SELECT shop_id, type, event_id, digest FROM incoming ORDER BY place
    ON CONFLICT DO NOTHING RETURNING shop_id, type, event_id
)
SELECT place - 1 FROM incoming i WHERE NOT EXISTS (SELECT FROM won w WHERE w.shop_id = i.shop_id
    AND w.type = i.type AND w.event_id = i.event_id)
"""
_PACK_ALONE = f"WITH {_PACK} SELECT"


def in_hope(
    db: Session, fresh: Sequence[Addressed], numbers: Sequence[int], parcels: Sequence[Parcel]
) -> Sequence[int]:
    """Claim keys that are likely new, and pack their events: one trip, half the work. Raises SeenBefore."""
    _, keys = _keys(fresh)
    try:
        db.connection().exec_driver_sql(_HOPE, (*keys, *_packed(db, fresh, numbers, parcels)))
    except IntegrityError as error:
        told = error.orig.diag.table_name if isinstance(error.orig, UniqueViolation) else None
        if told is not None and told.startswith("sale_event_key"):
            raise SeenBefore from error
        raise
    return ()


def with_care(
    db: Session, fresh: Sequence[Addressed], numbers: Sequence[int], parcels: Sequence[Parcel]
) -> Sequence[int]:
    """Claim keys that may have been claimed before, and pack the events of the others; gives the places of the rest."""
    order, keys = _keys(fresh)
    lost = {order[place] for (place,) in db.connection().exec_driver_sql(_CLAIM_KEYS, keys)}
    new = [place for place in range(len(fresh)) if place not in lost]
    if new:
        packed = _packed(db, [fresh[place] for place in new], [numbers[place] for place in new], parcels)
        db.connection().exec_driver_sql(_PACK_ALONE, packed)
    return sorted(lost)


def _keys(fresh: Sequence[Addressed]) -> tuple[Sequence[int], tuple[Column, ...]]:
    """In the order in which every writer claims them: the place of each, and the columns."""
    rows = [(shop_id, one.type, one.event_id, one.digest, at) for at, (shop_id, one) in enumerate(fresh)]
    rows.sort()
    shop_ids, types, event_ids, digests, order = zip(*rows, strict=True)
    return order, (bigints(shop_ids), texts(types), texts(event_ids), byteas(digests))


def _packed(
    db: Session, fresh: Sequence[Addressed], numbers: Sequence[int], parcels: Sequence[Parcel]
) -> tuple[list[Any], ...]:
    """A parcel for each connector that brought any, as columns."""
    senders = [parcel.source.connector_id for parcel in parcels]
    by_sender: dict[int | None, list[Addressed]] = {}
    for number, addressed in zip(numbers, fresh, strict=True):
        by_sender.setdefault(senders[number], []).append(addressed)
    rows = [
        (
            clock.now(db),
            connector_id,
            len(some),
            msgspec.json.encode([shop_id for shop_id, _ in some]).decode(),
            msgspec.json.encode([place for place, (_, one) in enumerate(some) if one.held]).decode(),
            zlib.compress(b"[" + b",".join([one.content for _, one in some]) + b"]", _PACKED),
        )
        for connector_id, some in by_sender.items()
    ]
    return tuple(map(list, zip(*rows, strict=True)))


_CLAIM = text(
    "DELETE FROM sale_parcel WHERE id IN (SELECT id FROM (SELECT id, sum(events) OVER (ORDER BY id) - events AS before"
    " FROM (SELECT id, events FROM sale_parcel WHERE attempts < :attempts"
    " AND (CAST(:one AS bigint) IS NULL OR id = :one) ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED) free) counted"
    " WHERE before < :events) RETURNING id, received_at, connector_id, shop_ids, held, payload"
)


@dataclass(frozen=True)
class _Unpacked:
    """The events of one parcel, each with its bytes."""

    received_at: datetime
    connector_id: int | None
    events: list[tuple[Addressed, str]]


def unpack(db: Session, *, parcel_id: int | None = None) -> tuple[int, list[Addressed]]:
    """Take parcels that wait (or one of them) and put their events into the log: how many, and those to merge.

    Safe beside other workers, who take others.
    """
    values = {"attempts": MOST_ATTEMPTS, "one": parcel_id, "most": MOST_PARCELS, "events": MOST_EVENTS}
    rows = sorted(db.execute(_CLAIM, values), key=lambda row: row.id)
    opened = [_opened(row) for row in rows]
    _log(db, opened)
    found = [addressed for parcel in opened for addressed, _ in parcel.events]
    return len(found), [addressed for addressed in found if not addressed[1].held]


def _opened(row: Any) -> _Unpacked:
    held = set(msgspec.json.decode(row.held))
    shop_ids: list[int] = msgspec.json.decode(row.shop_ids)
    texts = msgspec.json.decode(zlib.decompress(row.payload), type=list[msgspec.Raw])
    events = []
    for place, (shop_id, one) in enumerate(zip(shop_ids, texts, strict=True)):
        event = restored(msgspec.json.decode(one))
        event.held = place in held
        events.append(((shop_id, event), bytes(one).decode()))
    return _Unpacked(row.received_at, row.connector_id, events)


_LOG = """
INSERT INTO sale_event (received_on, received_at, source, connector_id, shop_id, type, event_id, line_id,
    occurred_at, verdict, payload)
SELECT received_at::date, received_at, 'push', connector_id, shop_id, type, event_id, line_id, occurred_at, verdict,
    payload::jsonb
FROM unnest(%b, %b, %b, %b, %b, %b, %b, %b, %b) AS r(received_at, connector_id, shop_id, type, event_id, line_id,
    occurred_at, verdict, payload)
"""
_LOGGED: tuple[Callable[[Sequence[Any]], Column], ...] = (instants, bigints, bigints, texts, texts, texts)
_LOGGED += (instants, texts, texts)


def _log(db: Session, opened: Sequence[_Unpacked]) -> None:
    rows = [
        (
            parcel.received_at,
            parcel.connector_id,
            shop_id,
            one.type,
            one.event_id,
            one.line_id,
            one.occurred_at,
            "quarantined" if one.held else "accepted",
            payload,
        )
        for parcel in opened
        for (shop_id, one), payload in parcel.events
    ]
    if rows:
        columns = zip(*rows, strict=True)
        values = tuple(made(column) for made, column in zip(_LOGGED, columns, strict=True))
        db.connection().exec_driver_sql(_LOG, values)


_WAITING = text("SELECT id FROM sale_parcel WHERE attempts < :attempts ORDER BY id LIMIT 100")
_FAILED = text("UPDATE sale_parcel SET attempts = attempts + 1 WHERE id = :id")
_PARKED = text("SELECT id, events FROM sale_parcel WHERE attempts >= :attempts ORDER BY 1")


def waiting(db: Session) -> list[int]:
    """Parcels that are not parked, the oldest first: to be merged one by one when a merge of many failed."""
    return list(db.execute(_WAITING, {"attempts": MOST_ATTEMPTS}).scalars())


def note_failure(db: Session, parcel_id: int) -> None:
    """Count a failed merge of one parcel."""
    db.execute(_FAILED, {"id": parcel_id})


def parked(db: Session) -> list[tuple[int, int]]:
    """(id, how many events) of each parcel that nothing merges any more."""
    return [(row.id, row.events) for row in db.execute(_PARKED, {"attempts": MOST_ATTEMPTS})]


_LEFT = text("DELETE FROM sale_inbox RETURNING received_on, event_ids")
_TAKE_BACK = text(
    "DELETE FROM sale_event WHERE received_on = :day AND id = ANY(:ids)"
    " RETURNING received_at, connector_id, shop_id, payload::text AS payload"
)


def adopt_left(db: Session) -> int:
    """What the release before left in its inbox becomes parcels; gives how many events. Goes with that table."""
    total = 0
    for left in db.execute(_LEFT).all():
        rows = db.execute(_TAKE_BACK, {"day": left.received_on, "ids": left.event_ids}).all()
        for connector_id in {row.connector_id for row in rows}:
            some = [row for row in rows if row.connector_id == connector_id]
            body = b"[" + ",".join(row.payload for row in some).encode() + b"]"
            shop_ids = msgspec.json.encode([row.shop_id for row in some]).decode()
            values = (some[0].received_at, connector_id, len(some), shop_ids, "[]", zlib.compress(body))
            db.connection().exec_driver_sql(_PACK_ALONE, tuple([value] for value in values))
            total += len(some)
    return total
