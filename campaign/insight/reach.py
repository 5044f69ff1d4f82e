"""Who watched the shows of some days: of each show what its own page says, and together as the laws have it.

Views, likes, comments and clicks add up over shows. Viewers do not: over several rooms they are person-times. The peak
is the greatest, the average is weighted by time on air; both are the platforms' own. A show counts on the day it
began, and whole: its room tells of no midnight. Shows of several brands are left out, for nothing divides their room.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.insight.against import platform_online
from campaign.insight.audience import COUNTERS, SLACK, Spend, spent_by
from campaign.insight.summary import named_keys, zone_of
from campaign.insight.tallies import Scope
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.instants import business_day, day_span
from campaign.kit.money import divided

TOLD_BY = ("day", "session", "host", "campaign")
"""Groups of a summary that shows fall into whole; of a product, a platform or a shop nobody counts who watched."""

_ADDED = tuple(name for name in COUNTERS if name != "ad_spend_fen")


@dataclass(frozen=True)
class Show:
    """One show as it was watched. counters by name, those left out that no room told; host_ids: who had a shift."""

    session_id: int
    day: date
    campaign_id: int | None
    host_ids: tuple[int, ...]
    seconds: int
    rooms: int
    counters: Mapping[str, int]
    spend: Spend | None
    peak_online: int | None
    average_online_hundredths: int | None
    paid_fen: Mapping[str, int]


@dataclass(frozen=True)
class Reach:
    """Several shows together. A figure that none of them told is None.

    shows: those whose rooms told anything; silent: those of which nobody counted who watched. peak_of, average_of: of
    how many shows the platform gave them. gpm_fen: by currency, paid per thousand views of the shows that told views.
    """

    shows: int = 0
    silent: int = 0
    rooms: int = 0
    views: int | None = None
    viewers: int | None = None
    product_impressions: int | None = None
    product_clicks: int | None = None
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    follows: int | None = None
    peak_online: int | None = None
    peak_of: int = 0
    average_online_hundredths: int | None = None
    average_of: int = 0
    ctr: int | None = None
    live_ctr: int | None = None
    gpm_fen: Mapping[str, int | None] | None = None
    spend: tuple[Spend, ...] = ()

    @property
    def is_person_times(self) -> bool:
        """Whether viewers were added over rooms and so count some people more than once."""
        return self.rooms > 1


@dataclass(frozen=True)
class ReachRow:
    """One group's; key and labels as those of the summary's groups, "" stands for none or several."""

    key: str
    label: str
    label_en: str
    reach: Reach


@dataclass(frozen=True)
class Watched:
    """The whole, and its groups that add up to it; mixed: shows of several brands that are left out."""

    whole: Reach
    rows: tuple[ReachRow, ...]
    mixed: int


_SHOWS = text(
    "SELECT s.id, s.campaign_id, s.actual_starts_at AS began, cardinality(s.brand_ids) > 1 AS mixed,"
    " greatest(0, extract(epoch FROM coalesce(s.actual_ends_at, :now) - s.actual_starts_at) - s.off_air_seconds)::int"
    " AS seconds, ARRAY(SELECT DISTINCT p.host_id FROM participant p WHERE p.session_id = s.id"
    " AND p.role IN ('host', 'influencer') ORDER BY 1) AS host_ids"
    " FROM live_session s WHERE s.brand_ids @> ARRAY[CAST(:brand_id AS bigint)]"
    " AND s.state IN ('live', 'ended', 'reviewed') AND s.actual_starts_at >= :from_at AND s.actual_starts_at < :to_at"
    " ORDER BY s.actual_starts_at, s.id"
)
# What counters.grown says of a room's readings, said of many shows in one statement.
_GROWN = text(
    "WITH reading AS MATERIALIZED (SELECT w.id AS session_id, r.* FROM unnest(CAST(:ids AS bigint[])) w (id)"
    " CROSS JOIN LATERAL room_readings(w.id, :now, :slack) r),"
    " room AS (SELECT session_id, count(DISTINCT (platform, room_id)) AS rooms FROM reading WHERE own GROUP BY 1),"
    " step AS (SELECT r.session_id, r.own, v.name, v.value, coalesce(lag(v.value) OVER (PARTITION BY r.session_id,"
    " r.platform, r.room_id, v.name ORDER BY r.at, r.own), 0) AS before FROM reading r CROSS JOIN LATERAL (VALUES "
    + ", ".join(f"('{name}', r.{name})" for name in COUNTERS)
    + ") v (name, value) WHERE r.kind = 'cumulative' AND v.value IS NOT NULL)"
    " SELECT room.session_id, room.rooms, counted.name, counted.grown FROM room LEFT JOIN (SELECT session_id, name,"
    " sum(CASE WHEN value >= before THEN value - before ELSE value END)::bigint AS grown FROM step WHERE own"
    " GROUP BY 1, 2) counted USING (session_id)"
)
_PAID = text(
    "SELECT session_id, currency, sum(paid_fen)::bigint AS paid_fen FROM session_total"
    " WHERE session_id = ANY (:ids) AND brand_id = :brand_id GROUP BY 1, 2 HAVING sum(placed_fen) <> 0"
    " OR sum(paid_fen) <> 0 ORDER BY 1, 2"
)


def watched(db: Session, actor: Actor, scope: Scope, group_by: str) -> Watched | None:
    """Of a brand's days, for the hub and the brand. None by cash: who watched has no day on which money moved."""
    if scope.basis == "cash" or scope.brand_id is None or scope.first is None or scope.last is None:
        return None
    if not actor.is_hub and actor.brand_id != scope.brand_id:
        return None
    zone, now = zone_of(db), clock.now(db)
    span = {"from_at": day_span(scope.first, zone)[0], "to_at": day_span(scope.last, zone)[1]}
    found = db.execute(_SHOWS, span | {"brand_id": scope.brand_id, "now": now}).all()
    own = [row for row in found if not row.mixed]
    told = _told(db, scope.brand_id, [row.id for row in own], now)
    shows = [
        Show(
            session_id=row.id,
            day=business_day(row.began, zone),
            campaign_id=row.campaign_id,
            host_ids=tuple(row.host_ids),
            seconds=row.seconds,
            **told[row.id],
        )
        for row in own
    ]
    return Watched(together(shows), _rows(db, shows, group_by), len(found) - len(own))


def together(shows: Sequence[Show]) -> Reach:
    """Shows as one. Pure."""
    heard = [show for show in shows if show.rooms]
    added = {name: _added(show.counters.get(name) for show in heard) for name in _ADDED}
    peaks = [show.peak_online for show in shows if show.peak_online is not None]
    averages = [
        (show.average_online_hundredths, show.seconds)
        for show in shows
        if show.average_online_hundredths is not None and show.seconds
    ]
    weight = sum(seconds for _, seconds in averages)
    spent: dict[str, int] = {}
    for show in shows:
        if show.spend is not None:
            spent[show.spend.currency] = spent.get(show.spend.currency, 0) + show.spend.amount_fen
    return Reach(
        shows=len(heard),
        silent=len(shows) - len(heard),
        rooms=sum(show.rooms for show in heard),
        **added,
        peak_online=max(peaks, default=None),
        peak_of=len(peaks),
        average_online_hundredths=divided(sum(told * seconds for told, seconds in averages), weight),
        average_of=len(averages),
        ctr=_ratio(heard, "product_clicks", "views"),
        live_ctr=_ratio(heard, "product_clicks", "product_impressions"),
        gpm_fen=_gpm([show for show in heard if "views" in show.counters]),
        spend=tuple(Spend(amount, currency) for currency, amount in sorted(spent.items())),
    )


def _ratio(shows: Iterable[Show], name: str, by: str) -> int | None:
    """The ratio of the totals of those shows that told both, in ten-thousandths."""
    both = [show.counters for show in shows if name in show.counters and by in show.counters]
    return divided(sum(one[name] for one in both) * 10_000, sum(one[by] for one in both))


def _gpm(shows: Sequence[Show]) -> dict[str, int | None]:
    views = sum(show.counters["views"] for show in shows)
    paid: dict[str, int] = {}
    for show in shows:
        for currency, amount in show.paid_fen.items():
            paid[currency] = paid.get(currency, 0) + amount
    return {currency: divided(amount * 1000, views) for currency, amount in sorted(paid.items())}


def _added(values: Iterable[int | None]) -> int | None:
    told = [one for one in values if one is not None]
    return sum(told) if told else None


def _key(show: Show, group_by: str) -> str:
    if group_by == "day":
        return str(show.day)
    if group_by == "session":
        return str(show.session_id)
    if group_by == "campaign":
        return str(show.campaign_id or 0)
    # Of several hosts nobody can tell whose viewers they were.
    return str(show.host_ids[0]) if len(show.host_ids) == 1 else "0"


def _rows(db: Session, shows: Sequence[Show], group_by: str) -> tuple[ReachRow, ...]:
    if group_by not in TOLD_BY:
        return ()
    groups: dict[str, list[Show]] = {}
    for show in shows:
        groups.setdefault(_key(show, group_by), []).append(show)
    labels = named_keys(db, group_by, groups)
    rows = [ReachRow(*labels[key], together(own)) for key, own in groups.items()]
    if group_by == "day":
        return tuple(rows)
    return tuple(
        sorted(rows, key=lambda row: (-1 if row.reach.views is None else -row.reach.views - 2, row.key))
    )


def _told(db: Session, brand_id: int, ids: list[int], now: datetime) -> dict[int, dict[str, Any]]:
    """What each show's own page says."""
    values = {"ids": ids, "now": now, "slack": SLACK}
    rooms: dict[int, int] = {}
    counters: dict[int, dict[str, int]] = {}
    for row in db.execute(_GROWN, values) if ids else ():
        rooms[row.session_id] = row.rooms
        if row.grown is not None:
            counters.setdefault(row.session_id, {})[row.name] = row.grown
    paid: dict[int, dict[str, int]] = {}
    for row in db.execute(_PAID, {"ids": ids, "brand_id": brand_id}):
        paid.setdefault(row.session_id, {})[row.currency] = row.paid_fen
    counted = {one: told.pop("ad_spend_fen") for one, told in counters.items() if "ad_spend_fen" in told}
    spent = spent_by(db, ids, counted, {one: tuple(paid.get(one, ())) or ("CNY",) for one in ids}, now)
    online = platform_online(db, ids)
    nobody = (None, None)
    return {
        one: {
            "rooms": rooms.get(one, 0),
            "counters": counters.get(one, {}),
            "spend": spent.get(one),
            "peak_online": online.get(one, nobody)[0],
            "average_online_hundredths": online.get(one, nobody)[1],
            "paid_fen": paid.get(one, {}),
        }
        for one in ids
    }
