"""The shows that may have sold a batch of lines, as the schedule knows them."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from campaign.sales.attribution import GRACE, Airing, Airings, Shift
from campaign.sales.lines import Line
from campaign.sales.rows import LineRow
from campaign.schedule import airings as schedule


def airings_for(db: Session, lines: Sequence[tuple[LineRow, Line]]) -> Airings:
    """One look-up per platform for everything a batch of lines could match."""
    found: list[Airing] = []
    for platform in sorted({row.platform for row, line in lines if line.ordered_at is not None}):
        mine = [(row, line) for row, line in lines if row.platform == platform]
        moments = [line.ordered_at for _, line in mine if line.ordered_at is not None]
        asked = schedule.airings(
            db,
            platform=platform,
            room_ids=sorted({line.room_id for _, line in mine if line.room_id}),
            author_ids=sorted({line.author_id for _, line in mine if line.author_id}),
            shop_ids=sorted({row.shop_id for row, line in mine if line.author_id is None}),
            session_ids=sorted({row.assigned_session_id for row, _ in mine if row.assigned_session_id}),
            from_at=min(moments) - GRACE,
            to_at=max(moments) + GRACE,
        )
        found.extend(_airing(one) for one in asked)
    return Airings(found)


def _airing(one: schedule.Airing) -> Airing:
    return Airing(
        session_id=one.session_id,
        platform=one.platform,
        author_id=one.author_id,
        shop_id=one.shop_id,
        room_ids=tuple(one.room_ids),
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        firm=one.firm,
        shifts=tuple(
            Shift(shift.host_id, shift.agency_id, shift.starts_at, shift.ends_at) for shift in one.shifts
        ),
    )
