"""The board of a day, and the view from a studio's door."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import Forbidden, NotFound
from campaign.parties.models import Studio
from campaign.schedule.models import LiveSession
from campaign.schedule.reading import overlapping, views_of, visible
from campaign.schedule.views import SessionView


@dataclass(frozen=True)
class StudioRow:
    """A studio and what it has, by start."""

    studio_id: int
    name: str
    name_en: str
    setup_minutes: int
    teardown_minutes: int
    sessions: tuple[SessionView, ...]


@dataclass(frozen=True)
class Board:
    """All studios in use between two instants, those without sessions too."""

    from_at: datetime
    to_at: datetime
    rows: tuple[StudioRow, ...]


def board_of_day(
    db: Session, actor: Actor, from_at: datetime, to_at: datetime, *, cancelled: bool = False
) -> Board:
    """Sessions by studio that overlap [from_at, to_at), and what is still on air; cancelled ones on demand.
    Line-ups are left out.

    The hub's view: raises Forbidden for others.
    """
    if not actor.is_hub:
        raise Forbidden
    still_on = (LiveSession.state == "live") & (LiveSession.starts_at < to_at) & (clock.now(db) >= from_at)
    statement = select(LiveSession).where(visible(actor), or_(overlapping(from_at, to_at), still_on))
    if not cancelled:
        statement = statement.where(LiveSession.state != "cancelled")
    rows = db.scalars(statement.order_by(LiveSession.starts_at, LiveSession.id)).all()
    by_studio: dict[int, list[SessionView]] = defaultdict(list)
    for view in views_of(db, actor, rows, lineup=False):
        by_studio[view.studio_id].append(view)
    studios = db.scalars(
        select(Studio)
        .where(or_(Studio.archived_at.is_(None), Studio.id.in_(by_studio)))
        .order_by(Studio.sort_key, Studio.name, Studio.id)
    )
    return Board(
        from_at,
        to_at,
        tuple(
            StudioRow(
                studio.id,
                studio.name,
                studio.name_en,
                studio.setup_minutes,
                studio.teardown_minutes,
                tuple(by_studio[studio.id]),
            )
            for studio in studios
        ),
    )


@dataclass(frozen=True)
class Door:
    """What a studio's door shows: what is on or due now, and what comes next."""

    studio_id: int
    name: str
    name_en: str
    now: SessionView | None
    next: tuple[SessionView, ...]


_DUE = ("accepted", "ready", "no_show")


def door_of(db: Session, actor: Actor, studio_id: int) -> Door:
    """A studio's now and next: on air, else what is due within the hour or should have begun; raises NotFound."""
    studio = db.get(Studio, studio_id)
    if studio is None:
        raise NotFound
    moment = clock.now(db)
    rows = db.scalars(
        select(LiveSession)
        .where(
            LiveSession.studio_id == studio_id,
            visible(actor),
            LiveSession.state.in_(("live", "ended", *_DUE)),
            overlapping(moment - timedelta(hours=12), moment + timedelta(hours=24)),
        )
        .order_by(LiveSession.starts_at, LiveSession.id)
    ).all()
    views = views_of(db, actor, rows)
    current = _current(views, moment)
    later = [view for view in views if view.state in _DUE and view.starts_at > moment and view is not current]
    return Door(studio.id, studio.name, studio.name_en, current, tuple(later[:5]))


def _current(views: list[SessionView], moment: datetime) -> SessionView | None:
    """On air first; else what is due; else what has just ended, so that a wrong tap can be taken back."""
    on_air = [view for view in views if view.state == "live"]
    due = [
        view
        for view in views
        if view.state in _DUE and view.starts_at - timedelta(hours=1) <= moment < view.ends_at
    ]
    just_over = [
        view
        for view in views
        if view.state == "ended"
        and view.actual_ends_at
        and moment - view.actual_ends_at < timedelta(minutes=10)
    ]
    return next(iter([*on_air, *due, *just_over]), None)
