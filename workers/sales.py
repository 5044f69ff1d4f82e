"""Sales in the background: fold changes, place lines again, project live figures. Every task sweeps."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.parts import Parts
from campaign.kit.redis import RedisError
from campaign.sales import (
    finishing,
    folding,
    housekeeping,
    mending,
    merging_in,
    parcels,
    placing,
    projecting,
    telling,
    watching,
)
from campaign.sales.reconciling import Difference
from workers.task import task

log = structlog.get_logger(__name__)

_Placing = Callable[[Session, Actor, int], int]

MOST_ROUNDS = 40
"""A task ends well within its time limit; what is left is found by the next turn."""

_TELLING_SECONDS = 15.0
"""Less than from one turn to the next (config.periodic)."""


@task("sales.fold")
def fold(parts: Parts) -> int:
    """Merge what was taken in, fold what that changed and bring it to Redis, until nothing waits."""
    total = 0
    for _ in range(MOST_ROUNDS):
        merged = _merge(parts)
        with parts.database.transaction(SYSTEM) as db:
            folded = folding.fold(db, SYSTEM)
        if folded:
            # Here and not by a task of its own: waiting for its turn took longer than all of the work.
            _project(parts)
        total += merged + folded
        if not merged and folded < folding.MOST_CHANGES:
            break
    return total


def _merge(parts: Parts) -> int:
    try:
        with parts.database.transaction(SYSTEM) as db:
            return merging_in.merge_waiting(db, SYSTEM)
    except OperationalError:
        raise  # the database is away or locks crossed: nothing is wrong with what waits
    except Exception:
        log.exception("merge_failed")
    return _merge_singly(parts)


def _merge_singly(parts: Parts) -> int:
    """One parcel that cannot be merged must not keep the others waiting: it is counted, and parked in the end."""
    total = 0
    with parts.database.transaction(SYSTEM, readonly=True) as db:
        ids = parcels.waiting(db)
    for parcel_id in ids:
        try:
            with parts.database.transaction(SYSTEM) as db:
                total += merging_in.merge_waiting(db, SYSTEM, parcel_id=parcel_id)
        except OperationalError:
            raise  # as above: a restart of the database must not park what is sound
        except Exception:
            log.exception("merge_failed", parcel_id=parcel_id)
            with parts.database.transaction(SYSTEM) as db:
                parcels.note_failure(db, parcel_id)
    return total


@task("sales.project")
def project(parts: Parts) -> int:
    """Bring Redis up to SQL; after a flush, all of it."""
    return _project(parts)


def _project(parts: Parts) -> int:
    """Claim, call, note: no transaction during the call. Two at once are harmless: the newer version stays."""
    total = 0
    try:
        if not projecting.is_whole(parts.redis):
            with parts.database.transaction(SYSTEM) as db:
                projecting.forget_projected(db, SYSTEM)
            projecting.mark_whole(parts.redis)
        for _ in range(MOST_ROUNDS):
            with parts.database.transaction(SYSTEM, readonly=True) as db:
                due = projecting.due_sessions(db, SYSTEM)
                found = projecting.projections_of(db, SYSTEM, due)
            if not found:
                break
            total += projecting.put(parts.redis, found)
            with parts.database.transaction(SYSTEM) as db:
                projecting.note_projected(db, SYSTEM, found)
            if len(found) < projecting.MOST_SESSIONS:
                break  # what changed meanwhile is its own fold's to bring
    except RedisError as error:
        log.warning("projection_waits", error=type(error).__name__)
    return total


@task("sales.reattribute")
def reattribute(parts: Parts) -> int:
    """Place the lines of sessions, shops, products and return windows that changed, one transaction each."""
    with parts.database.transaction(SYSTEM, readonly=True) as db:
        sessions = placing.due_for_placing(db, SYSTEM)
    with parts.database.transaction(SYSTEM) as db:
        for change in placing.CHANGES:
            change.forget(db, SYSTEM)
    total = sum(_place(parts, placing.reattribute, one)[0] for one in sessions)
    total += _in_turns(parts, placing.due_shops, placing.reassign_shop)
    return total + sum(_in_turns(parts, change.due, change.reassign) for change in placing.CHANGES)


def _in_turns(parts: Parts, due: Callable[[Session, Actor], list[int]], place: _Placing) -> int:
    """So many lines a transaction, until none is due; what failed stays due and is not tried again at once."""
    total = 0
    for _ in range(MOST_ROUNDS):
        with parts.database.transaction(SYSTEM, readonly=True) as db:
            ids = due(db, SYSTEM)
        done = [_place(parts, place, one) for one in ids]
        total += sum(moved for moved, _ in done)
        if not ids or not all(well for _, well in done):
            break
    return total


def _place(parts: Parts, place: _Placing, one: int) -> tuple[int, bool]:
    """How many lines moved, and whether it went well: one that fails must not keep the others waiting."""
    try:
        with parts.database.transaction(SYSTEM) as db:
            return place(db, SYSTEM, one), True
    except Exception:
        log.exception("placing_failed", what=getattr(place, "__name__", ""), id=one)
        return 0, False


@task("sales.tell")
def tell(parts: Parts) -> int:
    """Tell agencies what their hosts' shifts sold, until all are told or _TELLING_SECONDS have passed."""
    total, ends_at = 0, time.monotonic() + _TELLING_SECONDS
    while time.monotonic() < ends_at:
        with parts.database.transaction(SYSTEM) as db:
            told = telling.tell(db, SYSTEM)
        total += told
        if told < telling.MOST_SESSIONS:
            break
    return total


@task("sales.finish")
def finish(parts: Parts) -> int:
    """Figures that have become final are told as such."""
    with parts.database.transaction(SYSTEM) as db:
        return finishing.finish(db, SYSTEM)


@task("sales.watch")
def watch(parts: Parts) -> int:
    """Ring where a show on air sells nothing, is refunded in a rush, or is told of late."""
    with parts.database.transaction(SYSTEM) as db:
        return watching.watch(db, SYSTEM)


@task("sales.mend")
def mend(parts: Parts) -> int:
    """Hold rollups against their lines and set them right; gives how many parts and brands were looked at."""
    with parts.database.transaction(SYSTEM, readonly=True) as db:
        due, brands = mending.due_parts(db, SYSTEM), mending.due_brands(db, SYSTEM)
    for part in due:
        with parts.database.transaction(SYSTEM) as db:
            _warn(part.name, mending.mend_part(db, SYSTEM, part))
    for brand_id in brands:
        with parts.database.transaction(SYSTEM) as db:
            mending.note_try(db, SYSTEM, brand_id)
        with parts.database.transaction(SYSTEM) as db:
            _warn(f"brand:{brand_id}", mending.mend_brand(db, SYSTEM, brand_id))
    return len(due) + len(brands)


def _warn(part: str, found: Sequence[Difference]) -> None:
    for one in found[:20]:
        log.warning("sales_drift", part=part, **asdict(one))


@task("sales.sweep")
def sweep(parts: Parts) -> int:
    """Partitions made ahead, and what an older release left waiting."""
    with parts.database.transaction(SYSTEM) as db:
        parcels.adopt_left(db)
        return housekeeping.make_partitions(db, SYSTEM)
