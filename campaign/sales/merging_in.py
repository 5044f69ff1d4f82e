"""Merging taken events into lines and refunds, and leaving what changed for the fold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.database import after_commit
from campaign.kit.queue import nudge
from campaign.sales import parcels, rooms
from campaign.sales.merging import State, Statement, merged
from campaign.sales.rows import LineKey, LineRow, MadeMeanwhile, assigned_refunds, lock_lines, missing_lines
from campaign.sales.settling import settle
from campaign.sales.shops import note_progress, note_told
from campaign.sales.taking import Addressed


@dataclass
class Merged:
    """Which lines, and which refunds (shop, refund id), were new or changed by a merge."""

    new_lines: set[LineKey] = field(default_factory=set)
    changed_lines: set[LineKey] = field(default_factory=set)
    new_refunds: set[LineKey] = field(default_factory=set)
    changed_refunds: set[LineKey] = field(default_factory=set)


def merge(
    db: Session,
    usable: Sequence[Addressed],
    *,
    now: datetime,
    through: datetime | None = None,
    told_by: int | None = None,
) -> Merged:
    """Merge events that were taken in. `through`: up to when their source claims to be complete; `told_by` the account
    whose details they are: one order says nothing of those that are still to come.

    Order and repetition do not matter: a field is decided by version, never by arrival. Locks lines by key.
    """
    done = merge_said(db, _said(db, usable), now)
    rooms.note_samples(db, usable)
    rooms.note_marks(db, usable)
    rooms.note_spends(db, usable)
    latest: dict[int, datetime] = {}
    for shop_id, one in usable:
        if one.is_beside_orders:
            # A refund, a counter of a room or a platform's notice says nothing of the orders up to then.
            continue
        at = through or one.occurred_at
        latest[shop_id] = max(latest.get(shop_id, at), at)
    if told_by is None:
        note_progress(db, latest, now)
    else:
        note_told(db, latest, told_by, now)
    if usable:
        after_commit(db, lambda: nudge("sales.fold"))
    return done


def merge_waiting(db: Session, actor: Actor, *, parcel_id: int | None = None) -> int:
    """Log and merge what pushes brought, or one parcel of it; gives how many events. Safe beside other workers.

    Its commit does not wait for the disk: what a crash undoes of it waits in its parcel again, and nothing outside is
    told of it before the fold, whose commit comes after it and does wait.
    """
    db.execute(text("SET LOCAL synchronous_commit = off"))
    total, usable = parcels.unpack(db, parcel_id=parcel_id)
    if usable:
        merge(db, usable, now=clock.now(db))
    return total


@dataclass(frozen=True)
class Said:
    """What a batch says of each line, and of each line's refunds by their id."""

    of_lines: dict[LineKey, list[Statement]] = field(default_factory=dict)
    of_refunds: dict[LineKey, dict[str, list[Statement]]] = field(default_factory=dict)

    @property
    def keys(self) -> set[LineKey]:
        return {*self.of_lines, *self.of_refunds}


def _said(db: Session, usable: Sequence[Addressed]) -> Said:
    said = Said()
    named = [(shop_id, one.refund_id) for shop_id, one in usable if one.refund_id is not None]
    assigned = assigned_refunds(db, named)
    for shop_id, one in usable:
        if one.line_id is None or one.statement is None:
            continue
        key = (shop_id, one.line_id)
        if one.refund_id is None:
            said.of_lines.setdefault(key, []).append(one.statement)
        else:
            key = (shop_id, assigned.get((shop_id, one.refund_id), one.line_id))
            said.of_refunds.setdefault(key, {}).setdefault(one.refund_id, []).append(one.statement)
    return said


def merge_said(db: Session, said: Said, now: datetime) -> Merged:
    """New lines before those that are there, each by key: the order in which every writer takes its locks."""
    done = Merged()
    if not said.keys:
        return done
    new = missing_lines(db, said.keys)
    try:
        _settle(db, new, said, done, now)
    except MadeMeanwhile:
        # Another writer made one of them since: skeletons for whatever is missing, and all locked before they are read.
        done = Merged()
        _settle(db, lock_lines(db, said.keys, make=True).values(), said, done, now)
        return done
    there = said.keys.difference(row.key for row in new)
    _settle(db, lock_lines(db, there, make=False).values(), said, done, now)
    return done


def _settle(db: Session, rows: Iterable[LineRow], said: Said, done: Merged, now: datetime) -> None:
    touched, refunds_changed = [], []
    for row in rows:
        key = row.key
        after = _after(row, said.of_lines.get(key, ()), said.of_refunds.get(key))
        if not row.state.layers and after.state.layers:
            done.new_lines.add(key)
        elif _told(row) != _told(after):
            done.changed_lines.add(key)
        if after.refunds:
            _note_refunds(done, row, after)
        if row.is_new or after != row:
            touched.append(after)
            refunds_changed += [
                (row.shop_id, refund_id)
                for refund_id, state in after.refunds.items()
                if row.refunds.get(refund_id) != state
            ]
    settle(db, touched, now=now, refunds_changed=refunds_changed)


def _note_refunds(done: Merged, before: LineRow, after: LineRow) -> None:
    for refund_id, state in after.refunds.items():
        known = before.refunds.get(refund_id)
        if known is None:
            done.new_refunds.add((after.shop_id, refund_id))
        elif known.fields() != state.fields():
            done.changed_refunds.add((after.shop_id, refund_id))


def _after(
    row: LineRow, of_line: Sequence[Statement], of_refunds: Mapping[str, Sequence[Statement]] | None
) -> LineRow:
    state = merged(row.state, of_line) if of_line else row.state
    if of_refunds is None:
        return replace(row, state=state)
    refunds = dict(row.refunds)
    for refund_id, statements in of_refunds.items():
        refunds[refund_id] = merged(refunds.get(refund_id, State()), statements)
    return replace(row, state=state, refunds=refunds)


def _told(row: LineRow) -> tuple[Any, ...]:
    """What a reader would notice: the decided fields, not which statement decided them."""
    refunds = {refund_id: state.fields() for refund_id, state in row.refunds.items()}
    return (row.state.fields(), row.state.paid_by_us, refunds)
