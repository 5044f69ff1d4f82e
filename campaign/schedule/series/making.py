"""Booking a series: every date stands or none does, and each that is not free is named."""

from collections.abc import Sequence
from datetime import date
from typing import NoReturn
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid, WrongState
from campaign.parties.queries import zone_of_hub
from campaign.schedule import booking, claims
from campaign.schedule.errors import Conflicting
from campaign.schedule.models import LiveSession
from campaign.schedule.series import queries, rule
from campaign.schedule.series.alike import session_of
from campaign.schedule.series.errors import NoSuchDate, SeriesNeedsReason, SeriesRefused, Tried
from campaign.schedule.series.models import Series, SeriesDate
from campaign.schedule.series.schemas import ExtendIn, ReAddIn, SeriesIn, Template, stored, template_of
from campaign.schedule.series.times import span_on

# Where a fault of a booking stands on a series.
_FIELDS = {"starts_at": "starts", "ends_at": "ends"}


def repeat(db: Session, actor: Actor, given: SeriesIn) -> Series:
    """Book a series of drafts. Raises Invalid, SeriesRefused or SeriesNeedsReason; then nothing stands.

    With skip_conflicts the dates that are free are booked, and SeriesRefused only where none is.
    """
    found, days = _read(db, actor, given)
    zone = zone_of_hub(db, actor)
    row = Series(
        rule=str(found),
        timezone=zone.key,
        first_on=days[0],
        until_on=days[-1],
        starts=given.starts,
        ends=given.ends,
        title=given.title,
        studio_id=given.studio_id,
        template=stored(given),
        version=1,
        created_at=clock.now(db),
        updated_at=clock.now(db),
    )
    booked, tried = _book(db, actor, given, days, zone, _reason(given))
    if not (given.skip_conflicts and booked):
        refuse(tried)
    db.add(row)
    db.flush()
    _keep(db, row, booked, tried)
    audit.note(db, actor, "series.booked", "series", row.id, {"rule": row.rule, "dates": len(booked)})
    return row


def preview(db: Session, actor: Actor, given: SeriesIn) -> list[Tried]:
    """What each date would meet, its own neighbours too: booked for trial and taken back. Raises Invalid."""
    _, days = _read(db, actor, given)
    zone = zone_of_hub(db, actor)
    trial = db.begin_nested()
    try:
        booked, tried = _book(db, actor, given, days, zone, _reason(given))
    finally:
        trial.rollback()
        db.expire_all()
    free = [Tried(on, span_on(on, given.starts, given.ends, zone), None) for on in booked]
    return sorted([*free, *tried], key=lambda one: one.on_date)


def extend(
    db: Session, actor: Actor, series_id: int, given: ExtendIn, *, expected_version: int | None = None
) -> Series:
    """Book the dates up to a later end. Raises as repeat() does."""
    row = queries.locked(db, actor, series_id, expected_version)
    if given.until_on <= row.until_on:
        raise Invalid([FieldError("until_on", "series_not_later")])
    if given.until_on > row.first_on + rule.LONGEST:
        raise Invalid([FieldError("until_on", "series_too_long", {"days": rule.LONGEST.days})])
    try:
        known, _ = rule.read(f"{row.rule};UNTIL={given.until_on:%Y%m%d}", row.first_on)
        days = [on for on in known.dates(row.first_on, given.until_on) if on > row.until_on]
    except rule.BadRule as error:
        raise Invalid([FieldError("until_on", error.code, error.params)]) from None
    known_days = set(db.scalars(select(SeriesDate.on_date).where(SeriesDate.series_id == row.id)))
    days = [on for on in days if on not in known_days]
    if not days:
        raise Invalid([FieldError("until_on", "series_empty")])
    reason = given.override.reason if given.override else None
    template = template_of(row.template)
    booked, tried = _book(db, actor, template, days, ZoneInfo(row.timezone), reason)
    if not (given.skip_conflicts and booked):
        refuse(tried)
    _keep(db, row, booked, tried)
    row.until_on = days[-1]
    touch(db, row)
    audit.note(db, actor, "series.extended", "series", row.id, {"dates": len(booked)})
    return row


def re_add(
    db: Session, actor: Actor, series_id: int, given: ReAddIn, *, expected_version: int | None = None
) -> Series:
    """Book a skipped date after all, as the series now is. Raises NoSuchDate, WrongState, Conflicting …"""
    row = queries.locked(db, actor, series_id, expected_version)
    kept = db.get(SeriesDate, (row.id, given.on_date))
    if kept is None:
        raise NoSuchDate
    if kept.session_id is not None:
        state = db.get_one(LiveSession, kept.session_id).state
        if state != "cancelled":
            raise WrongState(verb="re_add", state=state)
    reason = given.override.reason if given.override else None
    zone = ZoneInfo(row.timezone)
    _not_past(db, row.starts and span_on(given.on_date, row.starts, row.ends, zone).starts_at, "on_date")
    view = booking.book(db, actor, session_of(template_of(row.template), given.on_date, zone, reason))
    kept.session_id, kept.skipped = view.id, None
    touch(db, row)
    audit.note(db, actor, "series.re_added", "series", row.id, {"date": given.on_date.isoformat()})
    return row


def touch(db: Session, row: Series) -> None:
    """One more version of a series."""
    row.version += 1
    row.updated_at = clock.now(db)
    db.flush()


def refuse(tried: Sequence[Tried]) -> None:
    """Raise with every date that is not free; a reason helps only where nothing is taken."""
    bad = [one for one in tried if one.error is not None]
    if bad:
        raise SeriesNeedsReason(bad) if all(one.soft for one in bad) else SeriesRefused(bad)


def _read(db: Session, actor: Actor, given: SeriesIn) -> tuple[rule.Rule, list[date]]:
    try:
        found, until_on = rule.read(given.rule, given.first_on)
        days = found.dates(given.first_on, until_on)
    except rule.BadRule as error:
        raise Invalid([FieldError("rule", error.code, error.params)]) from None
    starts_at = span_on(days[0], given.starts, given.ends, zone_of_hub(db, actor)).starts_at
    _not_past(db, starts_at, "first_on")
    return found, days


def _not_past(db: Session, starts_at: object, field: str) -> None:
    if starts_at <= clock.now(db):  # type: ignore[operator]
        raise Invalid([FieldError(field, "already_past")])


def _reason(given: SeriesIn) -> str | None:
    return given.override.reason if given.override else None


def _book(
    db: Session, actor: Actor, template: Template, days: Sequence[date], zone: ZoneInfo, reason: str | None
) -> tuple[dict[date, int], list[Tried]]:
    """Date → session, and the dates that are not free. One turn for all of them (claims.take_turns)."""
    booked: dict[date, int] = {}
    tried: list[Tried] = []
    try:
        plan, _ = booking.planned(db, actor, session_of(template, days[0], zone, reason))
        claims.take_turns(db, actor, plan.things)
        for on in days:
            wanted = session_of(template, on, zone, reason)
            try:
                with db.begin_nested():
                    booked[on] = booking.book(db, actor, wanted).id
            except Conflicting as error:
                tried.append(Tried(on, span_on(on, template.starts, template.ends, zone), error))
    except Invalid as error:
        _named_here(error)
    return booked, tried


def _named_here(error: Invalid) -> NoReturn:
    raise Invalid(
        [
            FieldError(_FIELDS.get(fault.field, fault.field), fault.code, fault.params)
            for fault in error.errors
        ]
    ) from error


def _keep(db: Session, row: Series, booked: dict[date, int], tried: Sequence[Tried]) -> None:
    db.add_all(SeriesDate(series_id=row.id, on_date=on, session_id=one) for on, one in booked.items())
    db.add_all(
        SeriesDate(series_id=row.id, on_date=one.on_date, skipped=one.error.error_code)
        for one in tried
        if one.error is not None
    )
    db.flush()
