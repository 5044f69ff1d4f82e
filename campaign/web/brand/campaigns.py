"""A brand's campaigns: its own goals, plan and sales in them; what others have in them stays out."""

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from campaign.gate.door import reads
from campaign.insight.progress import campaign_progress, forest_progress
from campaign.kit.actor import Actor
from campaign.schedule.queries import page_of_sessions
from campaign.schedule.schemas import SessionFilter
from campaign.web.goals import goal_rows
from campaign.web.paths import read_id

pages = Blueprint("brand_campaigns", __name__, url_prefix="/brand/campaigns")

_MOST = 200


@pages.get("")
@reads("brand.pages")
def index(*, db: Session, actor: Actor) -> str:
    """The tree as far as the brand is in it."""
    return render_template("brand/campaigns.html", rows=forest_progress(db, actor))


@pages.get("/<campaign_id>")
@reads("brand.pages")
def show(*, db: Session, actor: Actor, campaign_id: str) -> str:
    """The brand's own target against its plan and sales, and its sessions."""
    progress = campaign_progress(db, actor, read_id("cmp", campaign_id))
    wanted = SessionFilter(campaign_id=progress.campaign.id)
    return render_template(
        "brand/campaign.html",
        campaign=progress.campaign,
        progress=progress,
        goals=goal_rows(progress),
        sessions=page_of_sessions(db, actor, wanted, limit=_MOST).items,
    )
