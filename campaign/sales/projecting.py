"""Live figures in Redis: absolute totals per session, taken only when their version is newer.

A projection: flushing it loses nothing, and reading it is never needed to know what was sold.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.instants import written
from campaign.kit.redis import Client, Newer, write_newer
from campaign.sales.images import FIGURES

MOST_SESSIONS = 200
PREFIX = "sales:session:"
CHANNEL = "sales:live"
"""On which it is said whose figures became newer: session ids."""
WHOLE = "sales:whole"
"""Stands as long as nobody flushed Redis; without it every session is projected anew."""


_NOUGHTS = dict.fromkeys(FIGURES, 0)


@dataclass(frozen=True)
class Projection:
    """One session's totals at one version, by currency. Figures are those of images.MEASURES and `orders`."""

    session_id: int
    version: int
    as_of: str
    totals: dict[str, dict[str, int]]

    def payload(self) -> str:
        return json.dumps(
            {"version": self.version, "as_of": self.as_of, "totals": self.totals}, sort_keys=True
        )


_DUE = text("SELECT session_id FROM session_sales WHERE version > projected_version ORDER BY 1 LIMIT :most")
_TOTALS = text(
    "SELECT v.session_id, v.version, t.currency, "
    + ", ".join(f"coalesce(sum(t.{name}), 0)::bigint AS {name}" for name in FIGURES)
    + " FROM session_sales v LEFT JOIN session_total t ON t.session_id = v.session_id"
    " WHERE v.session_id = ANY(:ids) GROUP BY 1, 2, 3"
)
# Orders are distinct: recounted, never added. By hash: count(DISTINCT …) sorts whole rows, and takes twice as long.
_ORDERS = text(
    "SELECT session_id, currency, count(*) AS orders FROM (SELECT DISTINCT session_id, currency, shop_id,"
    " coalesce(parent_order_id, line_id) FROM order_line WHERE session_id = ANY(:ids) AND kind = 'sale'"
    " AND paid_at IS NOT NULL) told GROUP BY 1, 2"
)
_NOTE = text(
    "WITH free AS (SELECT s.session_id, r.version FROM session_sales s"
    " JOIN jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(session_id bigint, version bigint) USING (session_id)"
    " ORDER BY 1 FOR UPDATE OF s SKIP LOCKED)"
    " UPDATE session_sales s SET projected_version = greatest(s.projected_version, free.version)"
    " FROM free WHERE s.session_id = free.session_id"
)


def due_sessions(db: Session, actor: Actor, *, most: int = MOST_SESSIONS) -> list[int]:
    """Sessions whose figures in Redis are older than in SQL."""
    return list(db.execute(_DUE, {"most": most}).scalars())


def projections_of(db: Session, actor: Actor, session_ids: Sequence[int]) -> list[Projection]:
    """Totals with their version, both of one snapshot: one statement reads them."""
    ids = {"ids": list(session_ids)}
    as_of = written(clock.now(db))
    made: dict[int, Projection] = {}
    for row in db.execute(_TOTALS, ids):
        found = made.setdefault(row.session_id, Projection(row.session_id, row.version, as_of, {}))
        if row.currency is not None:
            found.totals[row.currency] = {name: getattr(row, name) for name in FIGURES} | {"orders": 0}
    for row in db.execute(_ORDERS, ids):
        if row.currency in made[row.session_id].totals:
            made[row.session_id].totals[row.currency]["orders"] = row.orders
    return list(made.values())


def put(client: Client, projections: Sequence[Projection]) -> int:
    """Write what is newer than what stands there, and say so; gives how many were. Raises RedisError."""
    rows = (
        Newer(f"{PREFIX}{one.session_id}", one.version, one.payload(), str(one.session_id))
        for one in projections
    )
    return write_newer(client, rows, CHANNEL)


def replace(client: Client, one: Projection) -> None:
    """Write one session's figures whatever stands there: for repair."""
    client.delete(f"{PREFIX}{one.session_id}")
    put(client, [one])


def note_projected(db: Session, actor: Actor, projections: Sequence[Projection]) -> None:
    """Remember which versions stand in Redis. Rows a fold holds are skipped: they are due again anyway.

    Not waited for: what a crash forgets of it is projected once more.
    """
    db.execute(text("SET LOCAL synchronous_commit = off"))
    rows = [{"session_id": one.session_id, "version": one.version} for one in projections]
    if rows:
        db.execute(_NOTE, {"rows": json.dumps(rows)})


def forget_projected(db: Session, actor: Actor) -> int:
    """After a flush: every session is due again. Gives how many there are."""
    done = db.execute(text("UPDATE session_sales SET projected_version = 0 WHERE projected_version > 0"))
    return int(done.rowcount)  # type: ignore[attr-defined]


def is_whole(client: Client) -> bool:
    """Whether Redis still holds what was put there."""
    return bool(client.exists(WHOLE))


def mark_whole(client: Client) -> None:
    """From here on a missing mark means a flush."""
    client.set(WHOLE, "1")


def find(client: Client, session_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The projected figures {version, as_of, totals} of sessions, those that are there."""
    if not session_ids:
        return {}
    pipe = client.pipeline(transaction=False)
    for one in session_ids:
        pipe.hget(f"{PREFIX}{one}", "payload")
    found: dict[int, dict[str, Any]] = {}
    for session_id, payload in zip(session_ids, pipe.execute(), strict=True):
        try:
            told = json.loads(payload or "")
        except ValueError:  # not there, or spoilt: SQL knows
            continue
        # A figure that a release before did not know is nought: where it is not, a newer version is projected.
        totals = {currency: _NOUGHTS | figures for currency, figures in told["totals"].items()}
        found[session_id] = told | {"totals": totals}
    return found
