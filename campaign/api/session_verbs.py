"""The verbs of a session: POST /sessions/{id}/VERB, each allowed by its state. One table, one view for all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apiflask import APIBlueprint
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.api.sessions import answered
from campaign.gate.door import Answer, writes
from campaign.gate.etag import expected_version
from campaign.kit.actor import Actor
from campaign.live import correcting, running
from campaign.schedule import answering, closing, following, proposing, shapes, swapping
from campaign.schedule.schemas import CorrectionIn, OverrideIn
from campaign.schedule.views import SessionView

bp = APIBlueprint("api_session_verbs", __name__, tag="Sessions")


@dataclass(frozen=True)
class Verb:
    """A verb: who may, what it takes, what it says of itself, and the action with what the body gives it."""

    name: str
    permission: str
    body: type[BaseModel]
    says: str
    action: Callable[..., SessionView]
    given: Callable[[Any], dict[str, Any]] = lambda _body: {}


def _fields(*names: str) -> Callable[[Any], dict[str, Any]]:
    return lambda body: {name: getattr(body, name) for name in names}


def _reason(override: OverrideIn | None) -> str | None:
    return override.reason if override else None


def _ask_cancel_or_cancel(db: Session, actor: Actor, session_id: int, **given: Any) -> SessionView:
    """The hub calls a session off; an agency asks for it, and the hub decides."""
    verb = proposing.ask_to_cancel if actor.role == "agency" else closing.cancel
    return verb(db, actor, session_id, **given)


def _review(body: shapes.ReviewIn) -> dict[str, Any]:
    return {"text": body.review, "went_well": body.went_well, "to_improve": body.to_improve}


def _counter(body: shapes.CounterIn) -> dict[str, Any]:
    return {"given": proposing.Counter(**{name: getattr(body, name) for name in type(body).model_fields})}


def _swap(body: shapes.SwapIn) -> dict[str, Any]:
    return {"with_id": body.with_id, "what": body.what, "override_reason": _reason(body.override)}


_answer = _fields("participant_id", "reason")

VERBS = (
    Verb(
        "offer", "sessions.plan", shapes.OfferIn, "Ask everybody who must answer.",
        answering.offer, _fields("deadline_at"),
    ),
    Verb(
        "confirm", "sessions.plan", shapes.NothingIn, "Confirm a session in which nobody has to be asked.",
        answering.confirm,
    ),
    Verb(
        "accept", "sessions.answer", shapes.AnswerIn, "Say yes for one's own participants.",
        answering.accept, _answer,
    ),
    Verb(
        "decline", "sessions.answer", shapes.AnswerIn, "Say no for one's own participants, with a reason.",
        answering.decline, _answer,
    ),
    Verb(
        "counter", "sessions.counter", shapes.CounterIn,
        "Propose other times, or another host of one's own. Nothing moves until the hub accepts it.",
        proposing.counter, _counter,
    ),
    Verb(
        "ready", "sessions.plan", shapes.NothingIn,
        "All is in place; the clock says so 30 minutes before the start otherwise.", running.make_ready,
    ),
    Verb("arrive", "sessions.run", shapes.ArriveIn, "A host is here.", running.arrive, _fields("participant_id")),
    Verb("start", "sessions.run", shapes.NothingIn, "On air.", running.go_live),
    Verb("end", "sessions.run", shapes.NothingIn, "Off air.", running.end),
    Verb(
        "cancel", "sessions.counter", shapes.CancelIn,
        "Call it off before it goes on air; what is left of its claims is free. An agency asks for it by this,"
        " with a reason, and the hub decides.",
        _ask_cancel_or_cancel, _fields("code", "reason"),
    ),
    Verb(
        "review", "sessions.plan", shapes.ReviewIn, "Write the review (复盘) of an ended session, or write it anew.",
        correcting.review, _review,
    ),
    Verb(
        "correct", "sessions.correct", CorrectionIn,
        "Set right what was tapped or guessed wrong; sales are attributed again.",
        correcting.correct, lambda body: {"given": body},
    ),
    Verb(
        "swap", "sessions.plan", shapes.SwapIn,
        "Exchange studios, times, places or people with another session, in one transaction.",
        swapping.swap, _swap,
    ),
)  # fmt: skip
"""Every verb by its name in the address."""


def _mount(verb: Verb) -> None:
    """One route: the id from the address, the version from If-Match, the rest from the body."""

    def act(*, db: Session, actor: Actor, session_id: str, body: BaseModel) -> Answer:
        key, version = read_id("ses", session_id), expected_version()
        return answered(verb.action(db, actor, key, expected_version=version, **verb.given(body)))

    act.__name__, act.__doc__ = verb.name, verb.says
    view = writes(verb.permission, body=verb.body, answer=shapes.SessionOut)(act)
    bp.post(f"/sessions/<session_id>/{verb.name}")(view)


for _verb in VERBS:
    _mount(_verb)


@bp.post("/sessions/<session_id>/push")
@writes("sessions.plan", body=shapes.PushIn, answer=shapes.SessionOut)
def push(*, db: Session, actor: Actor, session_id: str, body: shapes.PushIn) -> Answer:
    """Move a session that follows on by what this one needs; answers with the follower as it stands then."""
    return answered(
        following.push(
            db,
            actor,
            read_id("ses", session_id),
            body.follower_id,
            over_minutes=body.over_minutes,
            override_reason=_reason(body.override),
            expected_version=expected_version(),
        )
    )
