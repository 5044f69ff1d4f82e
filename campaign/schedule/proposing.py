"""What an agency asks of the hub: other times, another host of its own, to call it off. The hub decides.

A proposal moves nothing by itself. Accepted, it is applied at once and whole, or refused by what is in its way;
the agency that proposed has thereby agreed, all others whom it touches are asked.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid, NotFound
from campaign.kit.instants import written
from campaign.parties.models import Host
from campaign.parties.queries import agencies_on
from campaign.schedule import references
from campaign.schedule.answering import accept, answering_people, offer
from campaign.schedule.changing import change
from campaign.schedule.closing import cancel, known_code
from campaign.schedule.errors import ProposalClosed
from campaign.schedule.events import announce
from campaign.schedule.models import LiveSession, Participant, Proposal
from campaign.schedule.reading import views_of
from campaign.schedule.references import Faults
from campaign.schedule.schemas import OverrideIn, ParticipantIn, SessionChange
from campaign.schedule.stepping import locked, people_of, step
from campaign.schedule.views import SessionView


@dataclass(frozen=True)
class Counter:
    """A counter-offer: other times (ends_at left out keeps the length), or host_id in a participant's place."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    host_id: int | None = None
    participant_id: int | None = None
    reason: str = ""


def counter(
    db: Session, actor: Actor, session_id: int, given: Counter, *, expected_version: int | None = None
) -> SessionView:
    """Propose other times or another host. It takes the place of the agency's earlier proposal, if one stands.

    Raises Invalid, NothingToAnswer, WrongState, Stale.
    """
    row = locked(db, actor, session_id, "counter", expected_version=expected_version)
    people = people_of(db, actor, row)
    own = answering_people(db, actor, people, given.participant_id, ("asked", "accepted"))
    agency_id = _agency_of(own)
    if (given.host_id is None) == (given.starts_at is None and given.ends_at is None):
        raise Invalid([FieldError("starts_at", "time_or_person")])
    if given.host_id is not None:
        made = _of_person(db, actor, row, people, own, agency_id, given)
    else:
        made = _of_time(db, row, given)
    _file(db, actor, row, agency_id, made, given.reason, {"participants": [person.id for person in own]})
    return views_of(db, actor, [row])[0]


def ask_to_cancel(
    db: Session,
    actor: Actor,
    session_id: int,
    *,
    code: str,
    reason: str,
    expected_version: int | None = None,
) -> SessionView:
    """Ask the hub to call a session off. Raises Invalid without a reason or for an unknown code."""
    faults = Faults()
    if not reason.strip():
        faults.add("reason", "missing")
    known_code(code, faults)
    faults.raise_any()
    row = locked(db, actor, session_id, "counter", expected_version=expected_version)
    own = answering_people(db, actor, people_of(db, actor, row), None, ("asked", "accepted"))
    _file(db, actor, row, _agency_of(own), {"kind": "cancel", "cancel_code": code}, reason.strip(), {})
    return views_of(db, actor, [row])[0]


def withdraw(db: Session, actor: Actor, proposal_id: int) -> SessionView:
    """Take one's own proposal back. Raises NotFound, ProposalClosed."""
    row, found = _opened(db, actor, proposal_id)
    _close(db, actor, found, "withdrawn", "")
    step(db, actor, row, "withdraw", detail={"proposal": written_proposal(found)})
    return views_of(db, actor, [row])[0]


def refuse_proposal(db: Session, actor: Actor, proposal_id: int, *, reason: str = "") -> SessionView:
    """The hub leaves all as it is, and says so. Raises NotFound, ProposalClosed."""
    row, found = _opened(db, actor, proposal_id)
    _close(db, actor, found, "refused", reason)
    told = written_proposal(found)
    step(db, actor, row, "refuse", reason=reason, detail={"proposal": told})
    announce(db, actor, row, "session.counter_refused", told=[found.agency_id], proposal=told, reason=reason)
    return views_of(db, actor, [row])[0]


def accept_proposal(
    db: Session, actor: Actor, proposal_id: int, *, override_reason: str | None = None
) -> SessionView:
    """Apply a proposal, whole or not at all; who proposed it has agreed to it.

    Raises ProposalClosed (decided, or overtaken by another change), Conflicting, NeedsOverride, Invalid.
    """
    row, found = _opened(db, actor, proposal_id)
    if not stands(found, row, people_of(db, actor, row)):
        raise ProposalClosed
    _close(db, actor, found, "accepted", override_reason or "")
    if found.kind == "cancel":
        return cancel(db, actor, row.id, code=found.cancel_code or "other", reason=found.reason)
    given: dict[str, Any] = (
        {"starts_at": found.starts_at, "ends_at": found.ends_at}
        if found.kind == "time"
        else {"participants": _with_host(db, actor, row, found)}
    )
    if override_reason:
        given["override"] = OverrideIn(reason=override_reason)
    view = change(db, actor, row.id, SessionChange(**given))
    if view.state == "draft":
        # The deadline had passed over the question: the offer stands again, by what was agreed.
        view = offer(db, actor, row.id)
    if view.state == "offered" and any(_waits(person, found.agency_id) for person in view.participants):
        proposer = Actor(kind=actor.kind, role="agency", id=actor.id, name=found.made_by)
        accept(db, replace(proposer, agency_id=found.agency_id), row.id, reason=found.reason)
    return views_of(db, actor, [row])[0]


def stands(found: Proposal, row: LiveSession, people: list[Participant]) -> bool:
    """Whether a proposal still speaks of the session as it is."""
    same_times = (found.was_starts_at, found.was_ends_at) == (row.starts_at, row.ends_at)
    there = found.participant_id is None or any(person.id == found.participant_id for person in people)
    return found.state == "open" and same_times and there


def written_proposal(found: Proposal) -> dict[str, Any]:
    """A proposal as history and webhooks carry it: only what was proposed."""
    said = {
        "id": ids.public("prp", found.id),
        "kind": found.kind,
        "starts_at": written(found.starts_at) if found.starts_at else None,
        "ends_at": written(found.ends_at) if found.ends_at else None,
        "participant_id": ids.public_or_none("ptc", found.participant_id),
        "host_id": ids.public_or_none("hst", found.host_id),
        "code": found.cancel_code,
    }
    return {name: value for name, value in said.items() if value is not None}


def _agency_of(own: list[Participant]) -> int:
    agencies = sorted({person.agency_id for person in own if person.agency_id is not None})
    if len(agencies) != 1:
        # An independent host says yes or no; and of two agencies the hub must say for which it notes this.
        raise Invalid([FieldError("participant_id", "agency_unclear")])
    return agencies[0]


def _of_time(db: Session, row: LiveSession, given: Counter) -> dict[str, Any]:
    starts_at = given.starts_at or row.starts_at
    ends_at = given.ends_at or starts_at + (row.ends_at - row.starts_at)
    faults = Faults()
    references.check_span(starts_at, ends_at, faults)
    if starts_at <= clock.now(db):
        faults.add("starts_at", "already_past")
    if (starts_at, ends_at) == (row.starts_at, row.ends_at):
        faults.add("starts_at", "same_as_now")
    faults.raise_any()
    return {"kind": "time", "starts_at": starts_at, "ends_at": ends_at}


def _of_person(
    db: Session,
    actor: Actor,
    row: LiveSession,
    people: list[Participant],
    own: list[Participant],
    agency_id: int,
    given: Counter,
) -> dict[str, Any]:
    host = db.get(Host, given.host_id)
    faults = Faults()
    if len(own) != 1:
        faults.add("participant_id", "missing")
    if host is None or host.archived_at is not None:
        faults.add("host_id", "unknown_id")
    elif agencies_on(db, actor, [host.id], row.starts_at).get(host.id) != agency_id:
        # Said like an absent one: whose host it is, is not theirs to learn.
        faults.add("host_id", "unknown_id")
    elif any(person.host_id == host.id for person in people):
        faults.add("host_id", "twice")
    faults.raise_any()
    return {"kind": "person", "participant_id": own[0].id, "host_id": given.host_id}


def _file(
    db: Session,
    actor: Actor,
    row: LiveSession,
    agency_id: int,
    made: dict[str, Any],
    reason: str,
    detail: dict[str, Any],
) -> None:
    before = db.scalars(
        select(Proposal).where(
            Proposal.session_id == row.id, Proposal.agency_id == agency_id, Proposal.state == "open"
        )
    ).one_or_none()
    if before is not None:
        _close(db, actor, before, "withdrawn", "")
    found = Proposal(
        **made,
        session_id=row.id,
        agency_id=agency_id,
        was_starts_at=row.starts_at,
        was_ends_at=row.ends_at,
        reason=reason,
        made_by=actor.name,
        made_at=clock.now(db),
    )
    db.add(found)
    db.flush()
    told = written_proposal(found)
    step(db, actor, row, "counter", reason=reason, detail=detail | {"proposal": told})
    announce(db, actor, row, "session.countered", told=[agency_id], proposal=told, reason=reason)


def _opened(db: Session, actor: Actor, proposal_id: int) -> tuple[LiveSession, Proposal]:
    """An open proposal with its session, both locked: the session first, as every verb does."""
    found = db.get(Proposal, proposal_id)
    if found is None or not (actor.is_hub or found.agency_id == actor.agency_id):
        raise NotFound
    row = locked(db, actor, found.session_id, "decide")
    db.refresh(found, with_for_update=True)
    if found.state != "open":
        raise ProposalClosed
    return row, found


def _close(db: Session, actor: Actor, found: Proposal, state: str, answer: str) -> None:
    found.state, found.answer = state, answer
    found.decided_by, found.decided_at = actor.name, clock.now(db)
    db.flush()


def _with_host(db: Session, actor: Actor, row: LiveSession, found: Proposal) -> list[ParticipantIn]:
    """The people as they are, with the proposed host in its place."""
    return [
        ParticipantIn.model_validate(
            {
                "host_id": found.host_id if person.id == found.participant_id else person.host_id,
                "role": person.role,
                "agency_id": person.agency_id,
                "from": person.starts_at,
                "to": person.ends_at,
            }
        )
        for person in people_of(db, actor, row)
    ]


def _waits(person: Any, agency_id: int) -> bool:
    return bool(person.agency_id == agency_id and person.acceptance == "asked")
