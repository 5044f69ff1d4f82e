"""Folding: what changed is added to the rollups, and each session's figures get a new version. SQL only."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.database import after_commit
from campaign.kit.queue import nudge
from campaign.sales.images import MEASURES
from campaign.sales.rooms import note_loose, note_signs

MOST_CHANGES = 5000

_FIGURES = tuple(name for name in MEASURES if name not in ("counted_lines", "maturing_fen"))
_NET = ("counted_lines", "maturing_fen")

# Claimed rows are handed from statement to statement in a table of this transaction alone.
_SCRATCH = text("CREATE TEMP TABLE IF NOT EXISTS claimed_change (LIKE sale_change) ON COMMIT DELETE ROWS")
_EMPTY = text("DELETE FROM claimed_change")
_CLAIM = text(
    "WITH gone AS (DELETE FROM sale_change WHERE id IN (SELECT id FROM sale_change ORDER BY id"
    " LIMIT :most FOR UPDATE SKIP LOCKED) RETURNING *) INSERT INTO claimed_change SELECT * FROM gone"
)


def _upsert(table: str, keys: Sequence[tuple[str, str]], figures: Sequence[str], where: str) -> str:
    """An INSERT … SELECT adding the claimed changes to a rollup, in key order so that folds never deadlock."""
    names = [name for name, _ in keys]
    sums = ", ".join(f"sum({name})::bigint" for name in figures)
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in figures)
    any_change = " OR ".join(f"sum({name}) <> 0" for name in figures)
    return (
        f"INSERT INTO {table} ({', '.join((*names, *figures))})"
        f" SELECT {', '.join(source for _, source in keys)}, {sums} FROM claimed_change WHERE {where}"
        f" GROUP BY {', '.join(str(n) for n in range(1, len(keys) + 1))} HAVING {any_change}"
        f" ORDER BY {', '.join(str(n) for n in range(1, len(keys) + 1))}"
        f" ON CONFLICT ({', '.join(names)}) DO UPDATE SET {added}"
    )


def _same(*names: str) -> list[tuple[str, str]]:
    return [(name, name) for name in names]


_OWNERS = ("brand_id", "host_id", "agency_id")
_DAY_KEYS = ("bucket", "session_id", "shop_id", "brand_id", "product_id", "host_id", "agency_id", "currency")
_VERSIONS = text(
    "INSERT INTO session_sales (session_id, version, folded_at)"
    " SELECT DISTINCT session_id, 1, CAST(:now AS timestamptz) FROM claimed_change WHERE session_id <> 0"
    " ORDER BY 1 ON CONFLICT (session_id) DO UPDATE"
    " SET version = session_sales.version + 1, folded_at = excluded.folded_at"
)
_SIGNS = text(
    "SELECT session_id, max(minute) AS at FROM claimed_change WHERE session_id <> 0 AND lines > 0 GROUP BY 1"
)
_ROLLUPS = [
    text(_upsert("session_total", _same("session_id", "currency", *_OWNERS), _FIGURES, "session_id <> 0")),
    text(
        _upsert(
            "session_minute",
            _same("session_id", "minute", "currency", *_OWNERS),
            _FIGURES,
            "session_id <> 0",
        )
    ),
    text(
        _upsert(
            "sales_day",
            [("day", "cohort_day"), ("basis", "'cohort'"), ("age_days", "age_days"), *_same(*_DAY_KEYS)],
            _FIGURES,
            "true",
        )
    ),
    text(
        _upsert(
            "sales_day",
            [("day", "cash_day"), ("basis", "'cash'"), ("age_days", "0::smallint"), *_same(*_DAY_KEYS)],
            _FIGURES,
            "true",
        )
    ),
    text(_upsert("sales_maturity", _same("cohort_day", "matures_at", *_DAY_KEYS), _NET, "true")),
]


def fold(db: Session, actor: Actor, *, most: int = MOST_CHANGES) -> int:
    """Fold up to `most` waiting changes into the rollups, all or none. Gives how many were taken.

    Two folds at once take different changes. The session rows are locked first and in order, so a greater
    version always stands for later figures.
    """
    db.execute(_SCRATCH)
    # Emptied at commit; a second fold within one transaction must not find the first one's changes.
    db.execute(_EMPTY)
    taken = db.execute(_CLAIM, {"most": most}).rowcount  # type: ignore[attr-defined]
    if not taken:
        return 0
    db.execute(_VERSIONS, {"now": clock.now(db)})
    for rollup in _ROLLUPS:
        db.execute(rollup)
    # Here and not at ingest: in a flash every writer would wait for the one row of the session.
    note_signs(db, {row.session_id: row.at for row in db.execute(_SIGNS)})
    note_loose(db)
    after_commit(db, lambda: nudge("sales.project"))
    return int(taken)
