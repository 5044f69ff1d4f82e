"""Reading plans. They are the hub's own: until it is released, a plan is nobody's business."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.kit.errors import Forbidden, NotFound
from campaign.kit.paging import Page, from_cursor, page_from
from campaign.schedule.plans.models import PlanEntry, WeekPlan


@dataclass(frozen=True)
class PlanView:
    """A plan and how many entries it has."""

    row: WeekPlan
    entries: int


def get_plan(db: Session, actor: Actor, plan_id: int) -> WeekPlan:
    """One plan; raises NotFound."""
    of_hub(db, actor)
    row = db.get(WeekPlan, plan_id)
    if row is None:
        raise NotFound
    return row


def entries_of(db: Session, actor: Actor, plan_id: int) -> Sequence[PlanEntry]:
    """A plan's entries in the order they were made."""
    of_hub(db, actor)
    return db.scalars(select(PlanEntry).where(PlanEntry.plan_id == plan_id).order_by(PlanEntry.id)).all()


def get_entry(db: Session, actor: Actor, plan_id: int, entry_id: int) -> PlanEntry:
    """One entry of that plan; raises NotFound."""
    of_hub(db, actor)
    row = db.get(PlanEntry, entry_id)
    if row is None or row.plan_id != plan_id:
        raise NotFound
    return row


def page_of_plans(
    db: Session,
    actor: Actor,
    *,
    limit: int,
    cursor: str | None = None,
    state: str | None = None,
    updated_since: datetime | None = None,
) -> Page[PlanView]:
    """Plans, the newest first."""
    of_hub(db, actor)
    count = select(func.count()).where(PlanEntry.plan_id == WeekPlan.id).correlate(WeekPlan).scalar_subquery()
    statement = select(WeekPlan, count).order_by(WeekPlan.id.desc()).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(WeekPlan.id < from_cursor(cursor, (int,))[0])
    if state is not None:
        statement = statement.where(WeekPlan.state == state)
    if updated_since is not None:
        statement = statement.where(WeekPlan.updated_at >= updated_since)
    found = [PlanView(row, entries) for row, entries in db.execute(statement)]
    return page_from(found, limit, lambda view: (view.row.id,))


@dataclass(frozen=True)
class DraftView:
    """A plan that is still worked on, and whether a session has an entry in it."""

    row: WeekPlan
    planned: bool


def drafts_for(db: Session, actor: Actor, session_id: int) -> list[DraftView]:
    """Where a session can be planned otherwise, the newest plans first."""
    of_hub(db, actor)
    planned = exists().where(PlanEntry.plan_id == WeekPlan.id, PlanEntry.session_id == session_id)
    statement = (
        select(WeekPlan, planned).where(WeekPlan.state == "draft").order_by(WeekPlan.id.desc()).limit(10)
    )
    return [DraftView(row, found) for row, found in db.execute(statement)]


def of_hub(db: Session, actor: Actor) -> None:
    """Raises Forbidden for everybody else."""
    if not actor.is_hub:
        raise Forbidden
