"""The brand's sessions: what is planned, what is on, what was."""

from flask import Blueprint, Response, render_template
from sqlalchemy.orm import Session

from campaign.gate.door import Later, reads
from campaign.gate.reports import session_report
from campaign.gate.streams import conditional
from campaign.kit.actor import Actor
from campaign.kit.fields import ListQuery
from campaign.schedule.queries import get_session, page_of_sessions
from campaign.schedule.schemas import SessionFilter
from campaign.web.figures import show_part, sold_of
from campaign.web.paths import read_id

pages = Blueprint("brand_sessions", __name__, url_prefix="/brand/sessions")


@pages.get("")
@reads("brand.pages", query=ListQuery)
def index(*, db: Session, actor: Actor, query: ListQuery) -> str:
    """Latest first."""
    page = page_of_sessions(
        db, actor, SessionFilter(newest_first=True), limit=query.limit, cursor=query.cursor
    )
    return render_template("brand/sessions.html", page=page)


@pages.get("/<session_id>")
@reads("brand.pages")
def show(*, db: Session, actor: Actor, session_id: str) -> str:
    """One session with this brand's own rows; other brands are a count."""
    session = get_session(db, actor, read_id("ses", session_id))
    return render_template("brand/session.html", **sold_of(db, actor, session))


@pages.get("/<session_id>/now")
@reads("brand.pages")
def now(*, db: Session, actor: Actor, session_id: str) -> Response:
    """What the page of a show on air asks for every few seconds: 304 while nothing changed."""
    return conditional(show_part(db, actor, get_session(db, actor, read_id("ses", session_id))))


@pages.get("/<session_id>/picture")
@reads("brand.pages")
def picture(*, db: Session, actor: Actor, session_id: str) -> Later:
    """The session's result as a picture to pass on: of this brand's own rows."""
    return session_report(db, actor, read_id("ses", session_id)).answer()
