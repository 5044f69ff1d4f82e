"""A campaign's progress."""

from typing import Any

from apiflask import APIBlueprint
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.api.summary import GroupOut
from campaign.api.totals import TotalsOut, totals_out
from campaign.catalog.schemas import GoalOut
from campaign.catalog.shapes import written
from campaign.gate.door import reads
from campaign.insight.pacing import Pace, Planned
from campaign.insight.progress import Measured, campaign_progress
from campaign.kit.actor import Actor
from campaign.kit.fields import CampaignId
from campaign.kit.instants import Instant

bp = APIBlueprint("api_progress", __name__, tag="Sales")


class PlannedOut(BaseModel):
    """Sessions neither cancelled nor no-show; gone: those over. Shares of the targets in ten-thousandths."""

    sessions: int
    minutes: int
    gone_sessions: int
    gone_minutes: int
    share_of_sessions: int | None
    share_of_hours: int | None


class PaceOut(BaseModel):
    """expected_fen: due by now, by planned hours gone (without any planned, by days). reached: ten-thousandths."""

    model_config = ConfigDict(from_attributes=True)

    target_fen: int
    actual_fen: int
    expected_fen: int
    ahead_fen: int
    reached: int | None
    needed_per_hour_fen: int | None


class PartOut(GroupOut, GoalOut):
    """One day, brand or campaign below, with its target and what is planned. A day's target is the whole's,
    spread by planned hours.
    """

    planned: PlannedOut


class ProgressOut(GoalOut):
    """Targets beside totals. Orders and buyers are distinct and never add up over days or brands.

    Targets left open are summed from the campaigns below.
    """

    campaign_id: CampaignId
    as_of: Instant
    currency: str
    planned: PlannedOut
    paid_pace: PaceOut | None
    net_pace: PaceOut | None
    totals: list[TotalsOut]
    days: list[PartOut]
    brands: list[PartOut]
    campaigns: list[PartOut]


@bp.get("/campaigns/<campaign_id>/progress")
@reads("campaigns.read", answer=ProgressOut)
def progress(*, db: Session, actor: Actor, campaign_id: str) -> BaseModel:
    """Target against plan, paid and net, by day, brand and campaign below: all through the tree."""
    found = campaign_progress(db, actor, read_id("cmp", campaign_id))
    return ProgressOut(
        campaign_id=found.campaign.id,
        as_of=found.as_of,
        currency=found.campaign.currency,
        **written(found.goal),
        planned=_planned(found.planned, found.goal),
        paid_pace=_pace(found.paid),
        net_pace=_pace(found.net),
        totals=totals_out(found.totals),
        days=[_part(one) for one in found.days],
        brands=[_part(one) for one in found.brands],
        campaigns=[_part(one) for one in found.children],
    )


def _part(one: Measured) -> PartOut:
    return PartOut(
        key=one.key,
        label=one.label,
        label_en=one.label_en,
        totals=totals_out(one.totals),
        planned=_planned(one.planned, one.goal),
        **written(one.goal),
    )


def _planned(planned: Planned, goal: Any) -> PlannedOut:
    return PlannedOut(
        sessions=planned.sessions,
        minutes=planned.minutes,
        gone_sessions=planned.gone_sessions,
        gone_minutes=planned.gone_minutes,
        share_of_sessions=planned.share_of_sessions(goal.sessions),
        share_of_hours=planned.share_of_hours(goal.hours),
    )


def _pace(found: Pace | None) -> PaceOut | None:
    return None if found is None else PaceOut.model_validate(found)
