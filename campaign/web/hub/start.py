"""The hub's first screen: what is wrong, what starts within the hour, what is on air."""

from datetime import timedelta

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.gate.door import reads
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.schedule.queries import needs_attention, page_of_sessions, starting_soon
from campaign.schedule.schemas import SessionFilter
from campaign.web.figures import money_of

pages = Blueprint("hub_start", __name__, url_prefix="/hub")

_MOST_ON_AIR = 200


@pages.get("")
@reads("hub.pages")
def index(*, db: Session, actor: Actor) -> str:
    """Asks for itself again every 15 s where scripts run."""
    on_air = page_of_sessions(db, actor, SessionFilter(states=("live",)), limit=_MOST_ON_AIR).items
    return render_template(
        "hub/start.html",
        now=clock.now(db),
        attention=needs_attention(db, actor),
        soon=starting_soon(db, actor, timedelta(hours=1)),
        on_air=on_air,
        money=money_of(db, actor, [session.id for session in on_air]),
        may_plan=allows(actor, "sessions.plan"),
    )
