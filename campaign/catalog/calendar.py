"""The hub's calendar of the trade: reading a year, moving, hiding and adding days."""

from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.catalog import tradedays
from campaign.catalog.models import TradeDay
from campaign.catalog.schemas import TradeDayIn
from campaign.catalog.tradedays import Day
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid, NotFound
from campaign.parties import actions


def year_of(db: Session, _actor: Actor, year: int) -> list[Day]:
    """A year's days by their first, hidden ones among them."""
    rows = db.scalars(select(TradeDay).where(TradeDay.year == year, TradeDay.archived_at.is_(None)))
    kept = [
        Day(row.code, row.kind, row.name, row.name_en, row.starts_on, row.ends_on, True, row.hidden, row.id)
        for row in rows
    ]
    return tradedays.calendar(year, kept)


def coming(db: Session, actor: Actor, today: date, *, most: int = 6) -> list[Day]:
    """The next days that are not over, this year's and the next: what a campaign may be made for."""
    days = [*year_of(db, actor, today.year), *year_of(db, actor, today.year + 1)]
    return [day for day in days if day.ends_on >= today and not day.hidden][:most]


def set_day(db: Session, actor: Actor, given: TradeDayIn) -> TradeDay:
    """Add a day of the hub's own, or with a code move the table's day of that year. Raises Invalid."""
    if given.ends_on < given.starts_on or (given.ends_on - given.starts_on).days > 366:
        raise Invalid([FieldError("ends_on", "ends_before_start")])
    year = given.starts_on.year
    kind = given.kind
    if given.code is not None:
        known = _built_in(year, given.code)
        if known is None:
            raise Invalid([FieldError("code", "trade_day_unknown")])
        kind = known.kind  # type: ignore[assignment]
        forget(db, actor, year, given.code)
    return actions.add(
        db,
        actor,
        TradeDay(
            code=given.code,
            year=year,
            kind=kind,
            name=given.name,
            name_en=given.name_en,
            starts_on=given.starts_on,
            ends_on=given.ends_on,
        ),
    )


def hide(db: Session, actor: Actor, year: int, code: str) -> TradeDay:
    """Take a day of the table out of the hub's calendar of that year. Raises NotFound."""
    known = _built_in(year, code) if 2000 <= year <= 2200 else None
    if known is None:
        raise NotFound
    forget(db, actor, year, code)
    return actions.add(
        db,
        actor,
        TradeDay(
            code=code,
            year=year,
            kind=known.kind,
            name=known.name,
            name_en=known.name_en,
            starts_on=known.starts_on,
            ends_on=known.ends_on,
            hidden=True,
        ),
    )


def forget(db: Session, actor: Actor, year: int, code: str) -> None:
    """Back to the table's own day. Raises NotFound for a year out of range."""
    if not 2000 <= year <= 2200:
        raise NotFound
    done = db.execute(delete(TradeDay).where(TradeDay.year == year, TradeDay.code == code))
    if done.rowcount:  # type: ignore[attr-defined]
        audit.note(db, actor, "trade_day.restored", "trade_day", None, {"code": code, "year": year})


def remove(db: Session, actor: Actor, day_id: int) -> None:
    """Take away a day of the hub's own; one that stands for the table's gives way to it. Raises NotFound."""
    row = db.get(TradeDay, day_id)
    if row is None:
        raise NotFound
    audit.note(db, actor, "trade_day.removed", "trade_day", row.id, {"name": row.name})
    db.delete(row)
    db.flush()


def _built_in(year: int, code: str) -> Day | None:
    return next((day for day in tradedays.built_in(year) if day.code == code), None)
