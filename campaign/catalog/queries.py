"""Reading campaigns with their goals, each scoped by the actor."""

from collections.abc import Iterable, Sequence
from dataclasses import fields

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.catalog.models import Campaign, CampaignGoal
from campaign.catalog.tree import Goal, Node, grown
from campaign.kit.actor import Actor
from campaign.parties.queries import all_of, get


def goals_of(db: Session, actor: Actor, campaign_ids: Iterable[int]) -> dict[tuple[int, int | None], Goal]:
    """(campaign id, brand id or None for the whole) → goal: a brand's own, and wholes that are its alone."""
    ids = list(campaign_ids)
    if not (actor.is_hub or actor.role == "brand"):
        return {}
    statement = select(CampaignGoal).where(CampaignGoal.campaign_id.in_(ids))
    if actor.role == "brand":
        alone = select(Campaign.id).where(Campaign.brand_ids == [actor.brand_id])
        statement = statement.where(
            (CampaignGoal.brand_id == actor.brand_id)
            | (CampaignGoal.brand_id.is_(None) & CampaignGoal.campaign_id.in_(alone))
        )
    return {
        (row.campaign_id, row.brand_id): Goal(*(getattr(row, one.name) for one in fields(Goal)))
        for row in db.scalars(statement)
    }


def goal_shown(db: Session, actor: Actor, campaign_ids: Sequence[int]) -> dict[int, Goal]:
    """Campaign id → the goal this actor measures it by: the whole's, for a brand among others its own."""
    goals = goals_of(db, actor, campaign_ids)
    own = {one: goal for (one, brand_id), goal in goals.items() if brand_id == actor.brand_id and brand_id}
    return own | {one: goal for (one, brand_id), goal in goals.items() if brand_id is None}


def forest(db: Session, actor: Actor) -> list[Node[Campaign]]:
    """Every campaign in use that the actor sees, as trees."""
    found = all_of(db, actor, Campaign)
    return grown(found, goal_shown(db, actor, [one.id for one in found]))


def branch_of(db: Session, actor: Actor, campaign_id: int) -> Node[Campaign]:
    """One campaign with all below it, as far as the actor sees them. Raises NotFound."""
    for root in forest(db, actor):
        for node in root.walk():
            if node.campaign.id == campaign_id:
                return node
    # One that is archived stands in no tree.
    row = get(db, actor, Campaign, campaign_id)
    return Node(row, goal_shown(db, actor, [row.id]).get(row.id, Goal()))
