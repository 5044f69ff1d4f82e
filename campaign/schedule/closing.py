"""Calling a session off, by the hub or because its hold ran out: what is left of its claims is released."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.schedule import claims
from campaign.schedule.events import Digest, announce, shown
from campaign.schedule.models import LiveSession
from campaign.schedule.references import Faults
from campaign.schedule.states import CANCEL_CODES, HOLD_LAPSED
from campaign.schedule.stepping import locked, step
from campaign.schedule.views import SessionView


def cancel(
    db: Session,
    actor: Actor,
    session_id: int,
    *,
    code: str,
    reason: str = "",
    expected_version: int | None = None,
    digest: Digest | None = None,
) -> SessionView:
    """Call a session off before it goes on air. Raises Invalid for an unknown code, WrongState, Stale."""
    faults = Faults()
    known_code(code, faults)
    faults.raise_any()
    row = locked(db, actor, session_id, "cancel", expected_version=expected_version)
    _call_off(db, actor, row, code, reason)
    told = announce(db, actor, row, "session.cancelled", digest=digest, code=code, reason=reason)
    return shown(db, actor, row, told)


def known_code(code: str, faults: Faults) -> None:
    """Only people's own codes may be given; hold_lapsed is the clock's."""
    if code not in CANCEL_CODES:
        allowed = ", ".join(CANCEL_CODES)
        faults.add("code", "choice", allowed=allowed)


def lapse(db: Session, row: LiveSession) -> None:
    """A locked draft whose hold ran out gives its places back."""
    _call_off(db, SYSTEM, row, HOLD_LAPSED, "")


def lapse_expired(db: Session, actor: Actor, session_ids: Iterable[int]) -> None:
    """Lapse drafts whose hold has run out, so that their places can be booked before the clock comes by.

    One that somebody else holds locked is left to them.
    """
    wanted = sorted(session_ids)
    if not wanted:
        return
    rows = db.scalars(
        select(LiveSession)
        .where(
            LiveSession.id.in_(wanted),
            LiveSession.state == "draft",
            LiveSession.hold_until <= clock.now(db),
        )
        .order_by(LiveSession.id)
        .with_for_update(skip_locked=True)
    )
    for row in rows.all():
        lapse(db, row)


def _call_off(db: Session, actor: Actor, row: LiveSession, code: str, reason: str) -> None:
    step(
        db,
        actor,
        row,
        "cancel",
        to="cancelled",
        reason=reason,
        detail={"code": code},
        cancel_code=code,
        hold_until=None,
        offer_deadline_at=None,
    )
    now = clock.now(db)
    claims.release(db, actor, row.id, now, studio_until=now)
