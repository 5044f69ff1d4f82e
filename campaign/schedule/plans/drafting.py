"""Laying a plan out: opened, filled, changed, dropped. Nobody hears of it and nothing is claimed."""

from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Forbidden, Invalid, NotFound, Stale, WrongState
from campaign.parties.queries import zone_of_hub
from campaign.schedule.models import LiveSession
from campaign.schedule.plans.copying import copied
from campaign.schedule.plans.errors import AlreadyPlanned, PlanFull
from campaign.schedule.plans.models import PlanEntry, WeekPlan
from campaign.schedule.plans.queries import get_entry
from campaign.schedule.plans.schemas import LONGEST_DAYS, MOST_ENTRIES, PlanChange, PlanEntryIn, PlanIn
from campaign.schedule.reading import overlapping, views_of
from campaign.schedule.spans import board_day
from campaign.schedule.states import HOLDING


def open_plan(db: Session, actor: Actor, given: PlanIn) -> WeekPlan:
    """An empty plan, or one with the sessions of a time before. Raises Invalid, PlanFull."""
    if not actor.is_hub:
        raise Forbidden
    if given.last_day < given.first_day:
        raise Invalid([FieldError("last_day", "ends_before_start")])
    if (given.last_day - given.first_day).days >= LONGEST_DAYS:
        raise Invalid([FieldError("last_day", "plan_too_long", {"days": LONGEST_DAYS})])
    now = clock.now(db)
    row = WeekPlan(
        name=given.name,
        note=given.note,
        first_day=given.first_day,
        last_day=given.last_day,
        made_by=actor.name,
        created_at=now,
        updated_at=now,
    )
    db.add(row)
    db.flush()
    if given.copy_from is not None:
        _copy(db, actor, row, given.copy_from)
    audit.note(db, actor, "plan.opened", "week_plan", row.id, {"name": row.name})
    return row


def change_plan(
    db: Session, actor: Actor, plan_id: int, given: PlanChange, *, expected_rev: int | None = None
) -> WeekPlan:
    """Another name or note."""
    row = locked(db, actor, plan_id, "change", expected_rev)
    for name in given.model_fields_set:
        setattr(row, name, getattr(given, name))
    touched(db, row)
    return row


def drop_plan(db: Session, actor: Actor, plan_id: int, *, expected_rev: int | None = None) -> WeekPlan:
    """Give a plan up. It stays to be read. Raises WrongState once it was released."""
    row = locked(db, actor, plan_id, "drop", expected_rev)
    row.state = "dropped"
    touched(db, row)
    audit.note(db, actor, "plan.dropped", "week_plan", row.id, {"name": row.name})
    return row


def put_entry(
    db: Session,
    actor: Actor,
    plan_id: int,
    given: PlanEntryIn,
    *,
    entry_id: int | None = None,
    expected_rev: int | None = None,
) -> PlanEntry:
    """A new entry, or another in the place of `entry_id`. Raises AlreadyPlanned, PlanFull, NotFound, Stale."""
    plan = locked(db, actor, plan_id, "change", expected_rev)
    version = _version(db, given)
    taken = db.scalars(
        select(PlanEntry.id).where(
            PlanEntry.plan_id == plan.id,
            PlanEntry.session_id == given.session_id,
            PlanEntry.id != (entry_id or 0),
        )
    ).first()
    if given.session_id is not None and taken is not None:
        raise AlreadyPlanned
    now = clock.now(db)
    if entry_id is None:
        _room_for(db, plan, 1)
        row = PlanEntry(plan_id=plan.id, kind=given.kind, created_at=now, given={})
        db.add(row)
    else:
        row = get_entry(db, actor, plan.id, entry_id)
    row.kind, row.session_id, row.base_version = given.kind, given.session_id, version
    row.given, row.updated_at = given.kept(), now
    touched(db, plan)
    return row


def remove_entry(
    db: Session, actor: Actor, plan_id: int, entry_id: int, *, expected_rev: int | None = None
) -> None:
    """Leave that session as it stands."""
    plan = locked(db, actor, plan_id, "change", expected_rev)
    db.delete(get_entry(db, actor, plan.id, entry_id))
    touched(db, plan)


def catch_up(
    db: Session, actor: Actor, plan_id: int, entry_id: int, *, expected_rev: int | None = None
) -> PlanEntry:
    """The entry stands upon the session as it is now: what somebody else did since is taken in."""
    plan = locked(db, actor, plan_id, "change", expected_rev)
    row = get_entry(db, actor, plan.id, entry_id)
    if row.session_id is not None:
        session = db.get(LiveSession, row.session_id)
        row.base_version = session.version if session is not None else row.base_version
    touched(db, plan)
    return row


def locked(
    db: Session, actor: Actor, plan_id: int, verb: str, expected_rev: int | None, *, state: str = "draft"
) -> WeekPlan:
    """The plan, locked for change. Raises Forbidden, NotFound, Stale or WrongState, in this order."""
    if not actor.is_hub:
        raise Forbidden
    row = db.get(WeekPlan, plan_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound
    if expected_rev is not None and expected_rev != row.rev:
        raise Stale
    if row.state != state:
        raise WrongState(verb=verb, state=row.state)
    return row


def touched(db: Session, plan: WeekPlan) -> None:
    """The plan or one of its entries changed."""
    plan.rev += 1
    plan.updated_at = clock.now(db)
    db.flush()


def _version(db: Session, given: PlanEntryIn) -> int | None:
    if given.session_id is None:
        return None
    session = db.get(LiveSession, given.session_id)
    if session is None:
        raise Invalid([FieldError("session_id", "unknown_id")])
    return given.version or session.version


def _room_for(db: Session, plan: WeekPlan, more: int) -> None:
    count = db.execute(select(func.count()).where(PlanEntry.plan_id == plan.id)).scalar_one()
    if count + more > MOST_ENTRIES:
        raise PlanFull(most=MOST_ENTRIES)


def _copy(db: Session, actor: Actor, plan: WeekPlan, copy_from: date) -> None:
    """The sessions of the same number of days from `copy_from` on, at the same wall times."""
    zone = zone_of_hub(db, actor)
    from_at, to_at = _days_of(db, actor, copy_from, (plan.last_day - plan.first_day).days)
    rows = db.scalars(
        select(LiveSession)
        .where(overlapping(from_at, to_at), LiveSession.starts_at >= from_at, LiveSession.state.in_(HOLDING))
        .order_by(LiveSession.starts_at, LiveSession.id)
        .limit(MOST_ENTRIES + 1)
    ).all()
    _room_for(db, plan, len(rows))
    days, now = (plan.first_day - copy_from).days, clock.now(db)
    db.add_all(
        PlanEntry(
            plan_id=plan.id,
            kind="book",
            given=PlanEntryIn(kind="book", book=copied(view, days, zone)).kept(),
            created_at=now,
            updated_at=now,
        )
        for view in views_of(db, actor, rows)
    )
    db.flush()


def _days_of(db: Session, actor: Actor, first: date, more: int) -> tuple[datetime, datetime]:
    zone = zone_of_hub(db, actor)
    try:
        return board_day(first, zone)[0], board_day(first + timedelta(days=more), zone)[1]
    except OverflowError as error:
        raise Invalid([FieldError("copy_from", "day")]) from error
