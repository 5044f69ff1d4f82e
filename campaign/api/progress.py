"""A campaign's progress."""

from collections.abc import Sequence

from apiflask import APIBlueprint
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.api.summary import GroupOut
from campaign.api.totals import TotalsOut, totals_out
from campaign.gate.door import reads
from campaign.insight.figures import Group
from campaign.insight.progress import campaign_progress
from campaign.kit.actor import Actor
from campaign.kit.fields import CampaignId
from campaign.kit.instants import Instant

bp = APIBlueprint("api_progress", __name__, tag="Sales")


class ProgressOut(BaseModel):
    """Targets beside totals. Orders and buyers are distinct and never add up over days or brands."""

    campaign_id: CampaignId
    as_of: Instant
    currency: str
    target_paid_fen: int | None
    target_net_fen: int | None
    totals: list[TotalsOut]
    days: list[GroupOut]
    brands: list[GroupOut]


@bp.get("/campaigns/<campaign_id>/progress")
@reads("campaigns.read", answer=ProgressOut)
def progress(*, db: Session, actor: Actor, campaign_id: str) -> BaseModel:
    """Target against paid and net, by day and brand."""
    found = campaign_progress(db, actor, read_id("cmp", campaign_id))
    return ProgressOut(
        campaign_id=found.campaign_id,
        as_of=found.as_of,
        currency=found.currency,
        target_paid_fen=found.target_paid_fen,
        target_net_fen=found.target_net_fen,
        totals=totals_out(found.totals),
        days=_groups(found.days),
        brands=_groups(found.brands),
    )


def _groups(groups: Sequence[Group]) -> list[GroupOut]:
    return [
        GroupOut(key=group.key, label=group.label, label_en=group.label_en, totals=totals_out(group.totals))
        for group in groups
    ]
