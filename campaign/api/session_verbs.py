"""The verbs of a session: POST /sessions/{id}/VERB, each allowed by its state."""

from apiflask import APIBlueprint
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.api.sessions import answered
from campaign.gate.door import Answer, writes
from campaign.gate.etag import expected_version
from campaign.gate.wording import in_words
from campaign.kit.actor import Actor
from campaign.kit.errors import DomainError
from campaign.live import correcting, running
from campaign.schedule import answering, closing, shapes, swapping
from campaign.schedule.schemas import CorrectionIn
from campaign.schedule.views import SessionView

bp = APIBlueprint("api_session_verbs", __name__, tag="Sessions")


@bp.post("/sessions/bulk")
@writes("sessions.plan", body=shapes.BulkIn, answer=shapes.BulkOut)
def bulk(*, db: Session, actor: Actor, body: shapes.BulkIn) -> BaseModel:
    """One verb for many: each on its own, with a result per id."""
    return shapes.BulkOut(items=[_one_of_many(db, actor, body, session_id) for session_id in body.ids])


def _one_of_many(db: Session, actor: Actor, body: shapes.BulkIn, session_id: int) -> shapes.BulkResult:
    try:
        # A savepoint each: what one could not do must not undo the others.
        with db.begin_nested():
            view = _do(db, actor, body, session_id)
    except DomainError as error:
        code = error.error_code
        return shapes.BulkResult(id=session_id, ok=False, code=code, message=in_words(code, error.params))
    return shapes.BulkResult(id=session_id, ok=True, state=view.state, version=view.version)


def _do(db: Session, actor: Actor, body: shapes.BulkIn, session_id: int) -> SessionView:
    if body.verb == "offer":
        return answering.offer(db, actor, session_id)
    if body.verb == "confirm":
        return answering.confirm(db, actor, session_id)
    if body.verb == "ready":
        return running.make_ready(db, actor, session_id)
    return closing.cancel(db, actor, session_id, code="other", reason=body.reason or "")


@bp.post("/sessions/<session_id>/offer")
@writes("sessions.plan", body=shapes.OfferIn, answer=shapes.SessionOut)
def offer(*, db: Session, actor: Actor, session_id: str, body: shapes.OfferIn) -> Answer:
    """Ask everybody who must answer."""
    key = read_id("ses", session_id)
    return answered(
        answering.offer(db, actor, key, deadline_at=body.deadline_at, expected_version=expected_version())
    )


@bp.post("/sessions/<session_id>/confirm")
@writes("sessions.plan", body=shapes.NothingIn, answer=shapes.SessionOut)
def confirm(*, db: Session, actor: Actor, session_id: str, body: shapes.NothingIn) -> Answer:
    """Confirm a session in which nobody has to be asked."""
    return answered(
        answering.confirm(db, actor, read_id("ses", session_id), expected_version=expected_version())
    )


@bp.post("/sessions/<session_id>/accept")
@writes("sessions.answer", body=shapes.AnswerIn, answer=shapes.SessionOut)
def accept(*, db: Session, actor: Actor, session_id: str, body: shapes.AnswerIn) -> Answer:
    """Say yes for one's own participants."""
    return answered(
        answering.accept(
            db,
            actor,
            read_id("ses", session_id),
            participant_id=body.participant_id,
            reason=body.reason,
            expected_version=expected_version(),
        )
    )


@bp.post("/sessions/<session_id>/decline")
@writes("sessions.answer", body=shapes.AnswerIn, answer=shapes.SessionOut)
def decline(*, db: Session, actor: Actor, session_id: str, body: shapes.AnswerIn) -> Answer:
    """Say no for one's own participants, with a reason."""
    return answered(
        answering.decline(
            db,
            actor,
            read_id("ses", session_id),
            participant_id=body.participant_id,
            reason=body.reason,
            expected_version=expected_version(),
        )
    )


@bp.post("/sessions/<session_id>/counter")
@writes("sessions.counter", body=shapes.CounterIn, answer=shapes.SessionOut)
def counter(*, db: Session, actor: Actor, session_id: str, body: shapes.CounterIn) -> Answer:
    """Propose other times; nothing moves by it."""
    return answered(
        answering.counter(
            db,
            actor,
            read_id("ses", session_id),
            starts_at=body.starts_at,
            ends_at=body.ends_at,
            reason=body.reason,
            expected_version=expected_version(),
        )
    )


@bp.post("/sessions/<session_id>/ready")
@writes("sessions.plan", body=shapes.NothingIn, answer=shapes.SessionOut)
def ready(*, db: Session, actor: Actor, session_id: str, body: shapes.NothingIn) -> Answer:
    """All is in place; the clock says so 30 minutes before the start otherwise."""
    key = read_id("ses", session_id)
    return answered(running.make_ready(db, actor, key, expected_version=expected_version()))


@bp.post("/sessions/<session_id>/arrive")
@writes("sessions.run", body=shapes.ArriveIn, answer=shapes.SessionOut)
def arrive(*, db: Session, actor: Actor, session_id: str, body: shapes.ArriveIn) -> Answer:
    """A host is here."""
    return answered(
        running.arrive(
            db,
            actor,
            read_id("ses", session_id),
            participant_id=body.participant_id,
            expected_version=expected_version(),
        )
    )


@bp.post("/sessions/<session_id>/start")
@writes("sessions.run", body=shapes.NothingIn, answer=shapes.SessionOut)
def start(*, db: Session, actor: Actor, session_id: str, body: shapes.NothingIn) -> Answer:
    """On air."""
    key = read_id("ses", session_id)
    return answered(running.go_live(db, actor, key, expected_version=expected_version()))


@bp.post("/sessions/<session_id>/end")
@writes("sessions.run", body=shapes.NothingIn, answer=shapes.SessionOut)
def end(*, db: Session, actor: Actor, session_id: str, body: shapes.NothingIn) -> Answer:
    """Off air."""
    return answered(running.end(db, actor, read_id("ses", session_id), expected_version=expected_version()))


@bp.post("/sessions/<session_id>/cancel")
@writes("sessions.plan", body=shapes.CancelIn, answer=shapes.SessionOut)
def cancel(*, db: Session, actor: Actor, session_id: str, body: shapes.CancelIn) -> Answer:
    """Call it off before it goes on air; what is left of its claims is free."""
    return answered(
        closing.cancel(
            db,
            actor,
            read_id("ses", session_id),
            code=body.code,
            reason=body.reason,
            expected_version=expected_version(),
        )
    )


@bp.post("/sessions/<session_id>/review")
@writes("sessions.plan", body=shapes.ReviewIn, answer=shapes.SessionOut)
def review(*, db: Session, actor: Actor, session_id: str, body: shapes.ReviewIn) -> Answer:
    """Write the review (复盘) of an ended session."""
    key = read_id("ses", session_id)
    return answered(correcting.review(db, actor, key, text=body.review, expected_version=expected_version()))


@bp.post("/sessions/<session_id>/correct")
@writes("sessions.correct", body=CorrectionIn, answer=shapes.SessionOut)
def correct(*, db: Session, actor: Actor, session_id: str, body: CorrectionIn) -> Answer:
    """Set right what was tapped or guessed wrong; sales are attributed again."""
    key = read_id("ses", session_id)
    return answered(correcting.correct(db, actor, key, body, expected_version=expected_version()))


@bp.post("/sessions/<session_id>/swap")
@writes("sessions.plan", body=shapes.SwapIn, answer=shapes.SessionOut)
def swap(*, db: Session, actor: Actor, session_id: str, body: shapes.SwapIn) -> Answer:
    """Change studios with another session, in one transaction."""
    key = read_id("ses", session_id)
    return answered(swapping.swap(db, actor, key, body.with_id, expected_version=expected_version()))
