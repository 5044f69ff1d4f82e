"""Making and changing campaigns: the tree, the goals, and the calendar's days."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaign.catalog.models import Campaign, CampaignGoal
from campaign.catalog.schemas import CampaignIn, GoalIn
from campaign.catalog.tree import faults_below
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid, Stale
from campaign.parties import actions
from campaign.parties.models import Agency, Brand

GOALS = {
    "target_paid_fen": "paid_fen",
    "target_net_fen": "net_fen",
    "target_sessions": "sessions",
    "target_hours": "hours",
    "budget_fen": "budget_fen",
}
"""The schema's names → the goal's columns."""

_OWN = (
    "name",
    "name_en",
    "kind",
    "parent_id",
    "starts_on",
    "ends_on",
    "currency",
    "brand_ids",
    "agency_ids",
)


def add_campaign(db: Session, actor: Actor, given: CampaignIn) -> Campaign:
    """A campaign with its goals. Raises Invalid where it does not fit below its parent."""
    row = Campaign(**{name: getattr(given, name) for name in _OWN})
    parent = _parent(db, given.parent_id)
    row.parent_rank = parent.rank if parent else None
    _check(db, row, parent, ())
    actions.add(db, actor, row)
    _set_goal(db, row.id, None, given, GOALS)
    _set_brand_goals(db, row, given)
    return row


def change_campaign(
    db: Session, actor: Actor, row: Campaign, given: Any, *, expected_rev: int | None = None
) -> Campaign:
    """Change the fields given (CampaignIn, all optional). Raises Invalid, Stale.

    Parents are locked before children, and what stands on both sides is looked at under these locks: two
    changes at once cannot leave a child outside its parent.
    """
    fields = given.model_fields_set
    stood = row.parent_id
    parent = _parent(db, given.parent_id if "parent_id" in fields else stood, but=row)
    db.refresh(row, with_for_update=True)
    if row.parent_id != stood:
        raise Stale
    changes = {name: getattr(given, name) for name in _OWN if name in fields}
    changes |= {"parent_rank": parent.rank if parent else None}
    if expected_rev is not None and expected_rev != row.rev:
        raise Stale
    with db.no_autoflush:
        for name, value in changes.items():
            setattr(row, name, value)
        children = db.scalars(
            select(Campaign).where(Campaign.parent_id == row.id, Campaign.archived_at.is_(None))
        )
        _check(db, row, parent, children)
    actions.change(db, actor, row, changes)
    touched = {name: column for name, column in GOALS.items() if name in fields}
    if touched:
        _set_goal(db, row.id, None, given, touched)
    if "brand_targets" in fields:
        _set_brand_goals(db, row, given)
    elif "brand_ids" in fields:
        db.execute(
            delete(CampaignGoal).where(
                CampaignGoal.campaign_id == row.id, CampaignGoal.brand_id.not_in(row.brand_ids)
            )
        )
    return row


def _parent(db: Session, parent_id: int | None, but: Campaign | None = None) -> Campaign | None:
    """The parent, locked. `but` cannot be its own."""
    if parent_id is None:
        return None
    found = db.scalars(
        select(Campaign)
        .where(Campaign.id == parent_id, Campaign.archived_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None or found is but:
        raise Invalid([FieldError("parent_id", "unknown_id")])
    return found


def _check(db: Session, row: Campaign, parent: Campaign | None, children: Iterable[Campaign]) -> None:
    faults: list[FieldError] = []
    if row.starts_on and row.ends_on and row.ends_on < row.starts_on:
        faults.append(FieldError("ends_on", "ends_before_start"))
    if parent is not None:
        faults += faults_below(row, parent)
    for child in children:
        if faults_below(child, row):
            faults.append(FieldError("", "campaign_leaves_child", {"name": child.name}))
    for model, ids, name in ((Brand, row.brand_ids, "brand_ids"), (Agency, row.agency_ids, "agency_ids")):
        faults += _unknown(db, model, ids or [], name)
    if faults:
        raise Invalid(faults)


def _unknown(
    db: Session, model: type[Brand] | type[Agency], ids: Sequence[int], name: str
) -> list[FieldError]:
    if not ids:
        return []
    known = set(db.scalars(select(model.id).where(model.id.in_(ids))))
    return [FieldError(f"{name}.{at}", "unknown_id") for at, one in enumerate(ids) if one not in known]


def _set_brand_goals(db: Session, row: Campaign, given: CampaignIn) -> None:
    faults = []
    seen: set[int] = set()
    for at, goal in enumerate(given.brand_targets):
        if goal.brand_id not in row.brand_ids:
            faults.append(FieldError(f"brand_targets.{at}.brand_id", "campaign_without_brand"))
        if goal.brand_id in seen:
            faults.append(FieldError(f"brand_targets.{at}.brand_id", "twice"))
        seen.add(goal.brand_id)
    if faults:
        raise Invalid(faults)
    db.execute(
        delete(CampaignGoal).where(CampaignGoal.campaign_id == row.id, CampaignGoal.brand_id.is_not(None))
    )
    for goal in given.brand_targets:
        _set_goal(db, row.id, goal.brand_id, goal, GOALS)


def _set_goal(
    db: Session, campaign_id: int, brand_id: int | None, given: GoalIn, names: dict[str, str]
) -> None:
    same_brand = CampaignGoal.brand_id.is_(None) if brand_id is None else CampaignGoal.brand_id == brand_id
    row = db.scalars(
        select(CampaignGoal).where(CampaignGoal.campaign_id == campaign_id, same_brand)
    ).one_or_none()
    values = {column: getattr(given, name) for name, column in names.items()}
    if row is None:
        if any(value is not None for value in values.values()):
            db.add(CampaignGoal(campaign_id=campaign_id, brand_id=brand_id, **values))
    else:
        for column, value in values.items():
            setattr(row, column, value)
    db.flush()
