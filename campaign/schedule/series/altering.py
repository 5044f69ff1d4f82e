"""Changing a series: all that lies ahead, or from a date on; calling dates off. One digest for each party."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit.actor import Actor
from campaign.kit.errors import Stale, WrongState
from campaign.schedule import changing, claims, closing, states
from campaign.schedule.errors import Conflicting
from campaign.schedule.events import Digest, shown
from campaign.schedule.plans.telling import Batch, Touched, tell_release
from campaign.schedule.reading import views_of
from campaign.schedule.schemas import SessionChange
from campaign.schedule.series import queries
from campaign.schedule.series.alike import change_of
from campaign.schedule.series.errors import NoSuchDate, NothingAhead, Tried
from campaign.schedule.series.making import refuse, touch
from campaign.schedule.series.models import Series, SeriesDate
from campaign.schedule.series.queries import SeriesDay
from campaign.schedule.series.schemas import EndIn, SeriesChange, SkipIn, stored, template_of
from campaign.schedule.stepping import locked_sessions
from campaign.schedule.targets import target_of, turn_of
from campaign.schedule.views import SessionView


def change(
    db: Session,
    actor: Actor,
    series_id: int,
    given: SeriesChange,
    *,
    expected_version: int | None = None,
) -> Series:
    """Change all dates that lie ahead, or those from a date on: these then are a series of their own, which is given.

    Dates that are past, on air or called off stay as they are. Raises NoSuchDate, NothingAhead, Invalid, SeriesRefused,
    SeriesNeedsReason, Stale; then nothing stands and nobody hears of it.
    """
    row = queries.locked(db, actor, series_id, expected_version)
    days = _ahead(queries.days_of(db, actor, row), given.from_on)
    before = template_of(row.template)
    fields = given.fields
    after = before.model_copy(update={name: getattr(given, name) for name in fields})
    zone = ZoneInfo(row.timezone)
    reason = given.override.reason if given.override else None
    changes = {}
    for day, view in days:
        wanted = change_of(
            view, before, after, day.on_date, zone, fields=fields, overwrite=given.overwrite, reason=reason
        )
        if wanted is not None:
            changes[view.id] = (day, wanted)
    digest = Digest()
    touched = _apply_all(db, actor, changes, digest)
    if given.from_on is not None and days[0][0].on_date > row.first_on:
        row = _split(db, row, days[0][0].on_date)
    row.template, row.starts, row.ends = stored(after), after.starts, after.ends
    row.title, row.studio_id = after.title, after.studio_id
    touch(db, row)
    _tell(db, actor, row, days, touched, digest)
    audit.note(
        db, actor, "series.changed", "series", row.id, {"fields": sorted(fields), "dates": len(changes)}
    )
    return row


def skip(
    db: Session, actor: Actor, series_id: int, given: SkipIn, *, expected_version: int | None = None
) -> Series:
    """Call one date off; it stays known and can be booked again. Raises NoSuchDate, WrongState."""
    row = queries.locked(db, actor, series_id, expected_version)
    kept = db.get(SeriesDate, (row.id, given.on_date))
    if kept is None or kept.session_id is None:
        raise NoSuchDate
    closing.cancel(db, actor, kept.session_id, code=given.code, reason=given.reason)
    touch(db, row)
    return row


def end(
    db: Session, actor: Actor, series_id: int, given: EndIn, *, expected_version: int | None = None
) -> Series:
    """Call off all dates ahead, or those from a date on. Raises NoSuchDate, NothingAhead."""
    row = queries.locked(db, actor, series_id, expected_version)
    known = queries.days_of(db, actor, row)
    days = _ahead(known, given.from_on)
    digest = Digest()
    touched = []
    rows = locked_sessions(db, [view.id for _, view in days])
    told = {one.id: frozenset(one.agency_ids) for one in rows.values()}
    for _, view in sorted(days, key=lambda one: one[1].id):
        after = closing.cancel(db, actor, view.id, code=given.code, reason=given.reason, digest=digest)
        touched.append(Touched(view, after, told[view.id]))
    first = days[0][0].on_date
    row.until_on = max((day.on_date for day in known if day.on_date < first), default=row.first_on)
    touch(db, row)
    _tell(db, actor, row, days, touched, digest)
    audit.note(db, actor, "series.ended", "series", row.id, {"dates": len(touched), "code": given.code})
    return row


def _ahead(known: Sequence[SeriesDay], from_on: date | None) -> list[tuple[SeriesDay, SessionView]]:
    """The dates that can still be changed, in order."""
    if from_on is not None and from_on not in {day.on_date for day in known}:
        raise NoSuchDate
    wanted = [
        (day, day.view)
        for day in known
        if day.ahead and day.view is not None and (from_on is None or day.on_date >= from_on)
    ]
    if not wanted:
        raise NothingAhead
    return wanted


def _apply_all(
    db: Session, actor: Actor, changes: dict[int, tuple[SeriesDay, SessionChange]], digest: Digest
) -> list[Touched]:
    """All changes or none: one turn for all of it, then every place is given up before one is taken."""
    rows = locked_sessions(db, list(changes))
    before = {view.id: view for view in views_of(db, actor, list(rows.values()))}
    told = {one.id: frozenset(one.agency_ids) for one in rows.values()}
    for one, row in rows.items():
        view = changes[one][0].view
        if view is not None and view.version != row.version:
            # Somebody has touched it since its own changes were looked at.
            raise Stale
        if not states.may("change", row.state):
            raise WrongState(verb="change", state=row.state)
    targets = {one: target_of(db, actor, row, changes[one][1]) for one, row in rows.items()}
    things = {thing for target in targets.values() for thing in target.plan.things}
    claims.take_turns(db, actor, things, session_ids=rows)
    for one in rows:
        if changing.takes_claims_anew(changes[one][1]):
            claims.drop_all(db, actor, one)
    done, tried = [], []
    for target in sorted(targets.values(), key=lambda one: turn_of(one.row, one.plan)):
        row = target.row
        beside = [other.plan for one, other in targets.items() if one != row.id]
        try:
            with db.begin_nested():
                view = changing.make(db, actor, target, beside=beside, digest=digest)
                done.append(Touched(before[row.id], shown(db, actor, row, view), told[row.id]))
        except Conflicting as error:
            tried.append(Tried(changes[row.id][0].on_date, target.plan.session, error))
    refuse(sorted(tried, key=lambda one: one.on_date))
    return done


def _split(db: Session, row: Series, first_on: date) -> Series:
    """The dates from one on become a series of their own."""
    earlier = db.scalars(
        select(SeriesDate.on_date)
        .where(SeriesDate.series_id == row.id, SeriesDate.on_date < first_on)
        .order_by(SeriesDate.on_date.desc())
        .limit(1)
    ).one()
    made = Series(
        rule=row.rule,
        timezone=row.timezone,
        first_on=first_on,
        until_on=row.until_on,
        starts=row.starts,
        ends=row.ends,
        title=row.title,
        studio_id=row.studio_id,
        template=row.template,
        split_from=row.id,
        version=0,
        created_at=row.updated_at,
        updated_at=row.updated_at,
    )
    db.add(made)
    db.flush()
    db.execute(
        update(SeriesDate)
        .where(SeriesDate.series_id == row.id, SeriesDate.on_date >= first_on)
        .values(series_id=made.id)
        .execution_options(synchronize_session=False)
    )
    db.expire_all()
    row.until_on = earlier
    touch(db, row)
    return made


def _tell(
    db: Session,
    actor: Actor,
    row: Series,
    days: Sequence[tuple[SeriesDay, SessionView]],
    touched: Sequence[Touched],
    digest: Digest,
) -> None:
    if touched:
        batch = Batch("srs", row.id, row.version, days[0][0].on_date, days[-1][0].on_date)
        tell_release(db, actor, batch, touched, digest)
