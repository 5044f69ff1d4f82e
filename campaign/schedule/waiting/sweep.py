"""Freed places to the next in line: SQL says what is due, one turn at a time does it.

Exactly once, however many sweep and whichever dies: an advisory lock lets one turn at a time run, the draft, the offer
and the entry's state are one transaction, and an entry can have one open offer only (unique index).
"""

from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.schedule.closing import lapse_expired
from campaign.schedule.models import LiveSession
from campaign.schedule.spans import Span
from campaign.schedule.states import HOLD_LAPSED
from campaign.schedule.waiting.choosing import touched
from campaign.schedule.waiting.line import close
from campaign.schedule.waiting.models import WaitingEntry, WaitingOffer, WaitingWindow
from campaign.schedule.waiting.places import announce, candidates_for, hold_one
from campaign.schedule.waiting.queries import ORDER

log = structlog.get_logger(__name__)

AGAIN = timedelta(minutes=5)
"""Each entry is looked at so often even where nothing was said to be freed: a closure may have gone."""

MOST_TURNS = 200
_MOST_FREED = 2000

_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('waiting_list'))")
_FREED = text(
    "SELECT id, starts_at, ends_at FROM freed_claim ORDER BY id LIMIT CAST(:most AS integer) FOR UPDATE SKIP LOCKED"
)


def sweep(database: Database) -> int:
    """Hold places until none is left to give; gives how many were held. Safe from several processes at once."""
    held = 0
    for _ in range(MOST_TURNS):
        with database.transaction(SYSTEM) as db:
            if not turn(db, SYSTEM):
                break
        held += 1
    return held


def turn(db: Session, actor: Actor) -> bool:
    """Close what is over, then hold one place for the first in line whom one suits. False: nothing (more) to do."""
    if not db.scalar(_ALONE):
        return False
    settle(db, actor)
    freed = db.execute(_FREED, {"most": _MOST_FREED}).all()
    line = list(
        db.scalars(
            select(WaitingEntry).where(WaitingEntry.state == "waiting").order_by(*ORDER).with_for_update()
        )
    )
    if not (line or freed):
        return False
    looking = _to_look_at(db, line, [Span(row.starts_at, row.ends_at) for row in freed])
    for entry in looking:
        if _serve(db, actor, line, entry):
            return True
    now = clock.now(db)
    for entry in looking:
        entry.look_at = now + AGAIN
    if freed:
        db.execute(text("DELETE FROM freed_claim WHERE id = ANY (:ids)"), {"ids": [row.id for row in freed]})
    return False


def _to_look_at(db: Session, line: Sequence[WaitingEntry], freed: Sequence[Span]) -> list[WaitingEntry]:
    now = clock.now(db)
    windows: dict[int, list[Span]] = {}
    for one in db.scalars(select(WaitingWindow).where(WaitingWindow.entry_id.in_([e.id for e in line]))):
        windows.setdefault(one.entry_id, []).append(Span(one.starts_at, one.ends_at))
    return [
        entry
        for entry in line
        if entry.look_at <= now or (freed and touched(windows.get(entry.id, ()), freed))
    ]


def _serve(db: Session, actor: Actor, line: Sequence[WaitingEntry], entry: WaitingEntry) -> bool:
    """Hold a place for an entry, or for one before it whom it has come to suit since that one was looked at."""
    try:
        with db.begin_nested():
            found = candidates_for(db, actor, entry)
            if not found:
                return False
            for other in line[: line.index(entry)]:
                better = candidates_for(db, actor, other)
                if better and hold_one(db, actor, other, better):
                    return True
            return hold_one(db, actor, entry, found)
    except Exception:
        # One wish that cannot be served must not keep the others waiting; it is looked at again later.
        log.exception("wish_failed", entry=entry.id)
        return False


def settle(db: Session, actor: Actor) -> None:
    """Offers whose draft has become something else are closed accordingly, and wishes past their time."""
    now = clock.now(db)
    rows = db.execute(
        select(WaitingOffer, WaitingEntry)
        .join(WaitingEntry, WaitingEntry.id == WaitingOffer.entry_id)
        .join(LiveSession, LiveSession.id == WaitingOffer.session_id)
        .where(
            WaitingOffer.state == "open",
            (WaitingOffer.expires_at <= now)
            | (LiveSession.state != "draft")
            | (LiveSession.hold_until.is_distinct_from(WaitingOffer.expires_at)),
        )
        .order_by(WaitingOffer.id)
        .with_for_update(of=(WaitingOffer, WaitingEntry), skip_locked=True)
    ).all()
    for offer, entry in rows:
        _settle_one(db, actor, offer, entry)
    db.execute(
        update(WaitingEntry)
        .where(WaitingEntry.state == "waiting", WaitingEntry.valid_until <= now)
        .values(state="expired", rev=WaitingEntry.rev + 1, updated_at=now)
    )


def _settle_one(db: Session, actor: Actor, offer: WaitingOffer, entry: WaitingEntry) -> None:
    lapse_expired(db, actor, [offer.session_id])
    session = db.get_one(LiveSession, offer.session_id, populate_existing=True)
    now = clock.now(db)
    if session.state == "cancelled":
        lapsed = session.cancel_code == HOLD_LAPSED
        close(db, offer, "expired" if lapsed else "withdrawn")
        entry.state, entry.look_at = "waiting", now
        if lapsed:
            announce(db, "change.place_lapsed", entry, offer)
    elif session.state != "draft" or session.hold_until is None:
        close(db, offer, "taken")
        entry.state, entry.session_id = "taken", session.id
    elif session.hold_until > now:
        offer.expires_at = session.hold_until  # the hub gave more time, or less
    else:
        return  # somebody holds the draft locked: the next turn looks again
    entry.rev += 1
    entry.updated_at = now
    db.flush()
