"""A show on air: the part of its page that follows what it sells, for who polls and for who listens."""

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from campaign.gate.door import reads
from campaign.gate.streams import Part, conditional, streams
from campaign.kit.actor import Actor
from campaign.schedule.queries import get_session
from campaign.web.figures import show_part
from campaign.web.paths import read_id

pages = Blueprint("hub_onair", __name__, url_prefix="/hub/sessions")


@pages.get("/<session_id>/now")
@reads("hub.pages")
def now(*, db: Session, actor: Actor, session_id: str) -> Response:
    """For who polls: 304 while nothing changed."""
    return conditional(show_part(db, actor, get_session(db, actor, read_id("ses", session_id))))


@pages.get("/<session_id>/stream")
@streams("hub.pages", topic=lambda session_id: str(read_id("ses", session_id)))
def stream(*, db: Session, actor: Actor, session_id: str) -> Part:
    """For who listens."""
    return show_part(db, actor, get_session(db, actor, read_id("ses", session_id)))
