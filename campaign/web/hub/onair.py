"""A show on air: the part of its page that follows what it sells, for who polls and for who listens."""

from typing import Any

from flask import Blueprint, Response, render_template
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.gate.current import parts
from campaign.gate.door import reads
from campaign.gate.streams import Part, conditional, streams
from campaign.insight.onair import detail_of, shows_on_air
from campaign.kit.actor import Actor
from campaign.schedule.queries import get_session
from campaign.schedule.views import SessionView
from campaign.web.figures import curves_of
from campaign.web.paths import read_id

pages = Blueprint("hub_onair", __name__, url_prefix="/hub/sessions")


def show_of(db: Session, actor: Actor, session: SessionView) -> dict[str, Any]:
    """What the part's template wants."""
    (show,) = shows_on_air(db, actor, [session], parts().redis, step_minutes=1)
    return {
        "show": show,
        "curves": curves_of(show.minutes),
        "detail": detail_of(db, actor, session.id, show.figures.totals),
        "may_acknowledge": allows(actor, "alerts.write"),
    }


@pages.get("/<session_id>/now")
@reads("hub.pages")
def now(*, db: Session, actor: Actor, session_id: str) -> Response:
    """For who polls: 304 while nothing changed."""
    return conditional(_part(db, actor, session_id))


@pages.get("/<session_id>/stream")
@streams("hub.pages", topic=lambda session_id: str(read_id("ses", session_id)))
def stream(*, db: Session, actor: Actor, session_id: str) -> Part:
    """For who listens."""
    return _part(db, actor, session_id)


def _part(db: Session, actor: Actor, session_id: str) -> Part:
    session = get_session(db, actor, read_id("ses", session_id))
    text = render_template("hub/session_now.html", **show_of(db, actor, session))
    return Part(text, is_over=session.state != "live")
