"""The host who is on hands over to the next (换班): one tap ends a shift and begins another at that instant.

The shifts themselves move, so whatever reads them reads what took place. The mark keeps how they lay before.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid, NotFound, Stale
from campaign.kit.instants import written
from campaign.live.handovers import (
    SELLING,
    TAIL,
    AlreadyOnShift,
    HandedOnSince,
    HandoverView,
    HandoverWithdrawn,
    NotOnShift,
    ShiftsChanged,
    get_handover,
    may_leave,
    met_at,
    on_shift,
)
from campaign.live.models import Handover
from campaign.live.standing_in import substitutes
from campaign.parties.models import Host
from campaign.parties.queries import agencies_on
from campaign.schedule import claims
from campaign.schedule.events import announce
from campaign.schedule.models import LiveSession, Participant
from campaign.schedule.spans import Span, Wanted
from campaign.schedule.stepping import locked, people_of, step


def hand_over(
    db: Session,
    actor: Actor,
    session_id: int,
    *,
    host_id: int,
    left_host_id: int | None = None,
    at: datetime | None = None,
    expected_version: int | None = None,
) -> HandoverView:
    """The host comes in the place of who is on, from now or a past instant on, by whole seconds.

    Tapped again it is the same hand-over. left_host_id: needed where several are on. Raises Invalid, NotOnShift,
    AlreadyOnShift, WrongState, Stale, NotFound.
    """
    row = locked(db, actor, session_id, "hand_over", expected_version=expected_version)
    people = people_of(db, actor, row)
    marks = _standing(db, actor, row, people, tidy=True)
    moment = _moment(db, row, at, marks)
    again = _same(people, marks, moment, host_id, left_host_id)
    if again is not None:
        if at is not None and again.at != moment:
            raise AlreadyOnShift
        return get_handover(db, actor, row.id, again.id)
    leaving = _leaving(people, marks, moment, host_id, left_host_id)
    told = set(row.agency_ids)
    mark = Handover(
        session_id=row.id,
        at=moment,
        left_host_id=leaving.host_id,
        came_host_id=host_id,
        left_id=leaving.id,
        left_ends_at=leaving.ends_at,
        made_by=actor.name,
        made_at=clock.now(db),
        updated_at=clock.now(db),
    )
    _begin_before(row, leaving, mark)
    coming = _coming(db, actor, row, people, leaving, mark)
    if coming.id in {one.came_id for one in marks}:
        raise AlreadyOnShift
    for person in people:
        # A host does not assist itself.
        assists = person.role not in SELLING and person.host_id == host_id
        if assists and person.starts_at < moment < person.ends_at:
            person.ends_at = moment
    leaving.ends_at = moment
    mark.came_id = coming.id
    db.add(mark)
    db.flush()
    _tell(db, actor, row, mark, "hand_over", told)
    return get_handover(db, actor, row.id, mark.id)


def move_handover(
    db: Session,
    actor: Actor,
    session_id: int,
    handover_id: int,
    *,
    at: datetime,
    reason: str = "",
    expected_rev: int | None = None,
) -> HandoverView:
    """Put a hand-over at another instant, between the start of the shift before and the end of the one after it.

    Raises Invalid, HandoverWithdrawn, ShiftsChanged, WrongState, Stale, NotFound.
    """
    row, mark, people = _locked_mark(db, actor, session_id, handover_id, expected_rev)
    moment = at.replace(microsecond=0)
    if moment == mark.at:
        return get_handover(db, actor, row.id, mark.id)
    leaving, coming = _parted(people, mark)
    _check(db, row, moment)
    before = mark.at
    others = _standing(db, actor, row, people)
    if (
        moment <= leaving.starts_at
        and moment < row.starts_at
        and mark.left_id not in {one.came_id for one in others}
    ):
        mark.at = moment
        _begin_before(row, leaving, mark)
    handed_on = coming.id in {one.left_id for one in others}
    if coming.ends_at <= moment and not handed_on:
        coming.ends_at = moment + TAIL
    if not leaving.starts_at < moment < coming.ends_at:
        raise Invalid([FieldError("at", "outside_shifts")])
    _assist_until(people, coming.host_id, before, moment)
    leaving.ends_at = coming.starts_at = mark.at = moment
    _changed(db, actor, mark, reason)
    _tell(db, actor, row, mark, "move_handover", set(row.agency_ids), reason, before=written(before))
    return get_handover(db, actor, row.id, mark.id)


def withdraw_handover(
    db: Session,
    actor: Actor,
    session_id: int,
    handover_id: int,
    *,
    reason: str = "",
    expected_rev: int | None = None,
) -> HandoverView:
    """Take a hand-over back: the shifts are as they were before it. It is kept; taken back again nothing changes.

    Shifts that were corrected since stay as they are. Raises HandedOnSince, WrongState, Stale, NotFound.
    """
    row, mark, people = _locked_mark(db, actor, session_id, handover_id, expected_rev, once=True)
    if mark.withdrawn_at is not None:
        return get_handover(db, actor, row.id, mark.id)
    if mark.came_id in {one.left_id for one in _standing(db, actor, row, people)}:
        raise HandedOnSince
    told = set(row.agency_ids)
    met = met_at(people, mark)
    if met is not None:
        _part_no_more(db, people, mark, *met)
    mark.withdrawn_at, mark.withdrawn_by = clock.now(db), actor.name
    _changed(db, actor, mark, reason)
    _tell(db, actor, row, mark, "withdraw_handover", told, reason)
    return get_handover(db, actor, row.id, mark.id)


def _moment(db: Session, row: LiveSession, at: datetime | None, marks: Sequence[Handover]) -> datetime:
    """The instant by whole seconds, as platforms date orders; of two taps at once the later one's is not before."""
    last = max((mark.at for mark in marks), default=None)
    if at is None:
        now = clock.now(db).replace(microsecond=0)
        return now if last is None else max(now, last)
    moment = at.replace(microsecond=0)
    if last is not None and moment < last:
        raise Invalid([FieldError("at", "before_last_handover")])
    _check(db, row, moment)
    return moment


def _check(db: Session, row: LiveSession, moment: datetime) -> None:
    if moment > clock.now(db):
        raise Invalid([FieldError("at", "still_ahead")])
    ended = row.actual_ends_at
    if (row.actual_starts_at and moment <= row.actual_starts_at) or (ended and moment >= ended):
        raise Invalid([FieldError("at", "not_on_air_then")])


def _part_no_more(
    db: Session, people: Sequence[Participant], mark: Handover, leaving: Participant, coming: Participant
) -> None:
    _assist_until(people, coming.host_id, mark.at, coming.ends_at)
    leaving.starts_at = mark.left_starts_at or leaving.starts_at
    if mark.came_starts_at is not None:
        leaving.ends_at, coming.starts_at = mark.left_ends_at, mark.came_starts_at
        return
    # A show that was made longer since is so for who goes on.
    longer = mark.left_ends_at > mark.at
    leaving.ends_at = max(coming.ends_at, mark.left_ends_at) if longer else mark.left_ends_at
    db.delete(coming)


def _standing(
    db: Session, actor: Actor, row: LiveSession, people: Sequence[Participant], *, tidy: bool = False
) -> list[Handover]:
    """Those that part shifts. tidy: those that do no longer, after a correction, are taken back."""
    found = select(Handover).where(Handover.session_id == row.id, Handover.withdrawn_at.is_(None))
    marks = list(db.scalars(found.order_by(Handover.at, Handover.id)))
    for mark in marks if tidy else ():
        if met_at(people, mark) is None:
            mark.withdrawn_at, mark.withdrawn_by = clock.now(db), actor.name
            _changed(db, actor, mark, "shifts_changed")
    return [mark for mark in marks if met_at(people, mark) is not None]


def _same(
    people: Sequence[Participant],
    marks: Sequence[Handover],
    moment: datetime,
    host_id: int,
    left_host_id: int | None,
) -> Handover | None:
    """The mark by which this very host is on in the place of that one."""
    on = {person.id for person in on_shift(people, moment) if person.host_id == host_id}
    return next(
        (
            mark
            for mark in reversed(marks)
            if mark.came_id in on and left_host_id in (None, mark.left_host_id)
        ),
        None,
    )


def _leaving(
    people: Sequence[Participant],
    marks: Sequence[Handover],
    moment: datetime,
    host_id: int,
    left_host_id: int | None,
) -> Participant:
    gone = {mark.left_id for mark in marks}
    able = [person for person in may_leave(people, moment, host_id) if person.id not in gone]
    if left_host_id is not None:
        able = [person for person in able if person.host_id == left_host_id]
        if not able:
            raise NotOnShift
    if not able:
        raise AlreadyOnShift
    if len(able) > 1:
        raise Invalid([FieldError("left_host_id", "missing")])
    return able[0]


def _begin_before(row: LiveSession, leaving: Participant, mark: Handover) -> None:
    """A show that began early: who was on first was so from its start. Raises Invalid where the shift is too short."""
    if leaving.starts_at < mark.at:
        return
    if row.actual_starts_at is None or row.actual_starts_at >= mark.at or mark.at >= row.starts_at:
        raise Invalid([FieldError("at", "too_near_handover")])
    mark.left_starts_at = mark.left_starts_at or leaving.starts_at
    leaving.starts_at = row.actual_starts_at


def _coming(
    db: Session,
    actor: Actor,
    row: LiveSession,
    people: Sequence[Participant],
    leaving: Participant,
    mark: Handover,
) -> Participant:
    """The shift that begins: the next that is planned for the host, or one in the place of the other's."""
    planned = [
        person
        for person in people
        if person.host_id == mark.came_host_id and person.role in SELLING and person.ends_at > mark.at
    ]
    now = clock.now(db)
    if planned:
        person = min(planned, key=lambda one: (one.starts_at, one.id))
        mark.came_starts_at, person.starts_at = person.starts_at, mark.at
    else:
        person = _unplanned(db, actor, row, people, leaving, mark)
        db.add(person)
    if person.acceptance != "accepted":
        # Nobody is asked on the floor: who stands there has come.
        person.acceptance, person.answered_at = "accepted", now
    person.arrived_at = person.arrived_at or now
    db.flush()
    return person


def _unplanned(
    db: Session,
    actor: Actor,
    row: LiveSession,
    people: Sequence[Participant],
    leaving: Participant,
    mark: Handover,
) -> Participant:
    """Raises Invalid for a host who may not come: at the door as in stand_in, for the hub's staff any that it has."""
    ends_at = leaving.ends_at if leaving.ends_at > mark.at else mark.at + TAIL
    host = db.get(Host, mark.came_host_id)
    known = host is not None and host.archived_at is None
    if known and actor.kind == "link" and all(one.host_id != mark.came_host_id for one in people):
        able = substitutes(db, actor, row, leaving, Span(mark.at, ends_at))
        known = mark.came_host_id in {one.id for one in able}
    if not known:
        raise Invalid([FieldError("host_id", "unknown_id")])
    return Participant(
        session_id=row.id,
        host_id=mark.came_host_id,
        role=leaving.role,
        agency_id=agencies_on(db, actor, [mark.came_host_id], row.starts_at).get(mark.came_host_id),
        starts_at=mark.at,
        ends_at=ends_at,
    )


def _assist_until(people: Sequence[Participant], host_id: int, before: datetime, until: datetime) -> None:
    """Who assisted until the mark does so until where it stands now."""
    for person in people:
        assists = person.role not in SELLING and person.host_id == host_id
        if assists and person.ends_at == before and person.starts_at < until:
            person.ends_at = until


def _locked_mark(
    db: Session,
    actor: Actor,
    session_id: int,
    handover_id: int,
    expected_rev: int | None,
    *,
    once: bool = False,
) -> tuple[LiveSession, Handover, list[Participant]]:
    """`once`: one that was taken back may be looked at."""
    row = locked(db, actor, session_id, "correct_handover")
    mark = db.get(Handover, handover_id, populate_existing=True)
    if mark is None or mark.session_id != row.id:
        raise NotFound
    if expected_rev not in (None, mark.rev):
        raise Stale
    if mark.withdrawn_at is not None and not once:
        raise HandoverWithdrawn
    return row, mark, people_of(db, actor, row)


def _parted(people: Sequence[Participant], mark: Handover) -> tuple[Participant, Participant]:
    """The two shifts that meet at the mark. Raises ShiftsChanged where they do no longer."""
    met = met_at(people, mark)
    if met is None:
        raise ShiftsChanged
    return met


def _changed(db: Session, actor: Actor, mark: Handover, reason: str) -> None:
    mark.changed_by, mark.updated_at, mark.rev = actor.name, clock.now(db), mark.rev + 1
    mark.reason = reason or mark.reason
    db.flush()


def _tell(
    db: Session, actor: Actor, row: LiveSession, mark: Handover, verb: str, told: set[int], why: str = "", **more: str
) -> None:  # fmt: skip
    """The step in the session's life, its claims, and what the agencies hear: with the reason of this step alone."""
    people = people_of(db, actor, row)
    _claim(db, actor, row, people)
    present = {person.agency_id for person in people if person.agency_id is not None}
    detail = {
        "handover": mark.id,
        "at": written(mark.at),
        "left": mark.left_host_id,
        "came": mark.came_host_id,
    }
    step(
        db,
        actor,
        row,
        verb,
        evidence="tap" if verb == "hand_over" else None,
        reason=why,
        detail=detail | more,
        host_ids=sorted({person.host_id for person in people}),
        agency_ids=sorted(present),
    )
    parted = told - present
    if row.state == "live":
        announce(db, actor, row, "session.people_changed", told=told | present, parted=parted)
        return
    fixed: dict[str, Any] = {"fields": ["participants"], "reason": why}
    announce(db, actor, row, "session.corrected", told=told | present, parted=parted, **fixed)


def _claim(db: Session, actor: Actor, row: LiveSession, people: Sequence[Participant]) -> None:
    """Hosts are held for what they do and did, as far as they are free: no other booking is undone for a fact."""
    over = row.actual_ends_at
    shifts = [(one.host_id, Span(one.starts_at, min(one.ends_at, over or one.ends_at))) for one in people]
    wanted = [Wanted("host", host_id, shift) for host_id, shift in shifts if shift.starts_at < shift.ends_at]
    claims.take_turns(db, actor, [want.thing_id for want in wanted], session_ids=[row.id])
    claims.drop_hosts(db, actor, row.id)
    claims.take(db, actor, row.id, wanted, now=clock.now(db))
