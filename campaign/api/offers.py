"""What agencies propose and the hub decides, what a show's delay does, and the hub's deadlines for offers."""

from apiflask import APIBlueprint
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.api.sessions import answered
from campaign.gate.door import Answer, reads, writes
from campaign.kit.actor import Actor
from campaign.schedule import following, offer_rules, proposing, shapes
from campaign.schedule.proposals import proposals_of
from campaign.schedule.queries import get_session

bp = APIBlueprint("api_offers", __name__, tag="Offers")


@bp.get("/proposals")
@reads("sessions.counter", answer=shapes.ProposalList)
def waiting(*, db: Session, actor: Actor) -> BaseModel:
    """Proposals that wait for the hub's decision, the oldest first."""
    found = proposals_of(db, actor, waiting=True, limit=500)
    return shapes.ProposalList(items=[shapes.ProposalOut.model_validate(one) for one in found])


@bp.get("/sessions/<session_id>/proposals")
@reads("sessions.counter", answer=shapes.ProposalList)
def of_session(*, db: Session, actor: Actor, session_id: str) -> BaseModel:
    """All proposals about one session, the newest first: an agency reads its own."""
    session = get_session(db, actor, read_id("ses", session_id))
    found = proposals_of(db, actor, session_ids=[session.id])
    return shapes.ProposalList(items=[shapes.ProposalOut.model_validate(one) for one in found])


@bp.post("/proposals/<proposal_id>/accept")
@writes("sessions.plan", body=shapes.AcceptProposalIn, answer=shapes.SessionOut)
def accept(*, db: Session, actor: Actor, proposal_id: str, body: shapes.AcceptProposalIn) -> Answer:
    """Apply it, whole or not at all; answers with the session."""
    key = read_id("prp", proposal_id)
    reason = body.override.reason if body.override else None
    return answered(proposing.accept_proposal(db, actor, key, override_reason=reason))


@bp.post("/proposals/<proposal_id>/refuse")
@writes("sessions.plan", body=shapes.NothingIn, answer=shapes.SessionOut)
def refuse(*, db: Session, actor: Actor, proposal_id: str, body: shapes.NothingIn) -> Answer:
    """Leave the session as it is; the agency is told."""
    key = read_id("prp", proposal_id)
    return answered(proposing.refuse_proposal(db, actor, key, reason=body.reason))


@bp.post("/proposals/<proposal_id>/withdraw")
@writes("sessions.counter", body=shapes.NothingIn, answer=shapes.SessionOut)
def withdraw(*, db: Session, actor: Actor, proposal_id: str, body: shapes.NothingIn) -> Answer:
    """Take one's own proposal back."""
    return answered(proposing.withdraw(db, actor, read_id("prp", proposal_id)))


@bp.get("/sessions/<session_id>/following")
@reads("sessions.check", query=shapes.FollowingQuery, answer=shapes.FollowingOut)
def what_follows(*, db: Session, actor: Actor, session_id: str, query: shapes.FollowingQuery) -> BaseModel:
    """What a session that is late or runs over meets, and by how much each would have to move."""
    found = following.effect_of(db, actor, read_id("ses", session_id), over_minutes=query.over_minutes)
    return shapes.FollowingOut(
        late_minutes=found.late_minutes,
        over_minutes=found.over_minutes,
        ends_at=found.ends_at,
        hits=[
            shapes.HitOut(
                session_id=hit.session.id,
                title=hit.session.title,
                state=hit.session.state,
                starts_at=hit.session.starts_at,
                because=list(hit.because),
                shift_minutes=hit.shift_minutes,
                studios=list(hit.studios),
            )
            for hit in found.hits
        ],
    )


@bp.get("/hub/offer-rules")
@reads("sessions.check", answer=shapes.OfferRulesIn)
def get_rules(*, db: Session, actor: Actor) -> BaseModel:
    """By when offers are to be answered unless one says otherwise."""
    return _rules(db, actor)


@bp.put("/hub/offer-rules")
@writes("sessions.plan", body=shapes.OfferRulesIn, answer=shapes.OfferRulesIn)
def put_rules(*, db: Session, actor: Actor, body: shapes.OfferRulesIn) -> BaseModel:
    """Set them; offers that stand keep their deadline."""
    offer_rules.set_rules(
        db, actor, answer_hours=body.answer_hours, last_answer_minutes=body.last_answer_minutes
    )
    return _rules(db, actor)


def _rules(db: Session, actor: Actor) -> shapes.OfferRulesIn:
    found = offer_rules.rules_of_hub(db, actor)
    return shapes.OfferRulesIn(answer_hours=found.answer_hours, last_answer_minutes=found.last_answer_minutes)
