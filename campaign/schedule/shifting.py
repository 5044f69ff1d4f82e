"""Moves on the board: one session or several, all or nothing, and what they would meet before they are dropped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid, NotFound, WrongState
from campaign.parties.queries import zone_of_hub
from campaign.schedule import changing, claims, judging, states
from campaign.schedule.booking import Check
from campaign.schedule.events import shown
from campaign.schedule.models import LiveSession, Participant
from campaign.schedule.reading import visible
from campaign.schedule.rules.conflict import Conflict
from campaign.schedule.schemas import OverrideIn, ParticipantIn, SessionChange
from campaign.schedule.spans import Span, board_day_of, moved_days, moved_shift
from campaign.schedule.stepping import locked
from campaign.schedule.targets import target_of, turn_of
from campaign.schedule.views import SessionView


@dataclass(frozen=True)
class Shift:
    """Where a session is dragged to; what is None stays. Without ends_at it keeps its length.

    `day`: another board day at the same wall time. `host_id` hands its part over to `to_host_id`.
    """

    session_id: int
    version: int | None = None
    studio_id: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    day: date | None = None
    host_id: int | None = None
    to_host_id: int | None = None


@dataclass(frozen=True)
class Shifted:
    """A session after its move, and the shift that takes it back."""

    session: SessionView
    back: Shift


def shift_all(
    db: Session, actor: Actor, shifts: Sequence[Shift], *, reason: str | None = None
) -> list[Shifted]:
    """All of them or none. Raises NotFound, Stale, WrongState, Invalid, Conflicting, NeedsOverride.

    Sessions moved together do not stand in each other's way: what all of them hold is given up first.
    """
    wanted = {shift.session_id: shift for shift in shifts}
    if len(wanted) != len(shifts):
        raise Invalid([FieldError("moves", "twice")])
    rows = {
        one: locked(db, actor, one, "change", expected_version=wanted[one].version) for one in sorted(wanted)
    }
    changes = {one: _change_of(db, actor, rows[one], wanted[one], reason) for one in rows}
    backs = {one: _back(rows[one], wanted[one]) for one in rows}
    targets = {one: target_of(db, actor, row, changes[one]) for one, row in rows.items()}
    if len(rows) > 1:
        things = {thing for target in targets.values() for thing in target.plan.things}
        claims.take_turns(db, actor, things, session_ids=rows)
        for one in rows:
            claims.drop_all(db, actor, one)
    done: dict[int, Shifted] = {}
    for target in sorted(targets.values(), key=lambda one: turn_of(one.row, one.plan)):
        row = target.row
        view = shown(db, actor, row, changing.make(db, actor, target))
        done[row.id] = Shifted(view, _versioned(backs[row.id], view.version))
    return [done[shift.session_id] for shift in shifts]


def try_all(db: Session, actor: Actor, shifts: Sequence[Shift]) -> Check:
    """What such moves would meet; nothing is changed, and sessions moved together do not count."""
    together = {shift.session_id for shift in shifts}
    hard: list[Conflict] = []
    soft: list[Conflict] = []
    for shift in shifts:
        row = db.scalars(
            select(LiveSession).where(LiveSession.id == shift.session_id, visible(actor))
        ).one_or_none()
        if row is None:
            raise NotFound
        if not states.may("change", row.state):
            raise WrongState(verb="change", state=row.state)
        change = _change_of(db, actor, row, shift, None)
        target = target_of(db, actor, row, change)
        taken = claims.in_the_way(db, actor, row.id, target.plan.wanted(), now=clock.now(db))
        others = [one for one in taken if one.session_id not in together]
        found = judging.findings_of(db, actor, target.plan, target.before, taken=others)
        hard += found.hard
        soft += found.soft
    return Check(tuple(hard), tuple(soft), ())


def _change_of(
    db: Session, actor: Actor, row: LiveSession, shift: Shift, reason: str | None
) -> SessionChange:
    """The shift as a change of that session."""
    before = Span(row.starts_at, row.ends_at)
    after = _span_of(db, actor, before, shift)
    given: dict[str, Any] = {}
    if after.starts_at != before.starts_at:
        given["starts_at"] = after.starts_at
    if after.ends_at != before.ends_at:
        given["ends_at"] = after.ends_at
    if shift.studio_id is not None and shift.studio_id != row.studio_id:
        given["studio_id"] = shift.studio_id
    if shift.host_id is not None and shift.to_host_id not in (None, shift.host_id):
        given["participants"] = _handed_over(db, actor, row, shift, before, after)
    if reason:
        given["override"] = OverrideIn(reason=reason)
    return SessionChange(**given)


def _span_of(db: Session, actor: Actor, before: Span, shift: Shift) -> Span:
    if shift.day is not None:
        zone = zone_of_hub(db, actor)
        after = moved_days(before, (shift.day - board_day_of(before.starts_at, zone)).days, zone)
    else:
        # In UTC: within one zone Python reckons by the wall, an hour wrong over a clock change.
        starts_at = (shift.starts_at or before.starts_at).astimezone(UTC)
        after = Span(starts_at, starts_at + before.length)
    return Span(after.starts_at, shift.ends_at.astimezone(UTC)) if shift.ends_at else after


def _handed_over(
    db: Session, actor: Actor, row: LiveSession, shift: Shift, before: Span, after: Span
) -> list[ParticipantIn]:
    """The people of a session with one host's part in another's hands; whose agency is the new host's own."""
    people = db.scalars(
        select(Participant)
        .where(Participant.session_id == row.id)
        .order_by(Participant.starts_at, Participant.id)
    ).all()
    if not any(person.host_id == shift.host_id for person in people):
        raise Invalid([FieldError("host_id", "unknown_id")])
    given, zone = [], zone_of_hub(db, actor)
    for person in people:
        moved = moved_shift(Span(person.starts_at, person.ends_at), before, after, zone)
        hers = person.host_id == shift.host_id
        given.append(
            ParticipantIn(
                host_id=shift.to_host_id if hers and shift.to_host_id else person.host_id,
                role=person.role,
                agency_id=None if hers else person.agency_id,
                from_at=moved.starts_at,
                to_at=moved.ends_at,
            )
        )
    return given


def _back(row: LiveSession, shift: Shift) -> Shift:
    """The shift that undoes one: the place and time that stand now."""
    return Shift(
        session_id=row.id,
        studio_id=row.studio_id if shift.studio_id is not None else None,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        host_id=shift.to_host_id,
        to_host_id=shift.host_id,
    )


def _versioned(shift: Shift, version: int) -> Shift:
    return Shift(**{**vars(shift), "version": version})
