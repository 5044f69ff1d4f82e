"""The campaigns an agency's hosts take part in: name, dates and its own sessions; no goal and no figure."""

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from campaign.catalog.models import Campaign
from campaign.gate.door import reads
from campaign.insight.progress import forest_progress
from campaign.kit.actor import Actor
from campaign.parties.queries import get
from campaign.schedule.queries import page_of_sessions
from campaign.schedule.schemas import SessionFilter
from campaign.web.paths import read_id

pages = Blueprint("agency_campaigns", __name__, url_prefix="/agency/campaigns")

_MOST = 200


@pages.get("")
@reads("agency.pages")
def index(*, db: Session, actor: Actor) -> str:
    """The tree as far as the agency is in it."""
    return render_template("agency/campaigns.html", rows=forest_progress(db, actor))


@pages.get("/<campaign_id>")
@reads("agency.pages")
def show(*, db: Session, actor: Actor, campaign_id: str) -> str:
    """One campaign with the sessions of the agency's own hosts."""
    campaign = get(db, actor, Campaign, read_id("cmp", campaign_id))
    wanted = SessionFilter(campaign_id=campaign.id)
    return render_template(
        "agency/campaign.html",
        campaign=campaign,
        sessions=page_of_sessions(db, actor, wanted, limit=_MOST).items,
    )
