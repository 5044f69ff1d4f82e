"""Another host at the door (换人): before the show in the other's place, on air from now to the end of the shift."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid, NotFound
from campaign.parties.models import Host
from campaign.parties.queries import agencies_on
from campaign.schedule import booking, claims
from campaign.schedule.changing import sync_people
from campaign.schedule.events import announce
from campaign.schedule.models import LiveSession, Participant
from campaign.schedule.reading import views_of
from campaign.schedule.schemas import ParticipantIn, SessionChange
from campaign.schedule.spans import Span
from campaign.schedule.states import may
from campaign.schedule.stepping import locked, people_of, step
from campaign.schedule.targets import target_of
from campaign.schedule.views import SessionView

SHORTEST = timedelta(minutes=1)
MOST = 40


def stand_in(
    db: Session,
    actor: Actor,
    session_id: int,
    *,
    participant_id: int,
    host_id: int,
    expected_version: int | None = None,
) -> SessionView:
    """Put a host who is here in a participant's place; on air the shift is parted at this moment.

    Who stands there has agreed by standing there; agencies are told. Raises Invalid, Conflicting when the host is
    booked elsewhere, WrongState, Stale.
    """
    row = locked(db, actor, session_id, "arrive", expected_version=expected_version)
    people = people_of(db, actor, row)
    leaving = next((person for person in people if person.id == participant_id), None)
    if leaving is None:
        raise NotFound
    if host_id not in {host.id for host in substitutes(db, actor, row, leaving)}:
        raise Invalid([FieldError("host_id", "unknown_id")])
    now = clock.now(db)
    told = set(row.agency_ids)
    given = SessionChange(participants=_parted(db, actor, row, people, leaving, host_id))
    plan = target_of(db, actor, row, given).plan
    claims.take_turns(db, actor, plan.things, session_ids=[row.id])
    claims.drop_all(db, actor, row.id)
    booking.claim_all(db, actor, row, plan, expires_at=None)
    touched = sync_people(db, actor, row, people, plan.people, settled=True)
    for person in touched.changed:
        if person not in people:
            # Nobody is asked on the floor: who stands there has come.
            person.acceptance, person.answered_at, person.arrived_at = "accepted", now, now
    db.flush()
    present = {person.agency_id for person in touched.people if person.agency_id is not None}
    step(
        db,
        actor,
        row,
        "stand_in",
        evidence="tap",
        detail={"left": leaving.host_id, "came": host_id},
        host_ids=sorted({person.host_id for person in touched.people}),
        agency_ids=sorted(told & present | present),
    )
    announce(db, actor, row, "session.people_changed", told=told | present, parted=told - present)
    return views_of(db, actor, [row])[0]


def substitutes_of(db: Session, actor: Actor, session_id: int) -> dict[int, list[Host]]:
    """Participant id → who may stand in for them; empty where the state does not allow it."""
    row = db.get(LiveSession, session_id)
    if row is None or not may("arrive", row.state):
        return {}
    return {person.id: substitutes(db, actor, row, person) for person in people_of(db, actor, row)}


def substitutes(
    db: Session, actor: Actor, row: LiveSession, leaving: Participant, rest: Span | None = None
) -> list[Host]:
    """Who may stand in: the hub's own hosts, and those of the agency of the one who leaves, free for the rest of
    the shift (or for the span given). By name.
    """
    hosts = db.scalars(
        select(Host)
        .where(Host.archived_at.is_(None), Host.id != leaving.host_id)
        .order_by(Host.sort_key, Host.id)
    ).all()
    agencies = agencies_on(db, actor, [host.id for host in hosts], row.starts_at)
    present = set(row.host_ids)
    able = [
        host
        for host in hosts
        if host.id not in present
        and (
            host.kind == "in_house"
            or (leaving.agency_id is not None and agencies.get(host.id) == leaving.agency_id)
        )
    ]
    rest = rest or Span(max(leaving.starts_at, min(clock.now(db), leaving.ends_at)), leaving.ends_at)
    if rest.starts_at >= rest.ends_at:
        return []
    wanted = claims.things([]) | {"host": [host.id for host in able]}
    busy = claims.taken_near(db, actor, wanted, rest, now=clock.now(db), but=row.id)
    return [host for host in able if ("host", host.id) not in busy][:MOST]


def _parted(
    db: Session,
    actor: Actor,
    row: LiveSession,
    people: Sequence[Participant],
    leaving: Participant,
    host_id: int,
) -> list[ParticipantIn]:
    """The people with the new one in place; while on air, from now on."""
    now = clock.now(db).replace(microsecond=0)
    parted = row.state == "live" and leaving.starts_at + SHORTEST <= now
    if parted and leaving.ends_at - now < SHORTEST:
        raise Invalid([FieldError("host_id", "too_near")])
    agency_id = agencies_on(db, actor, [host_id], row.starts_at).get(host_id)
    given = []
    for person in people:
        shift = Span(person.starts_at, person.ends_at)
        if person.id != leaving.id:
            given.append(_as_given(person.host_id, person, shift, person.agency_id))
            continue
        if parted:
            given.append(_as_given(person.host_id, person, replace(shift, ends_at=now), person.agency_id))
            shift = replace(shift, starts_at=now)
        given.append(_as_given(host_id, person, shift, agency_id))
    return given


def _as_given(host_id: int, person: Participant, shift: Span, agency_id: int | None) -> ParticipantIn:
    return ParticipantIn.model_validate(
        {
            "host_id": host_id,
            "role": person.role,
            "agency_id": agency_id,
            "from": shift.starts_at,
            "to": shift.ends_at,
        }
    )
