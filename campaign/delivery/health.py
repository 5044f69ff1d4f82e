"""How endpoints fare: by day, what waits, and which of them need somebody first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Integer, cast, func, literal, select, text, tuple_
from sqlalchemy.orm import Session

from campaign.delivery.models import WebhookDelivery, WebhookEndpoint
from campaign.delivery.rows import own
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.paging import DEFAULT_LIMIT, Page, from_cursor, page_from

DAYS = 14


@dataclass(frozen=True)
class DayHealth:
    """The deliveries of a day's events, by the hub's clocks. Times in seconds from the event to the receiver's 2xx,
    of those that nobody asked for again.

    replaced: totals that gave way to newer ones of their session before they were sent.
    """

    day: date
    delivered: int
    given_up: int
    replaced: int
    waiting: int
    p50_seconds: float | None
    p95_seconds: float | None

    @property
    def total(self) -> int:
        return self.delivered + self.given_up + self.waiting


_DAYS = text("""
SELECT (created_at AT TIME ZONE :zone)::date AS day,
       count(*) FILTER (WHERE state = 'delivered') AS delivered,
       count(*) FILTER (WHERE state IN ('exhausted', 'expired')
                          AND last_error IS DISTINCT FROM 'superseded') AS given_up,
       count(*) FILTER (WHERE state = 'expired' AND last_error = 'superseded') AS replaced,
       count(*) FILTER (WHERE state IN ('pending', 'sending', 'held')) AS waiting,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - created_at))
           FILTER (WHERE state = 'delivered' AND again_at IS NULL) AS p50,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - created_at))
           FILTER (WHERE state = 'delivered' AND again_at IS NULL) AS p95
FROM webhook_delivery
WHERE endpoint_id = :endpoint AND day >= :since
GROUP BY 1 ORDER BY 1 DESC
""")
# Each half by a partial index of its own: an endpoint with a million delivered costs nothing here. What
# waits to be held is told as held (moving).
_WAITING = text("""
SELECT w.endpoint_id, CASE WHEN w.state = 'pending' AND e.state <> 'active' THEN 'held'
                           WHEN w.state = 'sending' THEN 'pending' ELSE w.state END AS state,
       sum(w.count)::bigint AS count
FROM (
    SELECT endpoint_id, state, count(*) AS count FROM webhook_delivery
    WHERE endpoint_id = ANY(:endpoints) AND state IN ('pending', 'sending') GROUP BY 1, 2
    UNION ALL
    SELECT endpoint_id, state, count(*) FROM webhook_delivery
    WHERE endpoint_id = ANY(:endpoints) AND state = 'held' GROUP BY 1, 2
) w JOIN webhook_endpoint e ON e.id = w.endpoint_id
GROUP BY 1, 2
""")
_OLDEST = text("""
SELECT least((SELECT min(greatest(created_at, again_at)) FROM webhook_delivery
              WHERE endpoint_id = :endpoint AND state IN ('pending', 'sending')),
             (SELECT min(greatest(created_at, again_at)) FROM webhook_delivery
              WHERE endpoint_id = :endpoint AND state = 'held'))
""")


def days_of(db: Session, actor: Actor, endpoint: WebhookEndpoint, zone: ZoneInfo) -> list[DayHealth]:
    """The last fourteen days that had events, the newest first."""
    since = clock.now(db).date() - timedelta(days=DAYS)
    rows = db.execute(_DAYS, {"endpoint": endpoint.id, "since": since, "zone": zone.key})
    return [
        DayHealth(
            row.day,
            row.delivered,
            row.given_up,
            row.replaced,
            row.waiting,
            *(_seconds(one) for one in (row.p50, row.p95)),
        )
        for row in rows
    ]


def waiting_of(db: Session, actor: Actor, endpoint_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """What waits now, of whatever day: how many are pending and how many held, by endpoint."""
    found: dict[int, dict[str, int]] = {}
    for endpoint_id, state, count in db.execute(_WAITING, {"endpoints": list(endpoint_ids)}):
        found.setdefault(endpoint_id, {})[state] = count
    return found


def oldest_waiting(db: Session, actor: Actor, endpoint: WebhookEndpoint) -> datetime | None:
    """Since when the oldest of what waits does."""
    found: datetime | None = db.execute(_OLDEST, {"endpoint": endpoint.id}).scalar_one()
    return found


def counts_since(
    db: Session, actor: Actor, endpoint_ids: Sequence[int], since: datetime
) -> dict[int, dict[str, int]]:
    """How many deliveries of events since then were delivered, and how many of whatever day were given up since then.

    Giving up takes three days: those of today's events alone would be none.
    """
    counted = select(WebhookDelivery.endpoint_id, WebhookDelivery.state, func.count()).group_by(
        WebhookDelivery.endpoint_id, WebhookDelivery.state
    )
    theirs = (WebhookDelivery.endpoint_id.in_(endpoint_ids), own(actor, WebhookDelivery.agency_id))
    delivered = counted.where(
        *theirs,
        WebhookDelivery.state == "delivered",
        # Its day is that of the event, by UTC: a bound for partitions alone.
        WebhookDelivery.day >= (since.astimezone(UTC) - timedelta(days=1)).date(),
        WebhookDelivery.created_at >= since,
    )
    given_up = counted.where(
        *theirs, WebhookDelivery.state == "exhausted", WebhookDelivery.finished_at >= since
    )
    found: dict[int, dict[str, int]] = {}
    for endpoint_id, state, count in (*db.execute(delivered), *db.execute(given_up)):
        found.setdefault(endpoint_id, {})[state] = count
    return found


_NEVER = 2**62
# Whole numbers, so that a cursor holds them to the microsecond.
_RANKS = (
    cast(WebhookEndpoint.state != "disabled", Integer),
    func.coalesce(cast(func.extract("epoch", WebhookEndpoint.failing_since) * 1_000_000, BigInteger), _NEVER),
    WebhookEndpoint.id,
)


def worst_first(
    db: Session, actor: Actor, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[WebhookEndpoint]:
    """A page of endpoints in use: those switched off, then those that fail the longest, then the rest by age.

    One whose health changes meanwhile may stand on two pages, or on none.
    """
    wanted = select(WebhookEndpoint, *_RANKS[:2]).where(
        WebhookEndpoint.archived_at.is_(None), own(actor, WebhookEndpoint.agency_id)
    )
    if cursor is not None:
        last = (literal(one, BigInteger) for one in from_cursor(cursor, (int, int, int)))
        wanted = wanted.where(tuple_(*_RANKS) > tuple_(*last))
    found = page_from(
        db.execute(wanted.order_by(*_RANKS).limit(limit + 1)).all(),
        limit,
        lambda row: (row[1], row[2], row[0].id),
    )
    return Page([row[0] for row in found.items], found.next_cursor)


def _seconds(value: object) -> float | None:
    return None if value is None else float(str(value))
