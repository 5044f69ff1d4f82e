"""The sessions an agency's hosts take part in."""

from flask import Blueprint, Response, render_template
from sqlalchemy.orm import Session

from campaign.gate.door import Later, reads
from campaign.gate.reports import session_report
from campaign.gate.streams import conditional
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.fields import ListQuery
from campaign.parties.models import Host
from campaign.parties.queries import all_of
from campaign.schedule.proposals import proposals_of
from campaign.schedule.queries import get_session, page_of_sessions
from campaign.schedule.schemas import SessionFilter
from campaign.schedule.states import CANCEL_CODES, VERBS
from campaign.web.figures import show_part, sold_of
from campaign.web.paths import read_id

pages = Blueprint("agency_sessions", __name__, url_prefix="/agency/sessions")


@pages.get("")
@reads("agency.pages", query=ListQuery)
def index(*, db: Session, actor: Actor, query: ListQuery) -> str:
    """Latest first, from the offer on."""
    page = page_of_sessions(
        db, actor, SessionFilter(newest_first=True), limit=query.limit, cursor=query.cursor
    )
    return render_template("agency/sessions.html", page=page)


@pages.get("/<session_id>")
@reads("agency.pages")
def show(*, db: Session, actor: Actor, session_id: str) -> str:
    """One session: co-hosts by name only, sales only of the agency's own shifts."""
    session = get_session(db, actor, read_id("ses", session_id))
    return render_template(
        "agency/session.html",
        **sold_of(db, actor, session),
        now=clock.now(db),
        proposals=proposals_of(db, actor, session_ids=[session.id]),
        proposing=session.state in VERBS["counter"],
        own_people=[one for one in session.participants if one.agency_id == actor.agency_id],
        own_hosts=all_of(db, actor, Host),
        cancel_codes=CANCEL_CODES,
    )


@pages.get("/<session_id>/now")
@reads("agency.pages")
def now(*, db: Session, actor: Actor, session_id: str) -> Response:
    """What the page of a show on air asks for every few seconds: 304 while nothing changed."""
    return conditional(show_part(db, actor, get_session(db, actor, read_id("ses", session_id))))


@pages.get("/<session_id>/picture")
@reads("agency.pages")
def picture(*, db: Session, actor: Actor, session_id: str) -> Later:
    """The session's result as a picture to pass on: of the agency's own shifts."""
    return session_report(db, actor, read_id("ses", session_id)).answer()
