"""Folding: what changed is added to the rollups, and each session's figures get a new version. SQL only."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.sales import distinct
from campaign.sales.images import FIGURES, MEASURES, NET, Key
from campaign.sales.rooms import note_loose, note_signs

MOST_CHANGES = 5000


# Claimed rows are handed from statement to statement in a table of this transaction alone.
_SCRATCH = text(
    "CREATE TEMP TABLE IF NOT EXISTS claimed_change (LIKE sale_change INCLUDING DEFAULTS) ON COMMIT DELETE ROWS"
)
_EMPTY = text("DELETE FROM claimed_change")
# By name: the table that a connection made stays as it is when a migration adds a column.
_TAKEN = ", ".join(("id", *Key._fields, *MEASURES))
_CLAIM = text(
    "WITH gone AS (DELETE FROM sale_change WHERE id IN (SELECT id FROM sale_change ORDER BY id"
    f" LIMIT :most FOR UPDATE SKIP LOCKED) RETURNING {_TAKEN})"
    f" INSERT INTO claimed_change ({_TAKEN}) SELECT {_TAKEN} FROM gone"
)


@dataclass(frozen=True)
class Rollup:
    """A table of sums: its key columns, each with what of a posting it is, its figures, and which postings it takes.

    `rows` are those of the table's rows that are this rollup's.
    """

    table: str
    keys: tuple[tuple[str, str], ...]
    figures: tuple[str, ...]
    where: str = "true"
    rows: str = "true"

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.keys]

    @property
    def grouped(self) -> str:
        """The keys by number, for GROUP BY and ORDER BY."""
        return ", ".join(str(number) for number in range(1, len(self.keys) + 1))

    @property
    def added(self) -> str:
        """The clause that adds to a row that is there."""
        sums = ", ".join(f"{name} = {self.table}.{name} + excluded.{name}" for name in self.figures)
        return f"ON CONFLICT ({', '.join(self.names)}) DO UPDATE SET {sums}"

    def sums(self, source: str, more: str = "true") -> str:
        """A SELECT of the keys and sums of postings that stand in `source`."""
        keys = ", ".join(f"{written} AS {name}" for name, written in self.keys)
        figures = ", ".join(f"sum({name})::bigint AS {name}" for name in self.figures)
        return f"SELECT {keys}, {figures} FROM {source} WHERE {self.where} AND {more} GROUP BY {self.grouped}"


def _upsert(rollup: Rollup) -> str:
    """An INSERT … SELECT adding the claimed changes to a rollup, in key order so that folds never deadlock."""
    any_change = " OR ".join(f"sum({name}) <> 0" for name in rollup.figures)
    return (
        f"INSERT INTO {rollup.table} ({', '.join((*rollup.names, *rollup.figures))})"
        f" {rollup.sums('claimed_change')} HAVING {any_change} ORDER BY {rollup.grouped} {rollup.added}"
    )


def _same(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, name) for name in names)


_OWNERS = ("brand_id", "host_id", "agency_id")
_DAY_KEYS = ("bucket", "session_id", "shop_id", "brand_id", "product_id", "host_id", "agency_id", "currency")
ROLLUPS = (
    Rollup("session_total", _same("session_id", "currency", *_OWNERS), FIGURES, "session_id <> 0"),
    Rollup("session_minute", _same("session_id", "minute", "currency", *_OWNERS), FIGURES, "session_id <> 0"),
    Rollup(
        "sales_day",
        (("day", "cohort_day"), ("basis", "'cohort'"), ("age_days", "age_days"), *_same(*_DAY_KEYS)),
        FIGURES,
        rows="basis = 'cohort'",
    ),
    Rollup(
        "sales_day",
        (("day", "cash_day"), ("basis", "'cash'"), ("age_days", "0::smallint"), *_same(*_DAY_KEYS)),
        FIGURES,
        rows="basis = 'cash'",
    ),
    Rollup("sales_maturity", _same("cohort_day", "matures_at", *_DAY_KEYS), NET),
)
_FOLDS = [text(_upsert(rollup)) for rollup in ROLLUPS]
_VERSIONS = text(
    "INSERT INTO session_sales (session_id, version, folded_at)"
    " SELECT DISTINCT session_id, 1, CAST(:now AS timestamptz) FROM claimed_change WHERE session_id <> 0"
    " ORDER BY 1 ON CONFLICT (session_id) DO UPDATE"
    " SET version = session_sales.version + 1, folded_at = excluded.folded_at"
)
# Whose orders and buyers may be others than when they were last counted; no number comes twice, not even after a
# rollback.
_BRANDS = text(
    "INSERT INTO sales_version (brand_id, version) SELECT brand_id, new_id() FROM"
    " (SELECT brand_id FROM claimed_change UNION SELECT brand_id FROM claimed_seen) touched ORDER BY 1"
    " ON CONFLICT (brand_id) DO UPDATE SET version = excluded.version"
)
_SIGNS = text(
    "SELECT session_id, max(minute) AS at FROM claimed_change WHERE session_id <> 0 AND lines > 0 GROUP BY 1"
)


def fold(db: Session, actor: Actor, *, most: int = MOST_CHANGES) -> int:
    """Fold up to `most` waiting changes into the rollups, all or none. Gives how many were taken.

    Two folds at once take different changes. The session rows are locked first and in order, so a greater
    version always stands for later figures.
    """
    db.execute(_SCRATCH)
    # Emptied at commit; a second fold within one transaction must not find the first one's changes.
    db.execute(_EMPTY)
    taken = db.execute(_CLAIM, {"most": most}).rowcount  # type: ignore[attr-defined]
    taken += distinct.claim(db, most)
    if not taken:
        return 0
    db.execute(_VERSIONS, {"now": clock.now(db)})
    db.execute(_BRANDS)
    for rollup in _FOLDS:
        db.execute(rollup)
    distinct.add_claimed(db)
    # Here and not at ingest: in a flash every writer would wait for the one row of the session.
    note_signs(db, {row.session_id: row.at for row in db.execute(_SIGNS)})
    note_loose(db)
    return int(taken)
