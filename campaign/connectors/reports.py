"""What became of files: read by pages, API and command."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.connectors.reading import Refused
from campaign.connectors.staging import unpacked_refused
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound, Stale

MOST_REFUSED_SHOWN = 500
"""In a report; the file of refused rows has all of them."""
UNDER_WAY = ("checking", "committing")


@dataclass(frozen=True)
class Previewed:
    """A row of a sheet that is new or changes something: which thing, and by which columns."""

    row: int
    verdict: str
    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class ImportReport:
    """What an import found and did. mapping: file column → our field (None: kept, not used).

    In state checked nothing was changed: new, changed and same say what a commit would do; unmapped waits for columns
    to be pointed at the fields that are `missing`. While it is under way (checking, committing) the counts are those
    of the `done` rows so far. shop_id and exported_at are those of sales; preview and whole (a row at fault keeps all
    out) those of sheets. refused are the first MOST_REFUSED_SHOWN of refused_count.
    """

    id: int
    kind: str
    filename: str
    shop_id: int | None
    exported_at: datetime | None
    state: str
    mapping: tuple[tuple[str, str | None], ...]
    missing: tuple[str, ...]
    rows: int
    done: int
    new: int
    changed: int
    same: int
    refused: tuple[Refused, ...]
    refused_count: int
    created_at: datetime
    whole: bool
    preview: tuple[Previewed, ...]
    completes: bool = False
    """Of orders: `complete_to` is up to when the file has all of its shop's, None where it does not say."""
    complete_to: datetime | None = None
    session_id: str | None = None
    """Of a session's report, as it stands outside."""
    version: int = 0
    """Rises with each change: the microsecond of the last one (ETag)."""

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY


def get_import(db: Session, actor: Actor, import_id: int) -> ImportReport:
    """One import. Raises NotFound."""
    row = db.execute(_GET, {"id": import_id}).one_or_none()
    if row is None:
        raise NotFound
    return report_of(row)


def expect(db: Session, actor: Actor, import_id: int, version: int | None) -> None:
    """Lock an import before a change to it. Raises NotFound, Stale where it is not of the version expected."""
    row = db.execute(_LOCK, {"id": import_id}).one_or_none()
    if row is None:
        raise NotFound
    if version not in (None, _version(row.updated_at)):
        raise Stale


def _version(updated_at: datetime) -> int:
    return (updated_at - _EPOCH) // timedelta(microseconds=1)


def page_of_imports(
    db: Session,
    actor: Actor,
    *,
    after: int | None = None,
    limit: int = 50,
    since: datetime | None = None,
) -> list[ImportReport]:
    """Imports, the newest first, those before id `after`; since: which came, or came further, then or later."""
    rows = db.execute(_PAGE, {"after": after, "limit": limit, "since": since})
    return [report_of(row) for row in rows]


def all_refused(db: Session, actor: Actor, report: ImportReport) -> Iterator[Refused]:
    """Every refused row, those too that the report leaves out; a part of the file at a time."""
    if len(report.refused) == report.refused_count:
        yield from report.refused
        return
    kept = db.execute(_GET_REFUSED, {"id": report.id}).scalar_one()
    if kept is not None:
        yield from unpacked_refused(kept)
    for n in db.execute(_PARTS_REFUSED, {"id": report.id}).scalars().all():
        yield from unpacked_refused(db.execute(_PART_REFUSED, {"id": report.id, "n": n}).scalar_one())


_REFUSED_BY_SHOP = text(
    "SELECT shop_id, sum(coalesce((report->>'refused_total')::integer, jsonb_array_length(report->'refused')))"
    " AS rows FROM import_file WHERE state = 'committed' AND shop_id IS NOT NULL"
    " AND created_at > :since GROUP BY 1"
)
REFUSED_SINCE = timedelta(days=30)


def refused_by_shop(db: Session, actor: Actor) -> dict[int, int]:
    """Shop → rows that were left out of its files of the last 30 days: their sales are in no figure."""
    found = db.execute(_REFUSED_BY_SHOP, {"since": clock.now(db) - REFUSED_SINCE})
    return {row.shop_id: int(row.rows) for row in found if row.rows}


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCK = text("SELECT updated_at FROM import_file WHERE id = :id FOR UPDATE")
COLUMNS = "id, kind, filename, shop_id, exported_at, state, report, whole, done, created_at, updated_at"
_GET = text(f"SELECT {COLUMNS} FROM import_file WHERE id = :id")
_PAGE = text(
    f"SELECT {COLUMNS} FROM import_file WHERE id < coalesce(:after, 9223372036854775807)"
    " AND (CAST(:since AS timestamptz) IS NULL OR updated_at >= :since)"
    " ORDER BY id DESC LIMIT :limit"
)
_GET_REFUSED = text("SELECT refused FROM import_file WHERE id = :id")
_PARTS_REFUSED = text("SELECT n FROM import_part WHERE import_id = :id AND refused IS NOT NULL ORDER BY n")
_PART_REFUSED = text("SELECT refused FROM import_part WHERE import_id = :id AND n = :n")


def report_of(row: Any) -> ImportReport:
    """A row of COLUMNS as a report."""
    told = row.report
    return ImportReport(
        row.id,
        row.kind,
        row.filename,
        row.shop_id,
        row.exported_at,
        row.state,
        tuple((name, ours) for name, ours in told["mapping"]),
        tuple(told.get("missing", ())),
        told["rows"],
        row.done if "taking" in told else told["rows"],
        told["new"],
        told["changed"],
        told["same"],
        tuple(Refused(**refused) for refused in told["refused"]),
        told.get("refused_total", len(told["refused"])),
        row.created_at,
        row.whole,
        tuple(
            Previewed(one["row"], one["verdict"], one["name"], tuple(one["columns"]))
            for one in told.get("preview", ())
        ),
        "complete_to" in told,
        datetime.fromisoformat(told["complete_to"]) if told.get("complete_to") else None,
        told.get("session_id"),
        _version(row.updated_at),
    )
