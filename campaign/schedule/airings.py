"""Who was on air where and when: what attribution of sales needs to know of the schedule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock

GRACE = timedelta(minutes=10)


@dataclass(frozen=True)
class Shift:
    """A host's or influencer's span within a show."""

    host_id: int
    agency_id: int | None
    role: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Airing:
    """One session on one channel. starts_at and ends_at are the actual times, else the planned.

    author_id is the account's id on its platform, shop_id the shop the account belongs to. `firm`: known to
    have been on air.
    """

    session_id: int
    version: int
    state: str
    platform: str
    platform_account_id: int | None
    author_id: str | None
    shop_id: int | None
    room_ids: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    firm: bool
    brand_ids: tuple[int, ...]
    shifts: tuple[Shift, ...]


# A running show ends at its planned end or, when it overruns, not before now. An inferred start or end is the
# first or last sign that was seen: no proof that nothing was sold before or after it within the planned time.
_FOUND = text(
    "SELECT * FROM (SELECT s.id AS session_id, s.version, s.state, c.platform, c.platform_account_id,"
    " a.external_id AS author_id, a.shop_id, c.room_ids, s.brand_ids,"
    " CASE WHEN s.start_evidence = 'inferred' THEN least(s.actual_starts_at, s.starts_at)"
    " ELSE coalesce(s.actual_starts_at, s.starts_at) END AS starts_at,"
    " CASE WHEN s.state = 'live' THEN greatest(s.ends_at, :now)"
    " WHEN s.end_evidence = 'inferred' THEN greatest(s.actual_ends_at, s.ends_at)"
    " ELSE coalesce(s.actual_ends_at, s.ends_at) END AS ends_at"
    " FROM session_channel c JOIN live_session s ON s.id = c.session_id"
    " LEFT JOIN platform_account a ON a.id = c.platform_account_id"
    " WHERE (c.platform = :platform OR s.id = ANY(:session_ids))"
    " AND s.state IN ('accepted', 'ready', 'live', 'ended', 'reviewed', 'no_show')"
    " AND (c.room_ids && CAST(:room_ids AS text[]) OR s.id = ANY(:session_ids)"
    " OR a.external_id = ANY(:author_ids) OR a.shop_id = ANY(:shop_ids))) found"
    " WHERE room_ids && CAST(:room_ids AS text[]) OR session_id = ANY(:session_ids)"
    " OR (starts_at <= :to_at AND ends_at >= :from_at)"
    " ORDER BY session_id"
)
_SHIFTS = text(
    "SELECT session_id, host_id, agency_id, role, starts_at, ends_at FROM participant"
    " WHERE session_id = ANY(:ids) AND role IN ('host', 'influencer') ORDER BY session_id, starts_at, id"
)


def airings(
    db: Session,
    *,
    platform: str,
    room_ids: Sequence[str] = (),
    author_ids: Sequence[str] = (),
    shop_ids: Sequence[int] = (),
    session_ids: Sequence[int] = (),
    from_at: datetime,
    to_at: datetime,
) -> list[Airing]:
    """Sessions on a platform that name a room, or on any that are named themselves, whenever they were; and those of
    the accounts and shops that were on air within [from_at, to_at]. Never drafts, offers or cancelled ones.
    """
    rows = db.execute(
        _FOUND,
        {
            "platform": platform,
            "room_ids": list(room_ids),
            "author_ids": list(author_ids),
            "shop_ids": list(shop_ids),
            "session_ids": list(session_ids),
            "from_at": from_at - GRACE,
            "to_at": to_at,
            "now": clock.now(db),
        },
    ).all()
    shifts: dict[int, list[Shift]] = {}
    for row in db.execute(_SHIFTS, {"ids": sorted({row.session_id for row in rows})}):
        shift = Shift(row.host_id, row.agency_id, row.role, row.starts_at, row.ends_at)
        shifts.setdefault(row.session_id, []).append(shift)
    return [
        Airing(
            row.session_id,
            row.version,
            row.state,
            row.platform,
            row.platform_account_id,
            row.author_id,
            row.shop_id,
            tuple(row.room_ids),
            row.starts_at,
            row.ends_at,
            row.state in ("live", "ended", "reviewed"),
            tuple(row.brand_ids),
            tuple(shifts.get(row.session_id, ())),
        )
        for row in rows
    ]
