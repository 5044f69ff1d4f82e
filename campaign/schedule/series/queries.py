"""Reading series: the hub's alone."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound, Stale
from campaign.kit.paging import Page, from_cursor, page_from
from campaign.schedule import states
from campaign.schedule.models import LiveSession
from campaign.schedule.reading import views_of
from campaign.schedule.series.alike import differing
from campaign.schedule.series.models import Series, SeriesDate
from campaign.schedule.series.schemas import Template, template_of
from campaign.schedule.series.times import span_on
from campaign.schedule.spans import Span
from campaign.schedule.views import SessionView

SKIPPED = "skipped"


@dataclass(frozen=True)
class SeriesDay:
    """A date of a series. view is None where it was skipped from the first; changed: fields that are its own."""

    on_date: date
    span: Span
    view: SessionView | None
    skipped: str | None
    changed: frozenset[str]
    ahead: bool

    @property
    def session_id(self) -> int | None:
        return self.view.id if self.view is not None else None

    @property
    def state(self) -> str:
        """The session's; "skipped" where there is no show."""
        return SKIPPED if self.skipped is not None or self.view is None else self.view.state


@dataclass(frozen=True)
class SeriesSummary:
    """A series in a list; ahead: dates booked that are yet to come."""

    row: Series
    ahead: int


def get_series(db: Session, actor: Actor, series_id: int) -> Series:
    """One series. Raises NotFound, also for who is not of the hub."""
    row = db.get(Series, series_id) if actor.is_hub else None
    if row is None:
        raise NotFound
    return row


def locked(db: Session, actor: Actor, series_id: int, expected_version: int | None = None) -> Series:
    """The same, locked for change. Raises NotFound, Stale."""
    get_series(db, actor, series_id)
    row = db.scalars(
        select(Series)
        .where(Series.id == series_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if expected_version is not None and expected_version != row.version:
        raise Stale
    return row


def days_of(db: Session, actor: Actor, series: Series) -> list[SeriesDay]:
    """All its dates in order, each beside its session as it stands."""
    rows = db.scalars(
        select(SeriesDate).where(SeriesDate.series_id == series.id).order_by(SeriesDate.on_date)
    ).all()
    sessions = db.scalars(
        select(LiveSession).where(
            LiveSession.id.in_([row.session_id for row in rows if row.session_id is not None])
        )
    ).all()
    views = {view.id: view for view in views_of(db, actor, sessions)}
    template, zone, now = template_of(series.template), ZoneInfo(series.timezone), clock.now(db)

    def day(row: SeriesDate) -> SeriesDay:
        view = views.get(row.session_id) if row.session_id is not None else None
        span = span_on(row.on_date, series.starts, series.ends, zone)
        if view is None:
            return SeriesDay(row.on_date, span, None, row.skipped, frozenset(), span.starts_at > now)
        skipped = view.cancel_code if view.state == "cancelled" else None
        ahead = view.state in states.BEFORE_AIR and view.starts_at > now
        changed = _own(view, template, row.on_date, zone) if ahead else frozenset()
        return SeriesDay(row.on_date, span, view, skipped, changed, ahead)

    return [day(row) for row in rows]


def _own(view: SessionView, template: Template, on: date, zone: ZoneInfo) -> frozenset[str]:
    return frozenset(differing(view, template, on, zone))


def page_of_series(
    db: Session,
    actor: Actor,
    *,
    limit: int,
    cursor: str | None = None,
    session_id: int | None = None,
    updated_since: datetime | None = None,
) -> Page[SeriesSummary]:
    """Newest first; with session_id that of one session."""
    if not actor.is_hub:
        raise NotFound
    ahead = (
        select(func.count())
        .select_from(SeriesDate)
        .join(LiveSession, LiveSession.id == SeriesDate.session_id)
        .where(
            SeriesDate.series_id == Series.id,
            LiveSession.state.in_(states.BEFORE_AIR),
            LiveSession.starts_at > clock.now(db),
        )
        .scalar_subquery()
    )
    statement = select(Series, ahead).order_by(Series.id.desc()).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(Series.id < from_cursor(cursor, (int,))[0])
    if updated_since is not None:
        statement = statement.where(Series.updated_at >= updated_since)
    if session_id is not None:
        of_session = select(SeriesDate.series_id).where(SeriesDate.session_id == session_id)
        statement = statement.where(Series.id.in_(of_session))
    found = [SeriesSummary(row, count) for row, count in db.execute(statement)]
    return page_from(found, limit, lambda one: (one.row.id,))


def place_of(db: Session, actor: Actor, session_id: int) -> tuple[int, date] | None:
    """The series of a session and its date there."""
    if not actor.is_hub:
        return None
    row = db.scalars(select(SeriesDate).where(SeriesDate.session_id == session_id)).one_or_none()
    return None if row is None else (row.series_id, row.on_date)
