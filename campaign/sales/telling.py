"""Telling agencies what their hosts' shifts sold: at most once a minute per session."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.instants import written
from campaign.outbox import actions as outbox

EVERY = timedelta(minutes=1)
MOST_SESSIONS = 50
"""In one transaction: the fold waits for these rows. More may be due."""

# The fold takes these rows' locks too: one that it holds is told of at the next turn. Who has waited longest comes
# first: by number, those with low ones that sell without end would keep the others from being told.
_DUE = text(
    "SELECT v.session_id, v.version, s.agency_ids FROM session_sales v JOIN live_session s ON s.id = v.session_id"
    " WHERE v.version > v.told_version AND cardinality(s.agency_ids) > 0 AND s.state <> 'cancelled'"
    " AND (v.told_at IS NULL OR v.told_at <= :before)"
    f" ORDER BY v.told_at NULLS FIRST, v.session_id LIMIT {MOST_SESSIONS}"
    " FOR UPDATE OF v SKIP LOCKED"
)
_SOLD = text(
    "SELECT agency_id, currency, sum(placed_fen)::bigint AS placed_gmv_fen, sum(paid_fen)::bigint AS paid_gmv_fen,"
    " sum(refund_pre_ship_fen + refund_post_ship_fen + refund_post_receipt_fen)::bigint AS refund_fen,"
    " sum(lines)::bigint AS lines, sum(units)::bigint AS units FROM session_total"
    " WHERE session_id = :id AND agency_id = ANY(:agencies) GROUP BY 1, 2 ORDER BY 1, 2"
)
_MATURING = text(
    "SELECT agency_id, currency FROM sales_maturity WHERE session_id = :id AND agency_id = ANY(:agencies)"
    " AND matures_at > :now GROUP BY 1, 2 HAVING sum(counted_lines) > 0"
)
_TOLD = text("UPDATE session_sales SET told_version = :version, told_at = :now WHERE session_id = :id")


def tell(db: Session, actor: Actor) -> int:
    """Write sales.updated for sessions whose figures moved, at most MOST_SESSIONS; gives how many.

    Each agency reads its own alone.
    """
    now = clock.now(db)
    due = db.execute(_DUE, {"before": now - EVERY}).all()
    # By number, as everybody counts sessions' facts: two that did so in other orders would wait for each other.
    for row in sorted(due, key=lambda one: int(one.session_id)):
        mine = sold_by_agency(db, row.session_id, row.agency_ids)
        if mine:
            outbox.write(
                db,
                "sales.updated",
                session_id=row.session_id,
                agency_ids=sorted(mine),
                data={"version": row.version, "as_of": written(now)},
                per_agency={agency_id: {"totals": totals} for agency_id, totals in mine.items()},
            )
        db.execute(_TOLD, {"id": row.session_id, "version": row.version, "now": now})
    return len(due)


def sold_by_agency(db: Session, session_id: int, agency_ids: list[int]) -> Mapping[int, list[dict[str, Any]]]:
    """What each agency's hosts sold in their shifts of a session: totals, one per currency."""
    params = {"id": session_id, "agencies": agency_ids, "now": clock.now(db)}
    maturing = {(row.agency_id, row.currency) for row in db.execute(_MATURING, params)}
    sold: dict[int, list[dict[str, Any]]] = {}
    for row in db.execute(_SOLD, params).mappings():
        totals = dict(row)
        agency_id = totals.pop("agency_id")
        totals["net_gmv_fen"] = totals["paid_gmv_fen"] - totals["refund_fen"]
        totals["maturing"] = (agency_id, totals["currency"]) in maturing
        sold.setdefault(agency_id, []).append(totals)
    return sold
