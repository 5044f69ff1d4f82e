"""Taking events in: stored raw, deduplicated, merged and posted in one transaction, before the answer."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.database import after_commit
from campaign.kit.queue import nudge
from campaign.sales import rooms
from campaign.sales.merging import State, Statement, merged
from campaign.sales.rows import LineKey, LineRow, lock_lines
from campaign.sales.settling import settle
from campaign.sales.submissions import Rejection, Submission

Verdict = Literal["accepted", "duplicate", "quarantined", "rejected"]
_KeyOf = tuple[int, str, str]


@dataclass(frozen=True)
class Source:
    """Where a batch comes from. Imports name the file; files may be older than a push may be."""

    kind: Literal["push", "import"]
    connector_id: int | None = None
    import_id: int | None = None
    through: datetime | None = None
    """Up to when the source claims to be complete; without it the latest event tells."""


@dataclass
class Outcome:
    """A verdict for each event of the batch, and which lines were new or changed by it."""

    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    new_lines: set[LineKey] = field(default_factory=set)
    changed_lines: set[LineKey] = field(default_factory=set)


def ingest(
    db: Session, actor: Actor, given: Sequence[Submission], source: Source, refused: Iterable[Rejection] = ()
) -> Outcome:
    """Take a batch in as the system (db) on behalf of `actor`; `refused` are events that failed their check.

    Only what was not seen before is merged. Locks are taken in one order: shops, dedup keys, lines.
    """
    outcome = Outcome(rejected=list(refused))
    now = clock.now(db)
    shops = _shops(db, actor, given)
    at_home = [one for one in given if (one.platform, one.shop_ref) in shops]
    outcome.rejected += [
        Rejection(one.index, "out_of_scope") for one in given if (one.platform, one.shop_ref) not in shops
    ]
    addressed = [(shops[one.platform, one.shop_ref], one) for one in at_home]
    addressed = _without_moved_refunds(db, addressed, outcome)
    fresh = _claimed(db, addressed, outcome, now)
    _keep_raw(db, fresh, source, now)
    usable = [(shop_id, one) for shop_id, one in fresh if not one.held]
    outcome.quarantined = len(fresh) - len(usable)
    outcome.accepted = len(usable)
    _merge(db, usable, outcome, now)
    rooms.note_samples(db, usable)
    rooms.note_events(db, usable)
    _note_progress(db, usable, source, now)
    if usable:
        after_commit(db, lambda: nudge("sales.fold"))
    outcome.rejected.sort(key=lambda rejection: rejection.index)
    return outcome


_FIND_SHOPS = text(
    "SELECT s.id, s.platform, s.external_id FROM shop s JOIN jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(platform text, external_id text) USING (platform, external_id)"
)
_ADD_SHOPS = text(
    "INSERT INTO shop (platform, external_id, name) SELECT platform, external_id, external_id"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(platform text, external_id text) ORDER BY 1, 2"
    " ON CONFLICT (platform, external_id) DO NOTHING"
)


def _shops(db: Session, actor: Actor, given: Sequence[Submission]) -> dict[tuple[str, str], int]:
    """The shops of a batch that the actor may feed. One first seen is registered, without a brand."""
    wanted = sorted({(one.platform, one.shop_ref) for one in given})
    known = _find_shops(db, wanted)
    if actor.shop_ids:
        return {key: shop_id for key, shop_id in known.items() if shop_id in actor.shop_ids}
    missing = [key for key in wanted if key not in known]
    if missing:
        db.execute(_ADD_SHOPS, {"rows": _shop_rows(missing)})
        known |= _find_shops(db, missing)
    return known


def _find_shops(db: Session, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    return {
        (row.platform, row.external_id): row.id
        for row in db.execute(_FIND_SHOPS, {"rows": _shop_rows(wanted)})
    }


def _shop_rows(keys: Sequence[tuple[str, str]]) -> str:
    return json.dumps([{"platform": platform, "external_id": external} for platform, external in keys])


_CLAIM = text(
    "INSERT INTO sale_event_key (shop_id, type, event_id, digest)"
    " SELECT shop_id, type, event_id, decode(digest, 'hex') FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(shop_id bigint, type text, event_id text, digest text) ORDER BY 1, 2, 3"
    " ON CONFLICT DO NOTHING RETURNING shop_id, type, event_id"
)
_KNOWN = text(
    "SELECT k.shop_id, k.type, k.event_id, k.digest FROM sale_event_key k"
    " JOIN jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(shop_id bigint, type text, event_id text)"
    " USING (shop_id, type, event_id)"
)
_CONFLICT = text(
    "INSERT INTO sale_conflict (shop_id, type, event_id, digest, seen_at, payload)"
    " SELECT shop_id, type, event_id, decode(digest, 'hex'), :now, payload"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(shop_id bigint, type text, event_id text, digest text, payload jsonb) ORDER BY 1, 2, 3, 4"
    " ON CONFLICT DO NOTHING"
)


def _claimed(
    db: Session, addressed: Sequence[tuple[int, Submission]], outcome: Outcome, now: datetime
) -> list[tuple[int, Submission]]:
    """The events seen for the first time; the rest is a duplicate, or a conflict that is kept and shown."""
    first: dict[_KeyOf, tuple[int, Submission]] = {}
    repeated = []
    for shop_id, one in addressed:
        key = (shop_id, one.type, one.event_id)
        if key in first:
            repeated.append((key, one))
        else:
            first[key] = (shop_id, one)
    rows = json.dumps([_key_row(key) | {"digest": one.digest.hex()} for key, (_, one) in first.items()])
    won = {(row.shop_id, row.type, row.event_id) for row in db.execute(_CLAIM, {"rows": rows})}
    digests: dict[_KeyOf, bytes] = {key: first[key][1].digest for key in won}
    lost = [key for key in first if key not in won]
    if lost:
        found = db.execute(_KNOWN, {"rows": json.dumps([_key_row(key) for key in lost])})
        digests |= {(row.shop_id, row.type, row.event_id): bytes(row.digest) for row in found}
    conflicts = []
    for key, one in [*((key, first[key][1]) for key in lost), *repeated]:
        if digests[key] == one.digest:
            outcome.duplicates += 1
        else:
            outcome.rejected.append(Rejection(one.index, "conflict", "event_id"))
            conflicts.append(_key_row(key) | {"digest": one.digest.hex(), "payload": one.raw})
    _keep_conflicts(db, conflicts, now)
    return [first[key] for key in first if key in won]


def _keep_conflicts(db: Session, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    if rows:
        db.execute(_CONFLICT, {"rows": json.dumps(rows), "now": now})


def _key_row(key: _KeyOf) -> dict[str, Any]:
    return {"shop_id": key[0], "type": key[1], "event_id": key[2]}


_MOVED = text(
    "SELECT f.shop_id, f.refund_id, f.line_id FROM refund f JOIN jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(shop_id bigint, refund_id text) USING (shop_id, refund_id)"
)


def _without_moved_refunds(
    db: Session, addressed: list[tuple[int, Submission]], outcome: Outcome
) -> list[tuple[int, Submission]]:
    """A refund that names another line than it did before contradicts itself: a conflict, not a merge."""
    homes: dict[tuple[int, str], str] = {}
    refunds = [(shop_id, one) for shop_id, one in addressed if one.refund_id is not None]
    if not refunds:
        return addressed
    rows = json.dumps([{"shop_id": shop_id, "refund_id": one.refund_id} for shop_id, one in refunds])
    homes = {(row.shop_id, row.refund_id): row.line_id for row in db.execute(_MOVED, {"rows": rows})}
    kept: list[tuple[int, Submission]] = []
    moved: list[tuple[int, Submission]] = []
    for shop_id, one in addressed:
        home = homes.setdefault((shop_id, one.refund_id), one.line_id or "") if one.refund_id else one.line_id
        (kept if home == one.line_id else moved).append((shop_id, one))
    outcome.rejected += [Rejection(one.index, "conflict", "line_id") for _, one in moved]
    rows_of_moved = [
        _key_row((shop_id, one.type, one.event_id)) | {"digest": one.digest.hex(), "payload": one.raw}
        for shop_id, one in moved
    ]
    _keep_conflicts(db, rows_of_moved, clock.now(db))
    return kept


_RAW = text(
    "INSERT INTO sale_event (received_on, received_at, source, connector_id, import_id, shop_id, type,"
    " event_id, line_id, occurred_at, verdict, payload)"
    " SELECT CAST(:now AS timestamptz)::date, :now, :source, :connector_id, :import_id, r.*"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(shop_id bigint, type text, event_id text,"
    " line_id text, occurred_at timestamptz, verdict text, payload jsonb)"
)


def _keep_raw(db: Session, fresh: Sequence[tuple[int, Submission]], source: Source, now: datetime) -> None:
    rows = [
        {
            "shop_id": shop_id,
            "type": one.type,
            "event_id": one.event_id,
            "line_id": one.line_id,
            "occurred_at": one.occurred_at.isoformat(),
            "verdict": "quarantined" if one.held else "accepted",
            "payload": one.raw,
        }
        for shop_id, one in fresh
    ]
    if rows:
        db.execute(
            _RAW,
            {
                "rows": json.dumps(rows),
                "now": now,
                "source": source.kind,
                "connector_id": source.connector_id,
                "import_id": source.import_id,
            },
        )


def _merge(db: Session, usable: Sequence[tuple[int, Submission]], outcome: Outcome, now: datetime) -> None:
    said_of_lines: dict[LineKey, list[Statement]] = {}
    said_of_refunds: dict[LineKey, dict[str, list[Statement]]] = {}
    for shop_id, one in usable:
        if one.line_id is None or one.statement is None:
            continue
        key = (shop_id, one.line_id)
        if one.refund_id is None:
            said_of_lines.setdefault(key, []).append(one.statement)
        else:
            said_of_refunds.setdefault(key, {}).setdefault(one.refund_id, []).append(one.statement)
    locked = lock_lines(db, {*said_of_lines, *said_of_refunds}, make=True)
    touched, refunds_changed = [], []
    for key, row in locked.items():
        after = _after(row, said_of_lines.get(key, []), said_of_refunds.get(key, {}))
        if not row.state.layers and after.state.layers:
            outcome.new_lines.add(key)
        elif _told(row) != _told(after):
            outcome.changed_lines.add(key)
        if after != row:
            touched.append(after)
            refunds_changed += [
                (row.shop_id, refund_id)
                for refund_id, state in after.refunds.items()
                if row.refunds.get(refund_id) != state
            ]
    settle(db, touched, now=now, refunds_changed=refunds_changed)


def _after(
    row: LineRow, of_line: Sequence[Statement], of_refunds: Mapping[str, Sequence[Statement]]
) -> LineRow:
    refunds = dict(row.refunds)
    for refund_id, statements in of_refunds.items():
        refunds[refund_id] = merged(refunds.get(refund_id, State()), statements)
    return replace(row, state=merged(row.state, of_line), refunds=refunds)


def _told(row: LineRow) -> tuple[Any, ...]:
    """What a reader would notice: the decided fields, not which statement decided them."""
    refunds = {refund_id: state.fields() for refund_id, state in row.refunds.items()}
    return (row.state.fields(), row.state.paid_by_us, refunds)


_PROGRESS = text(
    "INSERT INTO shop_progress (shop_id, complete_through, received_at)"
    " SELECT shop_id, through, :now FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(shop_id bigint, through timestamptz) ORDER BY shop_id ON CONFLICT (shop_id) DO UPDATE"
    " SET complete_through = greatest(shop_progress.complete_through, excluded.complete_through),"
    " received_at = greatest(shop_progress.received_at, excluded.received_at)"
)


def _note_progress(
    db: Session, usable: Sequence[tuple[int, Submission]], source: Source, now: datetime
) -> None:
    """How far each shop's data goes: the latest event, but never past now."""
    through: dict[int, datetime] = {}
    for shop_id, one in usable:
        at = min(source.through or one.occurred_at, now)
        through[shop_id] = max(through.get(shop_id, at), at)
    rows = [{"shop_id": shop_id, "through": at.isoformat()} for shop_id, at in through.items()]
    if rows:
        db.execute(_PROGRESS, {"rows": json.dumps(rows), "now": now})
