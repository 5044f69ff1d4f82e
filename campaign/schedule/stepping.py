"""One change of a session: locked, compared, kept in the history. Every action goes through here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.database import after_commit
from campaign.kit.errors import NotFound, Stale, WrongState
from campaign.kit.queue import nudge
from campaign.schedule import states
from campaign.schedule.due import Times, next_look
from campaign.schedule.models import LiveSession, Participant, SessionHistory
from campaign.schedule.reading import visible

# Verbs after which sales may belong elsewhere.
_MOVES_SALES = frozenset(
    {"change", "move", "swap", "start", "end", "correct", "no_show", "cancel", "stand_in"}
    | {"hand_over", "move_handover", "withdraw_handover"}
)


def locked(
    db: Session, actor: Actor, session_id: int, verb: str, *, expected_version: int | None = None
) -> LiveSession:
    """The session, locked for change. Raises NotFound, Stale (If-Match) or WrongState, in this order."""
    mine = select(LiveSession).where(LiveSession.id == session_id, visible(actor))
    wanted = mine.with_for_update().execution_options(populate_existing=True)
    if expected_version is not None:
        # One of another version is stale already: nobody waits in line for its lock to hear that.
        wanted = wanted.where(LiveSession.version == expected_version)
    row = db.scalars(wanted).one_or_none()
    if row is None:
        known = db.scalars(mine.with_only_columns(LiveSession.id)).one_or_none()
        raise NotFound if known is None else Stale
    if not states.may(verb, row.state):
        raise WrongState(verb=verb, state=row.state)
    return row


def locked_sessions(db: Session, session_ids: Sequence[int]) -> dict[int, LiveSession]:
    """In the order of their ids, as everybody locks several sessions."""
    rows = db.scalars(
        select(LiveSession)
        .where(LiveSession.id.in_(session_ids))
        .order_by(LiveSession.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


def step(
    db: Session,
    actor: Actor,
    row: LiveSession,
    verb: str,
    *,
    to: str | None = None,
    evidence: str | None = None,
    reason: str = "",
    detail: dict[str, Any] | None = None,
    **values: Any,
) -> None:
    """Change a locked session: state and columns, version + 1, one history row, one audit row.

    Raises Stale when state or version are no longer what was read: the change did not happen.
    """
    before, version, now = row.state, row.version, clock.now(db)
    after = to or before
    values |= {"state": after, "version": version + 1, "updated_at": now}
    values |= {"attempts": 0, "due_at": next_look(_times(row, values))}
    done = db.scalars(
        update(LiveSession)
        .where(LiveSession.id == row.id, LiveSession.state == before, LiveSession.version == version)
        .values(values)
        .returning(LiveSession)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    if done.one_or_none() is None:
        raise Stale
    record(db, actor, row, verb, before, evidence=evidence, reason=reason, detail=detail)


def record(
    db: Session,
    actor: Actor,
    row: LiveSession,
    verb: str,
    before: str | None,
    *,
    evidence: str | None = None,
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Keep a change in the history and the audit, and wake those whose work depends on it."""
    db.execute(
        # Core and inline: not everybody who may write history may read it back.
        insert(SessionHistory)
        .values(
            session_id=row.id,
            version=row.version,
            at=clock.now(db),
            verb=verb,
            from_state=before,
            to_state=row.state,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            evidence=evidence,
            reason=reason,
            detail=detail or {},
        )
        .inline()
    )
    told = {"from": before, "to": row.state, "version": row.version, "reason": reason} | (detail or {})
    audit.note(db, actor, f"session.{verb}", "session", row.id, told)
    if verb in _MOVES_SALES:
        after_commit(db, lambda: nudge("sales.reattribute"))
        # What gives up its place may make somebody on the waiting list happy.
        after_commit(db, lambda: nudge("live.waiting"))


def _times(row: LiveSession, changed: dict[str, Any]) -> Times:
    def value(name: str) -> Any:
        return changed.get(name, getattr(row, name))

    return Times(**{name: value(name) for name in Times.__dataclass_fields__})


def first_look(row: LiveSession) -> datetime | None:
    """When the clock must first look at a session that is being made."""
    return next_look(_times(row, {}))


def people_of(db: Session, actor: Actor, row: LiveSession) -> list[Participant]:
    """A session's participants by shift, as rows to change."""
    return list(
        db.scalars(
            select(Participant)
            .where(Participant.session_id == row.id)
            .order_by(Participant.starts_at, Participant.id)
            .execution_options(populate_existing=True)
        )
    )
