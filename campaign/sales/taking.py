"""Taking events in: told apart from repetitions and stored raw, in one transaction, before the answer.

Nothing is merged here. What a push brought waits in a parcel (campaign.sales.parcels) until campaign.sales.merging_in
unpacks it into the log and merges it; so a flood at one hot product never makes a source wait for locks.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.arrays import Column, bigints, byteas, instants, texts
from campaign.sales import conflicts, shops
from campaign.sales.submissions import Rejection, Submission, note_far_off

Addressed = tuple[int, Submission]
"""An event and the id of its shop."""

_KeyOf = tuple[int, str, str]


@dataclass(frozen=True)
class Source:
    """Where a batch comes from. Imports name the file; files may be older than a push may be."""

    kind: Literal["push", "import", "detail"]
    connector_id: int | None = None
    import_id: int | None = None
    through: datetime | None = None
    """Up to when the source claims to be complete; without it the latest event tells. Details claim nothing."""


@dataclass(frozen=True)
class Parcel:
    """One sender's events, to be taken in as `actor` may; `refused` failed their check already."""

    actor: Actor
    given: Sequence[Submission]
    source: Source
    refused: Iterable[Rejection] = ()


@dataclass
class Taken:
    """A verdict for each event of a parcel; `usable` are those to merge."""

    duplicates: int = 0
    quarantined: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    usable: list[Addressed] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        return len(self.usable)


Keep = Callable[[Session, Sequence[Addressed], Sequence[int], Sequence[Parcel]], Sequence[int]]
"""Claims the keys of events (each of the parcel whose number stands beside it) and keeps those whose key was free;
gives the places of the others."""


def take(db: Session, parcels: Sequence[Parcel], keep: Keep) -> list[Taken]:
    """Take parcels in as the system (db): a verdict for each, in their order.

    Locks are taken in one order: shops, then dedup keys by shop, type and id.
    """
    now = clock.now(db)
    answers = [Taken(rejected=list(parcel.refused)) for parcel in parcels]
    numbers, home = _addressed(db, parcels, answers, now)
    note_far_off((one for _, one in home), now)
    keys: list[_KeyOf] = [(shop_id, one.type, one.event_id) for shop_id, one in home]
    # From behind: of a key that comes twice the first place stays.
    first = dict(zip(reversed(keys), reversed(range(len(keys))), strict=True))
    fresh = sorted(first.values())
    repeated = sorted(set(range(len(keys))).difference(fresh)) if len(fresh) < len(keys) else []
    if fresh:
        lost = keep(db, [home[place] for place in fresh], [numbers[place] for place in fresh], parcels)
        repeated = sorted([*(fresh[place] for place in lost), *repeated])
    _tell_repetitions(db, [(numbers[place], home[place]) for place in repeated], answers, now)
    gone = set(repeated)
    for place, addressed in enumerate(home):
        if place in gone:
            continue
        if addressed[1].held:
            answers[numbers[place]].quarantined += 1
        else:
            answers[numbers[place]].usable.append(addressed)
    for answer in answers:
        answer.rejected.sort(key=lambda rejection: rejection.index)
    return answers


def _addressed(
    db: Session, parcels: Sequence[Parcel], answers: Sequence[Taken], now: datetime
) -> tuple[list[int], list[Addressed]]:
    """All that may come in: the number of its parcel, and the event with its shop. The rest is told in the answers."""
    numbers: list[int] = []
    home: list[Addressed] = []
    found = shops.of_batches(db, [(parcel.actor, parcel.given) for parcel in parcels])
    for number, (parcel, shop_ids) in enumerate(zip(parcels, found, strict=True)):
        for shop_id, one in zip(shop_ids, parcel.given, strict=True):
            if shop_id is None:
                answers[number].rejected.append(Rejection(one.index, "out_of_scope"))
            else:
                numbers.append(number)
                home.append((shop_id, one))
    moved = _moved_refunds(db, home)
    if not moved:
        return numbers, home
    conflicts.keep(db, [addressed for addressed in home if id(addressed[1]) in moved], now)
    stay: tuple[list[int], list[Addressed]] = ([], [])
    for number, addressed in zip(numbers, home, strict=True):
        if id(addressed[1]) in moved:
            answers[number].rejected.append(Rejection(addressed[1].index, "conflict", "line_id"))
        else:
            stay[0].append(number)
            stay[1].append(addressed)
    return stay


# No event's type is empty: under '' stands which line a refund belongs to.
_SETTLE_HOMES = text(
    "INSERT INTO sale_event_key (shop_id, type, event_id, digest)"
    " SELECT * FROM unnest(CAST(:shops AS bigint[]), CAST(:types AS text[]), CAST(:refunds AS text[]),"
    " CAST(:lines AS bytea[])) AS r(shop_id, type, event_id, digest) ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING"
)
_HOMES = text(
    "SELECT k.shop_id, k.event_id, k.digest FROM sale_event_key k JOIN unnest(CAST(:shops AS bigint[]),"
    " CAST(:refunds AS text[])) AS r(shop_id, event_id) ON k.shop_id = r.shop_id AND k.type = ''"
    " AND k.event_id = r.event_id"
)


def _moved_refunds(db: Session, given: Sequence[Addressed]) -> frozenset[int]:
    """Refunds that name another line than they did before contradict themselves: a conflict, not a merge.

    Gives id() of their submissions.
    """
    refunds = [(shop_id, one) for shop_id, one in given if one.refund_id is not None]
    if not refunds:
        return frozenset()
    wanted: dict[tuple[int, str], bytes] = {}
    for shop_id, one in refunds:
        wanted.setdefault((shop_id, one.refund_id or ""), _line_mark(one))
    keys = sorted(wanted)
    values = {"shops": [key[0] for key in keys], "refunds": [key[1] for key in keys]}
    lines = [wanted[key] for key in keys]
    db.execute(_SETTLE_HOMES, values | {"types": [""] * len(keys), "lines": lines})
    homes = {(row.shop_id, row.event_id): bytes(row.digest) for row in db.execute(_HOMES, values)}
    return frozenset(
        id(one) for shop_id, one in refunds if homes[shop_id, one.refund_id or ""] != _line_mark(one)
    )


def _line_mark(one: Submission) -> bytes:
    return hashlib.sha256((one.line_id or "").encode()).digest()


# Arrays in binary: as fast as COPY into a scratch table for thousands, and one trip instead of four for a few.
_STORE = """
WITH incoming AS MATERIALIZED (
    SELECT * FROM unnest(%b, %b, %b, %b, %b, %b, %b, %b, %b, %b)
        AS r(place, parcel, shop_id, type, event_id, digest, line_id, occurred_at, verdict, payload)
), won AS (
    INSERT INTO sale_event_key (shop_id, type, event_id, digest)
    SELECT shop_id, type, event_id, digest FROM incoming ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING RETURNING shop_id, type, event_id
), kept AS (
    INSERT INTO sale_event (received_on, received_at, source, connector_id, import_id, shop_id, type, event_id,
        line_id, occurred_at, verdict, payload)
    SELECT t.now::date, t.now, s.source, s.connector_id, s.import_id, i.shop_id, i.type,
        i.event_id, i.line_id, i.occurred_at, i.verdict, i.payload::jsonb
    FROM won JOIN incoming i USING (shop_id, type, event_id)
    JOIN unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[])
        AS s(parcel, source, connector_id, import_id) ON s.parcel = i.parcel
    CROSS JOIN (SELECT %s::timestamptz AS now) t
)
SELECT place FROM incoming i WHERE NOT EXISTS (SELECT FROM won w WHERE w.shop_id = i.shop_id
    AND w.type = i.type AND w.event_id = i.event_id)
"""

_STORED: tuple[Callable[[Sequence[Any]], Column], ...] = (bigints, bigints, bigints, texts, texts, byteas)
_STORED += (texts, instants, texts, texts)


def into_log(
    db: Session, fresh: Sequence[Addressed], numbers: Sequence[int], parcels: Sequence[Parcel]
) -> list[int]:
    """Claim the keys and put the events whose key was free into the log at once: for files and details, which are
    merged in the same transaction. Gives the places of the others.
    """
    sources = [parcel.source for parcel in parcels]
    columns = zip(*(_row(place, numbers[place], *one) for place, one in enumerate(fresh)), strict=True)
    values = (
        *(made(column) for made, column in zip(_STORED, columns, strict=True)),
        list(range(len(parcels))),
        [source.kind for source in sources],
        [source.connector_id for source in sources],
        [source.import_id for source in sources],
        clock.now(db),
    )
    return [place for (place,) in db.connection().exec_driver_sql(_STORE, values)]


def _row(place: int, parcel: int, shop_id: int, one: Submission) -> tuple[Any, ...]:
    return (
        place,
        parcel,
        shop_id,
        one.type,
        one.event_id,
        one.digest,
        one.line_id,
        one.occurred_at,
        "quarantined" if one.held else "accepted",
        one.content.decode(),
    )


_KNOWN = text(
    "SELECT k.shop_id, k.type, k.event_id, k.digest FROM sale_event_key k JOIN unnest(CAST(:shops AS bigint[]),"
    " CAST(:types AS text[]), CAST(:events AS text[])) AS r(shop_id, type, event_id)"
    " USING (shop_id, type, event_id)"
)


def _tell_repetitions(
    db: Session, again: Sequence[tuple[int, Addressed]], answers: Sequence[Taken], now: datetime
) -> None:
    """The same key again is a duplicate, or with other content a conflict that is kept and shown."""
    if not again:
        return
    keys = sorted({(shop_id, one.type, one.event_id) for _, (shop_id, one) in again})
    found = db.execute(
        _KNOWN,
        {
            "shops": [key[0] for key in keys],
            "types": [key[1] for key in keys],
            "events": [key[2] for key in keys],
        },
    )
    digests = {(row.shop_id, row.type, row.event_id): bytes(row.digest) for row in found}
    contradicting = []
    for number, (shop_id, one) in again:
        if digests[shop_id, one.type, one.event_id] == one.digest:
            answers[number].duplicates += 1
        else:
            answers[number].rejected.append(Rejection(one.index, "conflict", "event_id"))
            contradicting.append((shop_id, one))
    conflicts.keep(db, contradicting, now)
