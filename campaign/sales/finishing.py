"""Figures that have become final: said once, and again under a new revision when a refund comes after all.

A version may be newer without another figure: a parcel is told as received long after, or a brand takes goods back for
longer. That is said as final once more, and makes no revision.
"""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.instants import written
from campaign.outbox import actions as outbox
from campaign.sales.folding import ROLLUPS
from campaign.sales.telling import sold_by_agency

SETTLES = timedelta(days=1)
"""What was sold on an evening may still come in on the next day: no figure is final before."""

MOST = 200

# A line is mature when it is refunded whole or cancelled, its return window is over, or its cap of days is
# (sales_maturity). Where a newer version was not told as updated yet, that comes first.
_DUE = text("""
SELECT v.session_id, v.version, s.agency_ids
FROM session_sales v JOIN live_session s ON s.id = v.session_id
WHERE v.version > 0 AND v.version IS DISTINCT FROM v.final_version AND s.state IN ('ended', 'reviewed')
  AND coalesce(s.actual_ends_at, s.ends_at) <= :settled
  AND (v.told_version = v.version OR cardinality(s.agency_ids) = 0)
  AND NOT EXISTS (
      SELECT FROM sales_maturity m WHERE m.session_id = v.session_id AND m.matures_at > :now
      GROUP BY m.session_id HAVING sum(m.counted_lines) > 0
  )
ORDER BY v.session_id LIMIT :most
FOR UPDATE OF v SKIP LOCKED
""")
_TOTAL = ROLLUPS[0]
_IN_ORDER = ", ".join(f"t.{name}" for name in _TOTAL.names)
_FINISHED = text(f"""
UPDATE session_sales v SET final_version = :version, final_figures = f.told,
    revision = v.revision + (v.final_figures IS DISTINCT FROM f.told)::int
FROM (SELECT md5(coalesce(string_agg(concat_ws(' ', {_IN_ORDER}, {", ".join(f"t.{name}" for name in _TOTAL.figures)}),
        ',' ORDER BY {_IN_ORDER}), '')) AS told
      FROM {_TOTAL.table} t
      WHERE t.session_id = :session_id AND ({" OR ".join(f"t.{name} <> 0" for name in _TOTAL.figures)})) f
WHERE v.session_id = :session_id RETURNING v.revision
""")


def finish(db: Session, _actor: Actor) -> int:
    """Mark the sessions whose figures are final, and tell their agencies; gives how many."""
    now = clock.now(db)
    due = db.execute(_DUE, {"now": now, "settled": now - SETTLES, "most": MOST}).all()
    for row in due:
        given = {"session_id": row.session_id, "version": row.version}
        revision = db.execute(_FINISHED, given).scalar_one()
        mine = sold_by_agency(db, row.session_id, row.agency_ids)
        if mine:
            outbox.write(
                db,
                "sales.final",
                session_id=row.session_id,
                agency_ids=sorted(mine),
                data={"version": row.version, "revision": revision, "as_of": written(now)},
                per_agency={agency_id: {"totals": totals} for agency_id, totals in mine.items()},
            )
    return len(due)
