"""Campaigns as the API answers them: each reader's own part."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from campaign.catalog.campaigns import GOALS
from campaign.catalog.models import Campaign
from campaign.catalog.queries import goals_of
from campaign.catalog.schemas import BrandGoalOut, CampaignOut
from campaign.catalog.tree import Goal
from campaign.kit.actor import Actor
from campaign.parties.queries import visible_ids


def shown(db: Session, actor: Actor, rows: Sequence[Campaign]) -> list[CampaignOut]:
    """Goals, brands, agencies and the parent only as far as they are the actor's to see."""
    goals = goals_of(db, actor, [row.id for row in rows])
    parents = visible_ids(db, actor, Campaign, {row.parent_id for row in rows if row.parent_id is not None})
    return [_one(actor, row, goals, parents) for row in rows]


def _one(
    actor: Actor, row: Campaign, goals: dict[tuple[int, int | None], Goal], parents: set[int]
) -> CampaignOut:
    own: dict[str, Any] = {
        name: getattr(row, name)
        for name in CampaignOut.model_fields
        if name not in (*GOALS, "brand_ids", "agency_ids", "brand_targets", "parent_id")
    }
    return CampaignOut(
        **own,
        **written(goals.get((row.id, None), Goal())),
        parent_id=row.parent_id if row.parent_id in parents else None,
        brand_ids=[one for one in row.brand_ids if actor.is_hub or one == actor.brand_id],
        agency_ids=[one for one in row.agency_ids if actor.is_hub or one == actor.agency_id],
        brand_targets=[
            BrandGoalOut(brand_id=brand_id, **written(goal))
            for (campaign_id, brand_id), goal in sorted(goals.items(), key=lambda one: one[0][1] or 0)
            if campaign_id == row.id and brand_id is not None and goal.is_set
        ],
    )


def written(goal: Goal) -> dict[str, int | None]:
    """A goal by the API's names."""
    return {name: getattr(goal, column) for name, column in GOALS.items()}
