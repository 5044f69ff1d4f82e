"""Who watched a session, as its rooms' platforms count it, and what that makes of its sales.

Views add over rooms. Viewers do not: over several rooms they are person-times. Peak and average concurrent viewers are
the platform's to give and never derived from samples. A ratio's denominator of 0 gives None.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.insight.counters import grown
from campaign.insight.figures import Totals
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.money import divided

FRESH = timedelta(minutes=5)
"""A count of those online that is older says nothing of now."""

COUNTERS = ("viewers", "views", "product_impressions", "product_clicks", "likes", "comments", "follows") + (
    "shares",
    "ad_spend_fen",
)


@dataclass(frozen=True)
class Spend:
    """What was spent on advertising, in minor units of its currency."""

    amount_fen: int
    currency: str


@dataclass(frozen=True)
class Audience:
    """The counters of a session's rooms. online: of now, None unless a fresh sample tells; as_of: the newest sample."""

    rooms: int
    as_of: datetime
    viewers: int | None = None
    views: int | None = None
    product_impressions: int | None = None
    product_clicks: int | None = None
    likes: int | None = None
    comments: int | None = None
    follows: int | None = None
    shares: int | None = None
    online: int | None = None
    spend: Spend | None = None

    @property
    def is_person_times(self) -> bool:
        """Whether viewers were added over rooms and so count some people more than once."""
        return self.rooms > 1

    def ratios(self, totals: Totals) -> "Ratios":
        """What the session's sales in one currency come to beside these counters."""
        spent = self.spend.amount_fen if self.spend and self.spend.currency == totals.currency else None
        return Ratios(
            gpm_fen=_over(totals.paid_gmv_fen * 1000, self.views),
            uv_value_fen=None if self.is_person_times else _over(totals.paid_gmv_fen, self.viewers),
            view_to_buy=_over(_ten_thousand(totals.buyers), self.viewers),
            ctr=_over(_ten_thousand(self.product_clicks), self.views),
            live_ctr=_over(_ten_thousand(self.product_clicks), self.product_impressions),
            ctor=_over(_ten_thousand(totals.lines), self.product_clicks),
            roi_hundredths=_over(totals.paid_gmv_fen * 100, spent),
            net_roi_hundredths=_over(totals.net_gmv_fen * 100, spent),
        )


@dataclass(frozen=True)
class Ratios:
    """Rates in ten-thousandths, returns on spend in hundredths, money in minor units; None where nothing divides.

    gpm_fen: paid per thousand views; ctr: product clicks per view, as TikTok's LIVE list has it; live_ctr: clicks per
    impression of a product, as its interface has it; ctor: paid order lines per click.
    """

    gpm_fen: int | None
    uv_value_fen: int | None
    view_to_buy: int | None
    ctr: int | None
    live_ctr: int | None
    ctor: int | None
    roi_hundredths: int | None
    net_roi_hundredths: int | None


SLACK = timedelta(minutes=10)
"""The last sample of a room comes after its end."""

# A room id may serve one show after another, of another brand too: whose a reading or a spend is, is told by whoever
# was on air then, which row-level security hides from a brand. So functions of the database tell it (migration 0044),
# and whom: the hub, and the brand whose show alone it was.
_READINGS = text("SELECT * FROM room_readings(:id, :now, :slack)")
_SPENT = text("SELECT * FROM show_spend(:id, :now, :slack)")
_SPENT_EACH = text(
    "SELECT w.id, s.* FROM unnest(CAST(:ids AS bigint[])) w (id) CROSS JOIN LATERAL show_spend(w.id, :now, :slack) s"
)


def audience_of(db: Session, actor: Actor, session_id: int, totals: Sequence[Totals]) -> Audience | None:
    """A session's audience: for the hub, and for a brand whose show alone it was; None where nothing was counted."""
    if not actor.is_hub and actor.role != "brand":
        return None
    now = clock.now(db)
    values = {"id": session_id, "now": now, "slack": SLACK}
    rows = db.execute(_READINGS, values).all()
    read = [list(room) for _, room in groupby(rows, key=lambda one: (one.platform, one.room_id))]
    rooms = [room for room in read if any(one.own for one in room)]
    if not rooms:
        return None
    # A gauge tells of its moment alone: taken for a counter, it would look like one that begins anew.
    counting = [[one for one in room if one.kind == "cumulative"] for room in rooms]
    found = {
        name: _added(grown((getattr(one, name), one.own) for one in room) for room in counting)
        for name in COUNTERS
    }
    counted = found.pop("ad_spend_fen")
    told = [Spend(row.amount_fen, row.currency) for row in db.execute(_SPENT, values)]
    spend = _spend(told, counted, [one.currency for one in totals])
    online = _added(_fresh(room, now) for room in rooms)
    return Audience(
        rooms=len(rooms),
        as_of=max(one.at for room in rooms for one in room if one.own),
        online=online,
        spend=spend,
        **found,
    )


def spent_by(
    db: Session,
    session_ids: Sequence[int],
    counted: Mapping[int, int],
    currencies: Mapping[int, Sequence[str]],
    now: datetime,
) -> dict[int, Spend | None]:
    """Session → its spend, as its page has it. counted: by its rooms' samples; currencies: those it sold in."""
    told: dict[int, list[Spend]] = {}
    values = {"ids": list(session_ids), "now": now, "slack": SLACK}
    for row in db.execute(_SPENT_EACH, values) if session_ids else ():
        told.setdefault(row.id, []).append(Spend(row.amount_fen, row.currency))
    return {one: _spend(told.get(one, []), counted.get(one), currencies[one]) for one in session_ids}


def _spend(told: Sequence[Spend], counted: int | None, currencies: Sequence[str]) -> Spend | None:
    """Two sources of one spend: never added. A spend without a currency is in that of the sales, where there is one."""
    if not told and counted is not None and len(currencies) == 1:
        return Spend(counted, currencies[0])
    return told[0] if len(told) == 1 else None


_ONLINE = text(
    "SELECT session_id, sum(online)::bigint AS online FROM (SELECT DISTINCT ON (s.id, m.platform, m.room_id)"
    " s.id AS session_id, m.online FROM live_session s JOIN session_channel c ON c.session_id = s.id"
    " JOIN metric_sample m ON m.platform = c.platform AND m.room_id = ANY (c.room_ids)"
    " WHERE s.id = ANY (:ids) AND m.at BETWEEN :since AND :now AND m.online IS NOT NULL"
    # What the room shows before it begins, or once it has ended, may be of the show before or after.
    " AND m.at >= s.actual_starts_at AND m.at <= coalesce(s.actual_ends_at, :now)"
    " ORDER BY s.id, m.platform, m.room_id, m.at DESC) newest GROUP BY 1"
)


def online_of(db: Session, actor: Actor, session_ids: Collection[int]) -> dict[int, int]:
    """How many watch each session now, by fresh samples of its rooms; for the hub."""
    if not session_ids or not actor.is_hub:
        return {}
    now = clock.now(db)
    rows = db.execute(_ONLINE, {"ids": list(session_ids), "since": now - FRESH, "now": now})
    return {row.session_id: row.online for row in rows}


def _fresh(room: Sequence[Any], now: datetime) -> int | None:
    told = [one for one in room if one.online is not None and one.at >= now - FRESH]
    return told[-1].online if told else None


def _added(values: Iterable[int | None]) -> int | None:
    told = [one for one in values if one is not None]
    return sum(told) if told else None


def _ten_thousand(value: int | None) -> int | None:
    return None if value is None else value * 10_000


def _over(value: int | None, by: int | None) -> int | None:
    return None if value is None or by is None else divided(value, by)
