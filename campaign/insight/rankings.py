"""Brands, hosts and studios beside each other, for the hub: money by the hour on air, punctuality, what came back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.insight.figures import Beneath
from campaign.insight.summary import beneath, zone_of
from campaign.insight.tallies import Scope
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import Forbidden
from campaign.kit.instants import day_span
from campaign.kit.money import divided
from campaign.live.breaks import breaks_of
from campaign.schedule.spans import Span

Kind = Literal["brand", "host", "studio"]
Order = Literal["per_hour", "paid", "refund_rate", "on_time"]


@dataclass(frozen=True)
class Ranked:
    """One party in one currency, over the sessions that began within the days asked for.

    key 0 gathers what is nobody's: sales of no brand, or shared by hosts. A party that sold in a show which does not
    name it has money and no hours.

    seconds: on air, gaps taken out; of a host its shifts alone. late counts sessions that began a whole minute
    or more after their planned start, late_minutes adds theirs up.
    """

    key: int
    name: str
    name_en: str
    currency: str
    sessions: int
    seconds: int
    late: int
    late_minutes: int
    no_shows: int
    paid_fen: int
    refund_fen: int

    @property
    def net_fen(self) -> int:
        return self.paid_fen - self.refund_fen

    @property
    def per_hour_fen(self) -> int | None:
        """Paid over hours on air: a ratio of the totals, never a mean of sessions."""
        return divided(self.paid_fen * 3600, self.seconds)

    @property
    def refund_rate(self) -> int | None:
        return divided(self.refund_fen * 10_000, self.paid_fen)

    @property
    def on_time(self) -> int | None:
        """Sessions that began in time over all that were to begin, no-shows among them."""
        planned = self.sessions + self.no_shows
        return divided((self.sessions - self.late) * 10_000, planned)


@dataclass(frozen=True)
class Quality:
    """How far the figures of some days can be trusted, in one currency."""

    currency: str
    live_fen: int
    live_lines: int
    provisional_fen: int
    provisional_lines: int
    beneath: Beneath | None

    @property
    def unattributed_share(self) -> int | None:
        """Unattributed over all that may be live sales."""
        loose = self.beneath.unattributed_fen if self.beneath else 0
        return divided(loose * 10_000, self.live_fen + loose)

    @property
    def provisional_share(self) -> int | None:
        return divided(self.provisional_fen * 10_000, self.live_fen)


# Sessions by the day they were to begin. A show that goes on is on air until now.
_SHOWN = (
    "WITH shown AS (SELECT s.id, s.studio_id, s.brand_ids, s.state = 'no_show' AS missed, s.actual_starts_at AS began,"
    " coalesce(s.actual_ends_at, :now) AS ended, s.off_air_seconds,"
    " trunc(extract(epoch FROM s.actual_starts_at - s.starts_at) / 60)::int AS late_minutes FROM live_session s"
    " WHERE s.starts_at >= :from_at AND s.starts_at < :to_at"
    " AND (s.state = 'no_show' OR s.actual_starts_at IS NOT NULL)),"
    " aired AS (SELECT *, greatest(0, extract(epoch FROM ended - began) - off_air_seconds) AS seconds FROM shown)"
)
_PARTS = {
    "studio": "SELECT a.studio_id AS key, a.id, a.missed, a.late_minutes, a.seconds FROM aired a",
    "brand": "SELECT b.key, a.id, a.missed, a.late_minutes, a.seconds FROM aired a, unnest(a.brand_ids) AS b (key)",
    # Of a host the part of its shifts that was on air, the first and the last as far as the show went: so its sales are
    # attributed. Who assists holds no shift. A gap is of whoever had the shift then; where its length alone is known,
    # it is shared out by length.
    "host": (
        "SELECT key, id, missed, late_minutes,"
        " greatest(0, sum(long - broken - coalesce(untold * long / nullif(span, 0), 0))) AS seconds FROM ("
        "SELECT p.host_id AS key, a.id, a.missed, a.late_minutes, extract(epoch FROM a.ended - a.began) AS span,"
        " a.off_air_seconds - coalesce(k.seconds, 0) AS untold,"
        " greatest(0, extract(epoch FROM least(p.ends_at, a.ended) - greatest(p.starts_at, a.began))) AS long,"
        # No gap is no row of it: of least(infinity, NULL) infinity would be left.
        " coalesce(sum(greatest(0, extract(epoch FROM least(p.ends_at, g.until) - greatest(p.starts_at, g.since))))"
        " FILTER (WHERE g.id IS NOT NULL), 0) AS broken"
        " FROM aired a JOIN (SELECT id, session_id, host_id,"
        " CASE WHEN starts_at = min(starts_at) OVER show THEN '-infinity' ELSE starts_at END AS starts_at,"
        " CASE WHEN ends_at = max(ends_at) OVER show THEN 'infinity' ELSE ends_at END AS ends_at"
        " FROM participant WHERE role IN ('host', 'influencer') AND session_id IN (SELECT id FROM shown)"
        " WINDOW show AS (PARTITION BY session_id)) p ON p.session_id = a.id AND NOT a.missed"
        " LEFT JOIN gap g ON g.id = a.id LEFT JOIN (SELECT id, sum(extract(epoch FROM until - since)) AS seconds"
        " FROM gap GROUP BY 1) k ON k.id = a.id"
        " GROUP BY p.id, p.host_id, p.starts_at, p.ends_at, a.id, a.missed, a.late_minutes, a.began, a.ended,"
        " a.off_air_seconds, k.seconds"
        " UNION ALL SELECT p.host_id, a.id, a.missed, a.late_minutes, 0, 0, 0, 0 FROM aired a"
        " JOIN participant p ON p.session_id = a.id AND a.missed AND p.role IN ('host', 'influencer')"
        ") shift GROUP BY 1, 2, 3, 4"
    ),
}
_GAPS = (
    ", gap AS (SELECT * FROM unnest(CAST(:gap_ids AS bigint[]), CAST(:gaps_since AS timestamptz[]),"
    " CAST(:gaps_until AS timestamptz[])) AS g (id, since, until))"
)
_AIRED = (
    "{shown}{gaps} SELECT key, count(*) FILTER (WHERE NOT missed) AS sessions,"
    " count(*) FILTER (WHERE missed) AS no_shows,"
    " count(*) FILTER (WHERE NOT missed AND late_minutes > 0) AS late,"
    " coalesce(sum(late_minutes) FILTER (WHERE NOT missed AND late_minutes > 0), 0)::bigint AS late_minutes,"
    " coalesce(round(sum(seconds)), 0)::bigint AS seconds FROM ({parts}) p GROUP BY 1"
)
_REFUNDS = "t.refund_pre_ship_fen + t.refund_post_ship_fen + t.refund_post_receipt_fen"
_SOLD = (
    "{shown} SELECT {key} AS key, t.currency, sum(t.paid_fen)::bigint AS paid_fen,"
    f" sum({_REFUNDS})::bigint AS refund_fen"
    " FROM shown s JOIN session_total t ON t.session_id = s.id GROUP BY 1, 2"
)
_UNAIRED = {"sessions": 0, "no_shows": 0, "late": 0, "late_minutes": 0, "seconds": 0}
_KEYS = {"studio": "s.studio_id", "brand": "t.brand_id", "host": "t.host_id"}
# Of the orders of those days, as the sums they are held against: a show over midnight has lines on two. Its sessions
# are found first, for no index has lines by day alone.
_PROVISIONAL = text(
    "SELECT l.currency, count(*) FILTER (WHERE l.kind = 'sale') AS lines, sum(l.paid_fen)::bigint AS paid_fen"
    " FROM (SELECT DISTINCT session_id FROM sales_day WHERE basis = 'cohort' AND bucket = 'live'"
    " AND day BETWEEN :first AND :last) s JOIN order_line l ON l.session_id = s.session_id"
    " WHERE l.order_day BETWEEN :first AND :last AND l.provisional AND l.kind IN ('sale', 'service')"
    " AND l.paid_at IS NOT NULL GROUP BY 1"
)
_LIVE = text(
    "SELECT currency, sum(paid_fen)::bigint AS paid_fen, sum(lines)::bigint AS lines FROM sales_day"
    " WHERE basis = 'cohort' AND bucket = 'live' AND day BETWEEN :first AND :last GROUP BY 1"
)
_BROKEN = "{shown} SELECT id, began, ended FROM shown WHERE began IS NOT NULL AND off_air_seconds > 0"
_SORTS: Mapping[str, Any] = {
    "per_hour": lambda one: 1 if one.per_hour_fen is None else -one.per_hour_fen,
    "paid": lambda one: -one.paid_fen,
    "refund_rate": lambda one: -1 if one.refund_rate is None else -one.refund_rate - 2,
    "on_time": lambda one: -1 if one.on_time is None else -one.on_time - 2,
}


def ranking(
    db: Session, actor: Actor, kind: Kind, first: date, last: date, *, order: Order = "per_hour"
) -> list[Ranked]:
    """Who had sessions planned on those days: a ranking per currency, one after the other by their codes.

    Amounts of two currencies never meet, in an order as little as in a sum. Raises Forbidden to others than the hub.
    """
    params = _params(db, actor, first, last)
    gaps = _gaps(db, params) if kind == "host" else _NO_GAPS
    sql = _AIRED.format(shown=_SHOWN, gaps=_GAPS, parts=_PARTS[kind])
    aired = db.execute(text(sql), params | gaps).mappings()
    by_key = {row["key"]: dict(row) for row in aired}
    money: dict[int, list[dict[str, Any]]] = {}
    for row in db.execute(text(_SOLD.format(shown=_SHOWN, key=_KEYS[kind])), params).mappings():
        money.setdefault(row["key"], []).append(dict(row))
    everybody = {key: by_key.get(key, _UNAIRED | {"key": key}) for key in {*by_key, *money}}
    found = db.execute(
        text(f"SELECT id, name, name_en FROM {kind} WHERE id = ANY (:ids)"), {"ids": list(everybody)}
    )
    names = {row.id: (row.name, row.name_en) for row in found} | {0: ("", "")}
    # Who sold nothing stands with all others, where those sold in one currency.
    currencies = {one["currency"] for sold in money.values() for one in sold}
    alone = currencies.pop() if len(currencies) == 1 else "CNY"
    nought: dict[str, Any] = {"currency": alone, "paid_fen": 0, "refund_fen": 0}
    rows = [
        Ranked(name=names[key][0], name_en=names[key][1], **(sold | aired))
        for key, aired in everybody.items()
        for sold in money.get(key, [nought])
        if key in names
    ]
    return sorted(rows, key=lambda one: (one.currency, one.key == 0, _SORTS[order](one), one.name))


_NO_GAPS: dict[str, list[Any]] = {"gap_ids": [], "gaps_since": [], "gaps_until": []}


def _gaps(db: Session, params: Mapping[str, Any]) -> dict[str, list[Any]]:
    """When the shows were off air, as the platforms told of their rooms."""
    shows = db.execute(text(_BROKEN.format(shown=_SHOWN)), params)
    found = breaks_of(db, {row.id: Span(row.began, row.ended) for row in shows})
    flat = [(session_id, gap) for session_id, gaps in found.items() for gap in gaps]
    return {
        "gap_ids": [session_id for session_id, _ in flat],
        "gaps_since": [gap.starts_at for _, gap in flat],
        "gaps_until": [gap.ends_at for _, gap in flat],
    }


def quality(db: Session, actor: Actor, first: date, last: date) -> list[Quality]:
    """What of the days' money is loose or provisional, by currency. Raises Forbidden to others than the hub."""
    if not actor.is_hub:
        raise Forbidden
    provisional = {
        row.currency: (row.paid_fen, row.lines)
        for row in db.execute(_PROVISIONAL, {"first": first, "last": last})
    }
    scope = Scope(first=first, last=last)
    # Orders and buyers are not asked for: to recount them over the whole hub would read every line.
    live = {row.currency: row for row in db.execute(_LIVE, {"first": first, "last": last})}
    loose = {one.currency: one for one in beneath(db, actor, scope)}
    return [
        Quality(
            currency,
            live[currency].paid_fen if currency in live else 0,
            live[currency].lines if currency in live else 0,
            *provisional.get(currency, (0, 0)),
            loose.get(currency),
        )
        for currency in sorted({*live, *loose})
    ]


def _params(db: Session, actor: Actor, first: date, last: date) -> dict[str, Any]:
    if not actor.is_hub:
        raise Forbidden
    zone = zone_of(db)
    return {
        "now": clock.now(db),
        "from_at": day_span(first, zone)[0],
        "to_at": day_span(last, zone)[1],
    }
