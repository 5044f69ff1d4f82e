"""Offers: what agencies propose, what waits for an answer and until when, drafts to be sent, many at once."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.gate.bodies import validated
from campaign.gate.door import reads, writes
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.live.bulk import Given
from campaign.schedule import offer_rules
from campaign.schedule.proposals import proposals_of
from campaign.schedule.queries import get_sessions, page_of_sessions
from campaign.schedule.schemas import SessionFilter
from campaign.schedule.shapes import OfferRulesIn
from campaign.schedule.states import CANCEL_CODES
from campaign.schedule.views import SessionView
from campaign.web.bulk import tell
from campaign.web.forms import whole_numbers
from campaign.web.paths import read_id
from campaign.web.verbs import attempt

pages = Blueprint("hub_offers", __name__, url_prefix="/hub/offers")

_MOST = 200


@pages.get("")
@reads("hub.pages")
def index(*, db: Session, actor: Actor) -> str:
    """Proposals first: they wait for the hub itself."""
    now = clock.now(db)

    proposals = proposals_of(db, actor, waiting=True)
    offered, drafts = _ahead(db, actor, "offered"), _ahead(db, actor, "draft")
    return render_template(
        "hub/offers.html",
        now=now,
        proposals=proposals,
        sessions=get_sessions(db, actor, {one.session_id for one in proposals}),
        offered=sorted(offered, key=lambda one: one.offer_deadline_at or one.starts_at),
        drafts=drafts,
        rules=offer_rules.rules_of_hub(db, actor),
        may_plan=allows(actor, "sessions.plan"),
        cancel_codes=CANCEL_CODES,
    )


def _ahead(db: Session, actor: Actor, state: str) -> list[SessionView]:
    wanted = SessionFilter(from_at=clock.now(db), states=(state,))
    return list(page_of_sessions(db, actor, wanted, limit=_MOST).items)


@pages.post("/<any(offer,confirm,cancel):verb>")
@writes("sessions.plan")
def several(*, db: Session, actor: Actor, verb: str) -> Response:
    """One verb for all that are ticked; each succeeds or fails on its own."""
    chosen = [read_id("ses", one) for one in request.form.getlist("id")[:_MOST]]
    given = Given(reason=request.form.get("reason", "").strip(), code=request.form.get("code", "other"))
    tell(db, actor, verb, chosen, given)
    return redirect(url_for("hub_offers.index"), 303)  # type: ignore[return-value]


@pages.post("/rules")
@writes("sessions.plan")
def rules(*, db: Session, actor: Actor) -> Response:
    """Set by when offers are to be answered."""

    def set_them() -> None:
        given = validated(OfferRulesIn, whole_numbers(request.form, OfferRulesIn.model_fields))
        offer_rules.set_rules(
            db, actor, answer_hours=given.answer_hours, last_answer_minutes=given.last_answer_minutes
        )

    attempt(db, "done.offer_rules", set_them)
    return redirect(url_for("hub_offers.index"), 303)  # type: ignore[return-value]
