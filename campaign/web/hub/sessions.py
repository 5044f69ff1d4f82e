"""One session: everything about it, and the verbs its state allows."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.catalog.models import Campaign
from campaign.gate.current import parts
from campaign.gate.door import Later, reads, writes
from campaign.gate.reports import session_report
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.live import correcting, running
from campaign.live.handovers import choices, handovers_of
from campaign.parties.queries import get
from campaign.schedule import answering, closing
from campaign.schedule.following import effect_of
from campaign.schedule.plans.queries import drafts_for
from campaign.schedule.proposals import proposals_of
from campaign.schedule.queries import get_session, history_of
from campaign.schedule.series.queries import place_of
from campaign.schedule.states import BEFORE_AIR, CANCEL_CODES, verbs_of
from campaign.schedule.views import SessionView
from campaign.web.figures import sold_of
from campaign.web.hub.handovers import handed_in
from campaign.web.hub.life import named_studios
from campaign.web.paths import read_id
from campaign.web.verbs import attempt, version_in

pages = Blueprint("hub_sessions", __name__, url_prefix="/hub/sessions")


@pages.get("/<session_id>")
@reads("hub.pages")
def show(*, db: Session, actor: Actor, session_id: str) -> str:
    """The session's page; the board shows the part `detail` beside itself."""
    session = get_session(db, actor, read_id("ses", session_id))
    handed, history = handovers_of(db, actor, session.id), history_of(db, actor, session.id)
    return render_template(
        "hub/session.html",
        **sold_of(db, actor, session),
        verbs=_allowed(actor, session),
        handing=choices(db, actor, session.id) if allows(actor, "sessions.correct") else (),
        handed=handed,
        handed_in=handed_in(history, handed),
        answer_links=_answer_links(actor, session),
        cancel_codes=CANCEL_CODES,
        history=history,
        may_bring=allows(actor, "imports.write")
        and any(one.platform == "douyin" for one in session.channels),
        series=place_of(db, actor, session.id),
        campaign=get(db, actor, Campaign, session.campaign_id) if session.campaign_id else None,
        effect=effect_of(db, actor, session.id) if session.state in _RUNNING else None,
        studios=named_studios(db, actor),
        proposals=proposals_of(db, actor, session_ids=[session.id]),
        plans=drafts_for(db, actor, session.id) if session.state in BEFORE_AIR else (),
        now=clock.now(db),
    )


@pages.get("/<session_id>/picture")
@reads("hub.pages")
def picture(*, db: Session, actor: Actor, session_id: str) -> Later:
    """The session's result as a picture to pass on."""
    return session_report(db, actor, read_id("ses", session_id)).answer()


@pages.post("/<session_id>/<any(offer,confirm,accept,ready,start,end,cancel,review):verb>")
@writes("sessions.plan")
def act(*, db: Session, actor: Actor, session_id: str, verb: str) -> Response:
    """One verb, then back to the session. A refusal is told there; nothing is half done."""
    found = read_id("ses", session_id)
    extra = {"expected_version": version_in(request.form)} | _more(verb, request.form)
    attempt(db, f"done.{verb}", lambda: _VERBS[verb](db, actor, found, **extra))
    return redirect(url_for("hub_sessions.show", session_id=session_id), 303)  # type: ignore[return-value]


_RUNNING = ("accepted", "ready", "live")
"""States in which a delay may meet what follows."""

_VERBS: dict[str, Callable[..., SessionView]] = {
    "offer": answering.offer,
    "confirm": answering.confirm,
    "accept": answering.accept,
    "ready": running.make_ready,
    "start": running.go_live,
    "end": running.end,
    "cancel": closing.cancel,
    "review": correcting.review,
}


def _more(verb: str, typed: Any) -> dict[str, str]:
    if verb == "cancel":
        return {"code": typed.get("code", ""), "reason": typed.get("reason", "").strip()}
    if verb == "review":
        return {name: typed.get(name, "").strip() for name in ("text", "went_well", "to_improve")}
    return {}


def _allowed(actor: Actor, session: SessionView) -> frozenset[str]:
    """Verbs with a button: confirm only where nobody has to be asked, offer only where somebody has."""
    if not allows(actor, "sessions.plan"):
        return frozenset()
    return verbs_of(session.state) - {"confirm" if _somebody_to_ask(session) else "offer"}


def _answer_links(actor: Actor, session: SessionView) -> dict[int, str]:
    """By participant: the link an independent host who is asked answers by, to be passed on in a chat."""
    if session.state != "offered" or not allows(actor, "sessions.plan"):
        return {}
    settings = parts().settings
    return {
        person.id: f"{settings.base_url}/answer/{answering.answer_link_token(settings.secret_key, person)}"
        for person in session.participants
        if person.id is not None and person.acceptance == "asked" and person.agency_id is None
    }


def _somebody_to_ask(session: SessionView) -> bool:
    return any(
        person.acceptance != "accepted" and (person.agency_id is not None or person.host_kind != "in_house")
        for person in session.participants
    )
