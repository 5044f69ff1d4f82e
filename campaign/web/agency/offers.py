"""The agency's first screen: offers by deadline, who is on today, how its endpoints fare."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from campaign.delivery.queries import page_of_endpoints
from campaign.gate.door import reads, writes
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.fields import ListQuery
from campaign.live.bulk import Given
from campaign.schedule.answering import accept, decline
from campaign.schedule.queries import offers_of_agency, page_of_sessions
from campaign.schedule.schemas import SessionFilter
from campaign.schedule.spans import board_day, board_day_of
from campaign.web.bulk import tell
from campaign.web.paths import read_id
from campaign.web.show import zone
from campaign.web.verbs import attempt

pages = Blueprint("agency_home", __name__, url_prefix="/agency")

_ENDPOINTS = 5
_MOST = 200


@pages.get("")
@reads("agency.pages")
def index(*, db: Session, actor: Actor) -> str:
    """What waits for an answer, and who is on today."""
    now = clock.now(db)
    from_at, to_at = board_day(board_day_of(now, zone()), zone())
    today = page_of_sessions(db, actor, SessionFilter(from_at=from_at, to_at=to_at), limit=100)
    return render_template(
        "agency/offers.html",
        offers=offers_of_agency(db, actor),
        today=today.items,
        now=now,
        endpoints=page_of_endpoints(db, actor, ListQuery(limit=_ENDPOINTS)).items,
    )


@pages.post("/offers/<session_id>/<any(accept,decline):answer>")
@writes("sessions.answer")
def respond(*, db: Session, actor: Actor, session_id: str, answer: str) -> Response:
    """Answer for the agency's own participants."""
    verb = accept if answer == "accept" else decline
    reason = request.form.get("reason", "").strip()
    found = read_id("ses", session_id)
    attempt(db, f"done.{answer}", lambda: verb(db, actor, found, reason=reason))
    return redirect(url_for("agency_home.index"), 303)  # type: ignore[return-value]


@pages.post("/offers/<any(accept,decline):answer>")
@writes("sessions.answer")
def several(*, db: Session, actor: Actor, answer: str) -> Response:
    """One answer for all that are ticked; each succeeds or fails on its own."""
    chosen = [read_id("ses", one) for one in request.form.getlist("id")[:_MOST]]
    tell(db, actor, answer, chosen, Given(reason=request.form.get("reason", "").strip()))
    return redirect(url_for("agency_home.index"), 303)  # type: ignore[return-value]
