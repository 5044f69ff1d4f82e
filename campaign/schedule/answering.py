"""Offering a session and answering the offer: agencies for their hosts, independent hosts by a link."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import beyond_own
from campaign.kit.errors import FieldError, Invalid, NotFound
from campaign.kit.signing import link_token, read_link_token
from campaign.parties.models import Host
from campaign.schedule import acceptance, claims
from campaign.schedule.acceptance import Person
from campaign.schedule.errors import MustBeAsked, NobodyToAsk, NothingToAnswer
from campaign.schedule.events import Digest, announce, shown
from campaign.schedule.models import LiveSession, Participant
from campaign.schedule.offer_rules import rules_of_hub
from campaign.schedule.reading import views_of
from campaign.schedule.stepping import locked, people_of, step
from campaign.schedule.views import ParticipantView, SessionView

LINK = "answer"


def persons(db: Session, actor: Actor, people: Sequence[Participant]) -> list[Person]:
    """Participants as the rules of asking see them."""
    hosts = select(Host).where(Host.id.in_({person.host_id for person in people}))
    kinds = {host.id: host.kind for host in db.scalars(hosts)}
    return [
        Person(person.id, person.host_id, kinds[person.host_id], person.agency_id, person.acceptance)
        for person in people
    ]


def offer(
    db: Session,
    actor: Actor,
    session_id: int,
    *,
    deadline_at: datetime | None = None,
    expected_version: int | None = None,
    digest: Digest | None = None,
) -> SessionView:
    """Ask everybody who must answer. Raises NobodyToAsk, Invalid for a deadline that is past or after the start."""
    row = locked(db, actor, session_id, "offer", expected_version=expected_version)
    now = clock.now(db)
    if deadline_at is not None and not now < deadline_at:
        raise Invalid([FieldError("deadline_at", "already_past")])
    people = people_of(db, actor, row)
    asked = ask(db, actor, people, now)
    if not asked:
        raise NobodyToAsk
    told = {person.agency_id for person in asked if person.agency_id is not None}
    claims.settle(db, actor, row.id)
    step(
        db,
        actor,
        row,
        "offer",
        to="offered",
        hold_until=None,
        offer_deadline_at=deadline_at or due_at(db, actor, now, row.starts_at),
        agency_ids=sorted({*row.agency_ids, *told}),
    )
    told_of = announce(db, actor, row, "session.offered", digest=digest)
    return shown(db, actor, row, told_of)


def due_at(db: Session, actor: Actor, asked_at: datetime, starts_at: datetime) -> datetime:
    """By when an answer is due, by the hub's own rules."""
    return acceptance.deadline(asked_at, starts_at, rules_of_hub(db, actor))


def ask(db: Session, actor: Actor, people: Sequence[Participant], now: datetime) -> list[Participant]:
    """Mark everybody who must still answer as asked; the hub's own people count as confirmed."""
    wanted = {person.id for person in acceptance.to_ask(persons(db, actor, people))}
    asked = []
    for person in people:
        if person.id in wanted:
            person.acceptance, person.asked_at, person.answered_at = "asked", now, None
            person.round += 1
            person.reason = ""
            asked.append(person)
        elif person.acceptance != "accepted":
            person.acceptance, person.answered_at = "accepted", now
    db.flush()
    return asked


def confirm(
    db: Session,
    actor: Actor,
    session_id: int,
    *,
    expected_version: int | None = None,
    digest: Digest | None = None,
) -> SessionView:
    """The hub confirms a session in which nobody must be asked. Raises MustBeAsked."""
    row = locked(db, actor, session_id, "confirm", expected_version=expected_version)
    people = people_of(db, actor, row)
    if not acceptance.all_accepted(persons(db, actor, people)):
        raise MustBeAsked
    ask(db, actor, people, clock.now(db))
    claims.settle(db, actor, row.id)
    step(db, actor, row, "confirm", to="accepted", hold_until=None)
    return shown(db, actor, row, announce(db, actor, row, "session.accepted", digest=digest))


def accept(
    db: Session,
    actor: Actor,
    session_id: int,
    *,
    participant_id: int | None = None,
    reason: str = "",
    expected_version: int | None = None,
) -> SessionView:
    """Answer yes for the actor's own asked participants (the hub: for all, or one); the last yes accepts."""
    row = locked(db, actor, session_id, "accept", expected_version=expected_version)
    people = people_of(db, actor, row)
    answered = answering_people(db, actor, people, participant_id, ("asked",))
    for person in answered:
        person.acceptance, person.answered_at, person.reason = "accepted", clock.now(db), reason
    db.flush()
    detail = {"participants": [person.id for person in answered]}
    if acceptance.all_accepted(persons(db, actor, people)):
        step(db, actor, row, "accept", to="accepted", reason=reason, detail=detail, offer_deadline_at=None)
        return shown(db, actor, row, announce(db, actor, row, "session.accepted"))
    step(db, actor, row, "accept", reason=reason, detail=detail)
    return views_of(db, actor, [row])[0]


def decline(
    db: Session,
    actor: Actor,
    session_id: int,
    *,
    reason: str,
    participant_id: int | None = None,
    expected_version: int | None = None,
) -> SessionView:
    """Answer no. An offer goes back to draft with its claims; after acceptance the place stands open.

    Raises Invalid without a reason, NothingToAnswer.
    """
    if not reason.strip():
        raise Invalid([FieldError("reason", "missing")])
    row = locked(db, actor, session_id, "decline", expected_version=expected_version)
    people = people_of(db, actor, row)
    now = clock.now(db)
    answered = answering_people(db, actor, people, participant_id, ("asked", "accepted"))
    for person in answered:
        person.acceptance, person.answered_at, person.reason = "declined", now, reason
    detail = {"participants": [person.id for person in answered]}
    if row.state == "offered":
        # The others that were asked are not this actor's rows: the rule takes their question back.
        with beyond_own(db):
            _take_back(people)
        step(db, actor, row, "decline", to="draft", reason=reason, detail=detail, offer_deadline_at=None)
    else:
        step(db, actor, row, "decline", reason=reason, detail=detail)
    return shown(db, actor, row, announce(db, actor, row, "session.declined"))


def expire(db: Session, row: LiveSession) -> None:
    """The deadline of a locked offer passed: who has not answered no longer can, the claims stay."""
    people = people_of(db, SYSTEM, row)
    for person in people:
        if person.acceptance == "asked":
            person.acceptance = "expired"
    step(db, SYSTEM, row, "expire", to="draft", offer_deadline_at=None)
    announce(db, SYSTEM, row, "session.offer_expired")


def _take_back(people: Sequence[Participant]) -> None:
    """A withdrawn offer waits for nobody's answer; who said yes has said so."""
    for person in people:
        if person.acceptance == "asked":
            person.acceptance = "not_asked"


def answering_people(
    db: Session,
    actor: Actor,
    people: Sequence[Participant],
    participant_id: int | None,
    from_acceptance: tuple[str, ...],
) -> list[Participant]:
    """The participants whose answer this actor's is. Raises NothingToAnswer when there is none."""

    def own(person: Participant) -> bool:
        if actor.is_hub:
            return True
        if actor.role == "agency":
            return person.agency_id is not None and person.agency_id == actor.agency_id
        # A host may always say that it cannot come; yes is its agency's to say, where it has one.
        mine = actor.role == "host" and person.host_id == actor.host_id
        return mine and (person.agency_id is None or "accepted" in from_acceptance)

    found = [
        person
        for person in people
        if person.acceptance in from_acceptance and own(person) and participant_id in (None, person.id)
    ]
    if actor.is_hub and "accepted" in from_acceptance and participant_id is None:
        # The hub notes a refusal of those it waits for; of somebody who agreed only by name.
        found = [person for person in found if person.acceptance == "asked"] or found
    if not found:
        raise NothingToAnswer
    return found


def answer_link_token(secret_key: bytes, participant: ParticipantView) -> str:
    """The token of the link by which a participant answers this round's offer."""
    if participant.id is None:
        raise NotFound
    return link_token(secret_key, LINK, participant.id, participant.round)


def read_answer_link(db: Session, secret_key: bytes, token: str) -> tuple[SessionView, ParticipantView]:
    """What a link asks, as its host may see it. Raises BadLink, NotFound when the round is over."""
    person = _person_of_link(db, secret_key, token)
    row = db.get(LiveSession, person.session_id)
    if row is None:
        raise NotFound
    view = views_of(db, _holder(person, ""), [row])[0]
    return view, next(one for one in view.participants if one.id == person.id)


def answer_by_link(
    db: Session, secret_key: bytes, token: str, *, answer: str, reason: str = ""
) -> SessionView:
    """Accept or decline by the link's token. The same answer twice is one; raises BadLink, NotFound, WrongState."""
    person = _person_of_link(db, secret_key, token)
    host = db.get(Host, person.host_id)
    holder = _holder(person, host.name if host else "")
    if person.acceptance == {"accept": "accepted", "decline": "declined"}.get(answer):
        row = db.get(LiveSession, person.session_id)
        return views_of(db, holder, [row] if row else [])[0]
    if answer == "accept":
        return accept(db, holder, person.session_id, participant_id=person.id, reason=reason)
    if answer == "decline":
        return decline(db, holder, person.session_id, participant_id=person.id, reason=reason)
    raise Invalid([FieldError("answer", "choice", {"allowed": "accept, decline"})])


def _person_of_link(db: Session, secret_key: bytes, token: str) -> Participant:
    participant_id, asked_round = read_link_token(secret_key, LINK, token, clock.now(db))
    person = db.get(Participant, participant_id, populate_existing=True)
    if person is None or person.round != asked_round:
        raise NotFound
    return person


def _holder(person: Participant, name: str) -> Actor:
    """Who holds a link acts as that host, and nothing else."""
    return Actor(kind="link", role="host", name=name, host_id=person.host_id)
