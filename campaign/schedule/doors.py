"""What a studio's door shows: its now and its next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound
from campaign.parties.models import Studio
from campaign.schedule.models import LiveSession
from campaign.schedule.reading import overlapping, views_of, visible
from campaign.schedule.views import SessionView


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
