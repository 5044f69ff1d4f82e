"""The live floor: every show on air with its figures, followed every two seconds."""

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from campaign.gate.current import parts
from campaign.gate.door import reads
from campaign.insight.audience import online_of
from campaign.insight.live import live_figures_of
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.schedule.queries import page_of_sessions
from campaign.schedule.schemas import SessionFilter

pages = Blueprint("hub_live", __name__, url_prefix="/hub/live")


@pages.get("")
@reads("hub.pages")
def index(*, db: Session, actor: Actor) -> str:
    """All shows on air; the page asks for itself again every 2 s where scripts run."""
    sessions = page_of_sessions(db, actor, SessionFilter(states=("live",)), limit=200).items
    ids = [session.id for session in sessions]
    return render_template(
        "hub/live.html",
        sessions=sessions,
        figures=live_figures_of(db, actor, ids, parts().redis),
        online=online_of(db, actor, ids),
        now=clock.now(db),
    )
