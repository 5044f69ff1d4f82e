"""Figures that have become final: said once, and again under a new revision when a refund comes after all.

A version may be newer without another figure: a parcel is told as received long after, or a brand takes goods back for
longer. That is said as final once more, and makes no revision.

What the figures were when they were first final is kept (session_final) and never changed: what is another since is
said as an amount of its own (campaign.insight.afterwards).
"""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.instants import written
from campaign.outbox import actions as outbox
from campaign.sales.folding import ROLLUPS, Rollup
from campaign.sales.images import FIGURES
from campaign.sales.mending import check_sessions
from campaign.sales.reconciling import Difference
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
# Without the figure that is younger than finals: what it was then is not known of older ones, and it changes with no
# other alone.
_TOTAL = replace(ROLLUPS[0], figures=tuple(name for name in FIGURES if name != "uncancelled_fen"))
FINAL = replace(_TOTAL, table="session_final")
"""The sums of sessions as they were when they were first final."""


def _told(rollup: Rollup) -> str:
    """All of a session's figures (v.session_id) in a few characters, to be compared."""
    in_order = ", ".join(f"t.{name}" for name in rollup.names)
    figures = ", ".join(f"t.{name}" for name in rollup.figures)
    return (
        f"(SELECT md5(coalesce(string_agg(concat_ws(' ', {in_order}, {figures}), ',' ORDER BY {in_order}), ''))"
        f" FROM {rollup.table} t WHERE t.session_id = v.session_id AND ({_any(rollup)}))"
    )


def _any(rollup: Rollup) -> str:
    return " OR ".join(f"t.{name} <> 0" for name in rollup.figures)


_FINISHED = text(f"""
UPDATE session_sales v SET final_version = :version, final_figures = f.told,
    revision = v.revision + (v.final_figures IS DISTINCT FROM f.told)::int,
    first_final_at = CASE v.revision WHEN 0 THEN :now ELSE v.first_final_at END,
    first_final_figures = CASE v.revision WHEN 0 THEN f.told ELSE v.first_final_figures END
FROM (SELECT v.session_id, {_told(_TOTAL)} AS told FROM session_sales v WHERE v.session_id = :session_id) f
WHERE v.session_id = f.session_id RETURNING old.revision AS before, new.revision AS revision
""")
_COLUMNS = ", ".join((*_TOTAL.names, *_TOTAL.figures))
# The session's row of session_sales is locked, so that no fold comes in between.
_KEEP = text(
    f"INSERT INTO {FINAL.table} ({_COLUMNS}) SELECT {_COLUMNS} FROM {_TOTAL.table} t"
    f" WHERE t.session_id = :session_id AND ({_any(_TOTAL)})"
)


def finish(db: Session, _actor: Actor) -> int:
    """Mark the sessions whose figures are final, and tell their agencies; gives how many."""
    now = clock.now(db)
    due = db.execute(_DUE, {"now": now, "settled": now - SETTLES, "most": MOST}).all()
    for row in due:
        given = {"session_id": row.session_id, "version": row.version, "now": now}
        finished = db.execute(_FINISHED, given).one()
        if finished.before == 0:
            db.execute(_KEEP, {"session_id": row.session_id})
        mine = sold_by_agency(db, row.session_id, row.agency_ids)
        if mine:
            outbox.write(
                db,
                "sales.final",
                session_id=row.session_id,
                agency_ids=sorted(mine),
                data={"version": row.version, "revision": finished.revision, "as_of": written(now)},
                per_agency={agency_id: {"totals": totals} for agency_id, totals in mine.items()},
            )
    return len(due)


_STANDS = text(f"""
SELECT v.session_id, v.first_final_figures AS expected, {_told(FINAL)} AS found
FROM session_sales v WHERE v.first_final_figures IS NOT NULL
""")
_UNMOVED = (
    "SELECT session_id FROM session_sales WHERE first_final_figures IS NOT NULL AND revision = 1"
    " AND final_version = version"
)


def check_finals(db: Session, _actor: Actor) -> list[Difference]:
    """What is kept of first finals: as it was written, and, where nothing was folded since, what the lines say now.

    Of sessions that changed since, the lines say what is now and no more what was.
    """
    kept = [
        Difference(FINAL.table, f"session {row.session_id}", "figures", row.expected, row.found)
        for row in db.execute(_STANDS)
        if row.expected != row.found
    ]
    return kept + check_sessions(db, FINAL, _UNMOVED)
