"""Hand-overs of a show on air as they are read: on its page, beneath its curve, by the API; and who is on shift."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import Conflict, NotFound
from campaign.kit.paging import Page, from_cursor, page_from
from campaign.live.models import Handover
from campaign.live.standing_in import substitutes
from campaign.parties.models import Host
from campaign.schedule.models import LiveSession, Participant
from campaign.schedule.queries import get_session
from campaign.schedule.spans import Span
from campaign.schedule.states import may
from campaign.schedule.stepping import people_of

SELLING = ("host", "influencer")
"""Who assists holds no shift."""

TAIL = timedelta(minutes=1)
"""A shift that begins past all that was planned: the last one goes as far as the show does, whatever its end."""

LATE = timedelta(hours=1)
"""For so long after the planned hour it is asked whether who was on before still is."""


class AlreadyOnShift(Conflict):
    """The host who is to come is the one who is on."""

    code = "already_on_shift"


class NotOnShift(Conflict):
    """The host who is to leave is not on, somebody else handed over meanwhile, say."""

    code = "not_on_shift"


class HandedOnSince(Conflict):
    """Who came by it has handed over since: the later one has to be taken back first."""

    code = "handed_on_since"


class ShiftsChanged(Conflict):
    """A correction put the shifts elsewhere since: they no longer meet where the mark stands."""

    code = "shifts_changed"


class HandoverWithdrawn(Conflict):
    """It was taken back."""

    code = "handover_withdrawn"


@dataclass(frozen=True)
class HandoverView:
    """A hand-over: who left, who came, and the instant from which on what is sold is the latter's.

    made_by, changed_by, withdrawn_by and reason are the hub's to read, empty to others. stands: it was not taken back,
    and no correction has put the shifts elsewhere since.
    """

    id: int
    session_id: int
    at: datetime
    left_host_id: int
    left_name: str
    left_name_en: str
    came_host_id: int
    came_name: str
    came_name_en: str
    planned: bool
    made_by: str
    made_at: datetime
    changed_by: str
    updated_at: datetime
    reason: str
    withdrawn_by: str
    withdrawn_at: datetime | None
    rev: int
    stands: bool


_FOUND = (
    "SELECT h.id, h.session_id, h.at, h.left_host_id, a.name AS left_name, a.name_en AS left_name_en, h.came_host_id,"
    " b.name AS came_name, b.name_en AS came_name_en, h.came_starts_at IS NOT NULL AS planned, h.made_at, h.updated_at,"
    " CASE WHEN :hub THEN h.made_by ELSE '' END AS made_by,"
    " CASE WHEN :hub THEN coalesce(h.changed_by, '') ELSE '' END AS changed_by,"
    " CASE WHEN :hub THEN h.reason ELSE '' END AS reason,"
    " CASE WHEN :hub THEN coalesce(h.withdrawn_by, '') ELSE '' END AS withdrawn_by, h.withdrawn_at, h.rev,"
    " h.withdrawn_at IS NULL AND l.id IS NOT NULL AND c.id IS NOT NULL AS stands"
    " FROM handover h JOIN host a ON a.id = h.left_host_id JOIN host b ON b.id = h.came_host_id"
    " LEFT JOIN participant l ON l.id = h.left_id AND l.ends_at = h.at"
    " LEFT JOIN participant c ON c.id = h.came_id AND c.starts_at = h.at"
    " WHERE h.session_id = :session_id"
)


def handovers_of(db: Session, actor: Actor, session_id: int) -> tuple[HandoverView, ...]:
    """All of a session, in the order they took place; those that were taken back among them."""
    rows = db.execute(
        text(f"{_FOUND} ORDER BY h.at, h.id"), {"session_id": session_id, "hub": actor.is_hub}
    ).mappings()
    return tuple(HandoverView(**row) for row in rows)


def page_of_handovers(
    db: Session,
    actor: Actor,
    session_id: int,
    *,
    limit: int = 50,
    cursor: str | None = None,
    since: datetime | None = None,
) -> Page[HandoverView]:
    """A session's, in the order they were made. since: those alone that changed at that instant or later.

    Raises NotFound where the session is not the actor's to see.
    """
    get_session(db, actor, session_id)
    sql = (
        f"{_FOUND} AND h.id > :after AND (CAST(:since AS timestamptz) IS NULL OR h.updated_at >= :since)"
        " ORDER BY h.id LIMIT :limit"
    )
    after = from_cursor(cursor, (int,))[0] if cursor else 0
    params = {
        "session_id": session_id,
        "hub": actor.is_hub,
        "after": after,
        "since": since,
        "limit": limit + 1,
    }
    found = [HandoverView(**row) for row in db.execute(text(sql), params).mappings()]
    return page_from(found, limit, lambda one: [one.id])


def get_handover(db: Session, actor: Actor, session_id: int, handover_id: int) -> HandoverView:
    """One of a session. Raises NotFound."""
    get_session(db, actor, session_id)
    params = {"session_id": session_id, "hub": actor.is_hub, "id": handover_id}
    row = db.execute(text(f"{_FOUND} AND h.id = :id"), params).mappings().one_or_none()
    if row is None:
        raise NotFound
    return HandoverView(**row)


def met_at(people: Sequence[Participant], mark: Handover) -> tuple[Participant, Participant] | None:
    """The shift that a mark ends and the one that it begins; None where a correction put one elsewhere."""
    known = {person.id: person for person in people}
    leaving, coming = known.get(mark.left_id), known.get(mark.came_id)
    if leaving is None or coming is None or not leaving.ends_at == coming.starts_at == mark.at:
        return None
    return leaving, coming


def on_shift(people: Sequence[Participant], at: datetime) -> list[Participant]:
    """Who sells at a moment, as sales are attributed: the first and the last shift go as far as the show does."""
    sellers = [person for person in people if person.role in SELLING]
    if not sellers:
        return []
    first = min(person.starts_at for person in sellers)
    last = max(person.ends_at for person in sellers)
    moment = min(max(at, first), last - timedelta.resolution)
    return [person for person in sellers if person.starts_at <= moment < person.ends_at]


def may_leave(people: Sequence[Participant], at: datetime, came_host_id: int) -> list[Participant]:
    """Whose shift somebody who comes may end: who is on; where by plan nobody else is, the last one who was.

    The plan's hour may have passed while the one before still stood there.
    """
    on = [person for person in on_shift(people, at) if person.host_id != came_host_id]
    if on:
        return on
    before = [
        person
        for person in people
        if person.role in SELLING and person.host_id != came_host_id and person.starts_at < at
    ]
    return [max(before, key=lambda person: (person.ends_at, person.id))] if before else []


@dataclass(frozen=True)
class Choice:
    """A host whose shift may be ended now, and who may come: those of the show, and others who are free.

    late: by the plan somebody else is on already, who has not come by a hand-over.
    """

    left: Host
    left_id: int
    since: datetime
    coming: tuple[Host, ...]
    others: tuple[Host, ...] = ()
    late: bool = False


def choices(db: Session, actor: Actor, session_id: int) -> list[Choice]:
    """The buttons of a session on air; none of any other."""
    row = db.get(LiveSession, session_id)
    if row is None or not may("hand_over", row.state):
        return []
    now, people = clock.now(db), people_of(db, actor, row)
    hosts = {host.id: host for host in db.scalars(select(Host).where(Host.id.in_(row.host_ids)))}
    on = on_shift(people, now)
    there = {person.host_id for person in on}
    free = {person.host_id: person for person in reversed(people) if person.host_id not in there}
    coming = sorted(free.values(), key=lambda one: (one.ends_at <= now, one.starts_at, one.id))
    made = [
        Choice(
            hosts[person.host_id],
            person.id,
            max(person.starts_at, row.actual_starts_at or person.starts_at),
            tuple(hosts[one.host_id] for one in coming),
            tuple(substitutes(db, actor, row, person, Span(now, max(person.ends_at, now + TAIL)))),
        )
        for person in on
    ]
    return made + _late(
        people, on, now, hosts, {mark.came_host_id for mark in handovers_of(db, actor, row.id)}
    )


def _late(
    people: Sequence[Participant],
    on: Sequence[Participant],
    now: datetime,
    hosts: dict[int, Host],
    brought: set[int],
) -> list[Choice]:
    if len(on) != 1 or on[0].host_id in brought or not now - LATE < on[0].starts_at:
        return []
    return [
        Choice(hosts[one.host_id], one.id, one.starts_at, (hosts[on[0].host_id],), late=True)
        for one in may_leave(people, now, on[0].host_id)
    ]
