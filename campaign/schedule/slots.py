"""Free places for a session, for those who plan."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Forbidden, Invalid
from campaign.parties.models import Studio
from campaign.schedule import alternatives, claims
from campaign.schedule.alternatives import Slot
from campaign.schedule.spans import Span

LONGEST_SEARCH = timedelta(days=31)
STEP = timedelta(minutes=30)


def free_slots(
    db: Session,
    actor: Actor,
    from_at: datetime,
    to_at: datetime,
    minutes: int,
    *,
    studio_ids: Sequence[int] = (),
    host_ids: Sequence[int] = (),
    limit: int = 50,
) -> list[Slot]:
    """Slots of `minutes` where a studio (any, when none is named) and all the hosts are free, earliest first.

    Starts lie on the half hour. Raises Invalid for a search of more than 31 days.
    """
    if not actor.is_hub:
        raise Forbidden
    if not timedelta(0) < to_at - from_at <= LONGEST_SEARCH:
        raise Invalid([FieldError("to", "search_span", {"days": LONGEST_SEARCH.days})])
    starts_at = _next_half_hour(max(from_at, clock.now(db)))
    statement = select(Studio.id, Studio.setup_minutes, Studio.teardown_minutes).where(
        Studio.archived_at.is_(None)
    )
    if studio_ids:
        statement = statement.where(Studio.id.in_(studio_ids))
    studios = db.execute(statement.order_by(Studio.sort_key, Studio.id)).all()
    day = timedelta(days=1)
    taken = claims.taken_near(
        db,
        actor,
        {"studio": [row.id for row in studios], "host": list(host_ids), "platform_account": []},
        Span(from_at - day, to_at + day),
        now=clock.now(db),
    )
    rooms = alternatives.by_studio(
        {thing: spans for (kind, thing), spans in taken.items() if kind == "studio"},
        [(row.id, row.setup_minutes, row.teardown_minutes) for row in studios],
    )
    busy = [span for (kind, _), spans in taken.items() if kind == "host" for span in spans]
    if starts_at >= to_at:
        return []
    within = Span(starts_at, to_at)
    return alternatives.free_in(within, timedelta(minutes=minutes), rooms, busy, step=STEP, most=limit)


def _next_half_hour(at: datetime) -> datetime:
    floor = at.replace(minute=0 if at.minute < 30 else 30, second=0, microsecond=0)
    return floor if floor == at else floor + STEP
