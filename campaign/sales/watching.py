"""Alerts about shows on air: nothing sold for a while, refunds in a rush, data that arrives late."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.live.alerts import ring, settle
from campaign.parties.house import set_numbers
from campaign.parties.queries import get_hub
from campaign.sales.hearing import unheard
from campaign.sales.selling import WINDOW, Rush, Selling, WatchRules, troubles

KINDS = ("no_sales", "refund_surge", "sales_late")

_ON_AIR = text("""
    SELECT s.id, coalesce(s.actual_starts_at, s.starts_at) AS since,
           (SELECT max(l.ordered_at) FROM order_line l WHERE l.session_id = s.id AND l.kind = 'sale') AS last_sale_at
    FROM live_session s WHERE s.state = 'live' ORDER BY s.id
""")
_PAID = text("""
    SELECT session_id, currency, sum(paid_fen)::bigint AS paid_fen FROM order_line
    WHERE session_id = ANY (CAST(:ids AS bigint[])) AND paid_at > CAST(:since AS timestamptz) GROUP BY 1, 2
""")
_REFUNDED = text("""
    SELECT l.session_id, l.currency, count(*) AS refunds, sum(r.amount_fen)::bigint AS refunded_fen
    FROM order_line l JOIN refund r ON r.shop_id = l.shop_id AND r.line_id = l.line_id
    WHERE l.session_id = ANY (CAST(:ids AS bigint[])) AND r.status = 'success'
      AND r.succeeded_at > CAST(:since AS timestamptz) AND coalesce(r.currency, l.currency) = l.currency GROUP BY 1, 2
""")
# Only of shops that push, and have since the show began: an export read meanwhile is old by its nature. Of several
# shops the one whose data is newest speaks: another may simply have sold nothing. It is as late as what came last; that
# nothing comes any more is for campaign.sales.hearing to say, and what is asked for is as late as its answers.
_LAGS = text("""
    SELECT s.id, min(p.received_at - p.complete_through) AS lag
    FROM live_session s
    JOIN session_channel c ON c.session_id = s.id
    JOIN shop h ON h.platform = c.platform AND h.brand_id = ANY (s.brand_ids)
    JOIN shop_progress p ON p.shop_id = h.id
    WHERE s.id = ANY (CAST(:ids AS bigint[])) AND p.received_at >= coalesce(s.actual_starts_at, s.starts_at)
      AND EXISTS (SELECT 1 FROM sale_event e WHERE e.shop_id = h.id AND e.source = 'push'
                  AND e.received_on >= CAST(:day AS date) - 1)
      AND NOT EXISTS (SELECT FROM connector_pull q JOIN connector k ON k.id = q.connector_id
                      WHERE k.archived_at IS NULL AND k.kind = h.platform
                        AND (k.id = p.asked_by OR h.id = ANY (k.shop_ids)))
    GROUP BY 1
""")


def watch(db: Session, actor: Actor) -> int:
    """Ring for what stands, settle what is over; gives how many stand. What a person closed stays closed a while."""
    now, rules = clock.now(db), WatchRules.of(get_hub(db, actor).settings)
    standing: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for show in _on_air(db, actor, now):
        for kind, detail in troubles(show, rules, now):
            subject = f"session:{show.session_id}"
            standing[kind].add(subject)
            ring(db, actor, kind, subject, session_id=show.session_id, **detail)
    for kind, subjects in standing.items():
        settle(db, actor, kind, subjects)
    return sum(map(len, standing.values()))


def _on_air(db: Session, actor: Actor, now: datetime) -> list[Selling]:
    shows = db.execute(_ON_AIR).all()
    values = {"ids": [show.id for show in shows], "since": now - WINDOW, "day": now.date()}
    paid = {(row.session_id, row.currency): row.paid_fen for row in db.execute(_PAID, values)}
    rushes: dict[int, list[Rush]] = defaultdict(list)
    for row in db.execute(_REFUNDED, values):
        rush = Rush(row.currency, row.refunds, row.refunded_fen, paid.get((row.session_id, row.currency), 0))
        rushes[row.session_id].append(rush)
    lags = {row.id: row.lag for row in db.execute(_LAGS, values)}
    silent = unheard(db, [show.id for show in shows], now)
    return [
        Selling(show.id, show.since, show.last_sale_at, rushes[show.id], lags.get(show.id), silent[show.id])
        for show in shows
    ]


def rules_of_hub(db: Session, actor: Actor) -> WatchRules:
    """When sales ring, as it stands."""
    return WatchRules.of(get_hub(db, actor).settings)


def set_rules(db: Session, actor: Actor, wanted: WatchRules) -> None:
    """Set the numbers; what stands is judged by them at the next look."""
    set_numbers(db, actor, "sales_watch", wanted, action="hub.sales_watch_set")
