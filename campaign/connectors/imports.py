"""Files with sales: looked at first, committed after; importing the same again changes nothing."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.connectors.douyin import aftersale, export, settlement
from campaign.connectors.douyin.columns import is_personal
from campaign.connectors.douyin.rows import exported_at_in
from campaign.connectors.filing import FileShop, Progress, Staged, take_over
from campaign.connectors.reading import FileRefused, Reading, Refused
from campaign.connectors.staging import packed, packed_refused, unpacked, unpacked_refused
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound, WrongState
from campaign.kit.tabular import BadTable, read_table

_READERS = {
    "douyin_orders": export.read,
    "douyin_aftersale": aftersale.read,
    "douyin_settlement": settlement.read,
}
KINDS = tuple(_READERS)
MOST_REFUSED_SHOWN = 500
"""In a report; the file of refused rows has all of them."""

_SKEW = timedelta(minutes=5)


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

    In state checked nothing was changed: new, changed and same say what a commit would do. shop_id and exported_at
    are those of sales; preview and whole (a row at fault keeps all out) those of sheets. refused are the first
    MOST_REFUSED_SHOWN of refused_count.
    """

    id: int
    kind: str
    filename: str
    shop_id: int | None
    exported_at: datetime | None
    state: str
    mapping: tuple[tuple[str, str | None], ...]
    rows: int
    new: int
    changed: int
    same: int
    refused: tuple[Refused, ...]
    refused_count: int
    created_at: datetime
    whole: bool
    preview: tuple[Previewed, ...]


def stage(
    db: Session,
    actor: Actor,
    *,
    kind: str,
    filename: str,
    content: bytes,
    shop_id: int | None,
    exported_at: datetime | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Read a file and see what it would do; without dry_run do it at once.

    Raises FileRefused when the file cannot be read as `kind`, names no shop or belongs to another one.
    """
    if kind not in KINDS:
        raise FileRefused("unknown_kind", kind=kind[:40])
    if shop_id is None:
        raise FileRefused("shop_needed")
    shop = _shop(db, shop_id)
    reading = _read(kind, filename, content, exported_at)
    if exported_at is None and exported_at_in(filename) is None:
        reading = _after_its_forerunner(db, kind, shop, content, reading)
    if reading.exported_at > clock.now(db) + _SKEW:
        raise FileRefused("exported_in_future")
    _refuse_other_shops_file(db, shop, reading)
    staged = Staged(_add(db, actor, kind, filename, content, shop_id, reading), kind, shop, reading)
    if dry_run:
        return _look(db, actor, staged, progress)
    return _apply(db, actor, staged, progress)


def apply_checked(
    db: Session, actor: Actor, import_id: int, *, progress: Progress | None = None
) -> ImportReport:
    """Apply what a dry run looked at. Raises NotFound, WrongState when it is committed already."""
    row = db.execute(_GET_STAGED, {"id": import_id}).one_or_none()
    if row is None:
        raise NotFound
    if row.state != "checked":
        raise WrongState(state=row.state)
    reading = unpacked(row.staged, row.exported_at, row.report)
    return _apply(db, actor, Staged(import_id, row.kind, _shop(db, row.shop_id), reading), progress)


def get_import(db: Session, actor: Actor, import_id: int) -> ImportReport:
    """One import. Raises NotFound."""
    row = db.execute(_GET, {"id": import_id}).one_or_none()
    if row is None:
        raise NotFound
    return _report(row)


def refused_rows(
    db: Session, actor: Actor, import_id: int
) -> tuple[str, list[str], list[tuple[Refused, list[str]]]]:
    """The kind, the header, and each refused row of a file of sales as it stood. Raises NotFound."""
    report = get_import(db, actor, import_id)
    if report.kind not in KINDS:
        raise NotFound
    header = [name for name, _ in report.mapping if name and not is_personal(name)]
    rows = [(one, [one.cells.get(name, "") for name in header]) for one in all_refused(db, actor, report)]
    return report.kind, header, rows


def all_refused(db: Session, actor: Actor, report: ImportReport) -> tuple[Refused, ...]:
    """Every refused row, those too that the report leaves out."""
    kept = db.execute(_GET_REFUSED, {"id": report.id}).scalar_one()
    return report.refused if kept is None else unpacked_refused(kept)


def page_of_imports(
    db: Session, actor: Actor, *, after: int | None = None, limit: int = 50
) -> list[ImportReport]:
    """Imports, the newest first, those before id `after`."""
    rows = db.execute(_PAGE, {"after": after, "limit": limit})
    return [_report(row) for row in rows]


_FIND_SHOP = text("SELECT id, platform, external_id FROM shop WHERE id = :id AND archived_at IS NULL")


def _shop(db: Session, shop_id: int) -> FileShop:
    row = db.execute(_FIND_SHOP, {"id": shop_id}).one_or_none()
    if row is None:
        raise NotFound
    if row.platform != "douyin":
        raise FileRefused("other_platform", platform=row.platform)
    return FileShop(row.id, row.platform, row.external_id)


def _read(kind: str, filename: str, content: bytes, exported_at: datetime | None) -> Reading:
    try:
        table = read_table(content)
    except BadTable as fault:
        raise FileRefused(fault.code) from fault
    return _READERS[kind](table, exported_at=exported_at or exported_at_in(filename))


_FORERUNNER = text(
    "SELECT coalesce((SELECT exported_at FROM import_file WHERE shop_id = :shop_id AND file_hash = :hash"
    " AND kind = :kind ORDER BY id LIMIT 1), (SELECT max(exported_at) + interval '1 second' FROM import_file"
    " WHERE shop_id = :shop_id AND kind = :kind AND state = 'committed' AND exported_at >= :at"
    " AND exported_at < :at + interval '1 hour'), :at)"
)


def _after_its_forerunner(
    db: Session, kind: str, shop: FileShop, content: bytes, reading: Reading
) -> Reading:
    """Where nothing tells the export time, two files may seem of the same moment: the later upload is then the
    newer. The same file keeps the time it had.
    """
    file_hash = hashlib.sha256(content).digest()
    values = {"shop_id": shop.id, "kind": kind, "hash": file_hash, "at": reading.exported_at}
    exported_at = db.execute(_FORERUNNER, values).scalar_one()
    if exported_at == reading.exported_at:
        return reading
    return _READERS[kind](read_table(content), exported_at=exported_at)


_ELSEWHERE = text(
    "SELECT count(DISTINCT l.parent_order_id) FROM order_line l WHERE l.platform = :platform"
    " AND l.shop_id <> :shop_id AND l.line_id = ANY(:line_ids)"
)


def _refuse_other_shops_file(db: Session, shop: FileShop, reading: Reading) -> None:
    """The file names no shop: when most of its orders stand under another one, the wrong shop was picked."""
    orders = {line.order_id for line in reading.lines}
    line_ids = sorted({line.line_id for line in reading.lines})
    known = db.execute(
        _ELSEWHERE, {"platform": shop.platform, "shop_id": shop.id, "line_ids": line_ids}
    ).scalar_one()
    if known * 2 > len(orders):
        raise FileRefused("wrong_shop", known=known, orders=len(orders))


_ADD = text(
    "INSERT INTO import_file (kind, filename, file_hash, shop_id, exported_at, state, report, staged, created_by,"
    " created_at, updated_at) VALUES (:kind, :filename, :hash, :shop_id, :exported_at, 'checked', '{}', :staged,"
    " :by, :now, :now) RETURNING id"
)


def _add(
    db: Session, actor: Actor, kind: str, filename: str, content: bytes, shop_id: int, reading: Reading
) -> int:
    values = {
        "kind": kind,
        "filename": filename[-200:],
        "hash": hashlib.sha256(content).digest(),
        "shop_id": shop_id,
        "exported_at": reading.exported_at,
        "staged": packed(reading),
        "by": actor.name,
        "now": clock.now(db),
    }
    import_id = int(db.execute(_ADD, values).scalar_one())
    audit.note(db, actor, "import.read", "import", import_id, {"filename": values["filename"]})
    return import_id


def _look(db: Session, actor: Actor, staged: Staged, progress: Progress | None) -> ImportReport:
    """Do it all within a savepoint, count, and undo it: the answer is exact because it was really done."""
    probe = db.begin_nested()
    counts, refused = take_over(db, actor, staged, progress)
    probe.rollback()
    return _note(db, staged.id, "checked", staged.reading, counts, refused)


def _apply(db: Session, actor: Actor, staged: Staged, progress: Progress | None) -> ImportReport:
    counts, refused = take_over(db, actor, staged, progress)
    report = _note(db, staged.id, "committed", staged.reading, counts, refused)
    told = {"rows": report.rows, "new": report.new, "changed": report.changed}
    audit.note(db, actor, "import.committed", "import", staged.id, told)
    return report


_NOTE = text(
    "UPDATE import_file SET state = CAST(:state AS text), report = CAST(:report AS jsonb), refused = :refused,"
    " updated_at = :now,"
    " staged = CASE WHEN CAST(:state AS text) = 'checked' THEN staged END WHERE id = :id"
    " RETURNING id, kind, filename, shop_id, exported_at, state, report, whole, created_at"
)


def _note(
    db: Session,
    import_id: int,
    state: str,
    reading: Reading,
    counts: Mapping[str, int],
    rejected: Sequence[Refused],
) -> ImportReport:
    refused = sorted((*reading.refused, *rejected), key=lambda one: one.row)
    report = {
        "mapping": reading.mapping,
        "rows": reading.rows,
        **counts,
        "refused_total": len(refused),
        "refused": [asdict(one) for one in refused[:MOST_REFUSED_SHOWN]],
    }
    values = {
        "id": import_id,
        "state": state,
        "report": json.dumps(report),
        "refused": packed_refused(refused) if len(refused) > MOST_REFUSED_SHOWN else None,
        "now": clock.now(db),
    }
    return _report(db.execute(_NOTE, values).one())


_COLUMNS = "id, kind, filename, shop_id, exported_at, state, report, whole, created_at"
_GET = text(f"SELECT {_COLUMNS} FROM import_file WHERE id = :id")
_GET_REFUSED = text("SELECT refused FROM import_file WHERE id = :id")
_PAGE = text(
    f"SELECT {_COLUMNS} FROM import_file WHERE id < coalesce(:after, 9223372036854775807)"
    " ORDER BY id DESC LIMIT :limit"
)
_GET_STAGED = text(
    "SELECT kind, state, shop_id, exported_at, report, staged FROM import_file WHERE id = :id FOR UPDATE"
)


def _report(row: Any) -> ImportReport:
    told = row.report
    return ImportReport(
        row.id,
        row.kind,
        row.filename,
        row.shop_id,
        row.exported_at,
        row.state,
        tuple((name, ours) for name, ours in told["mapping"]),
        told["rows"],
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
    )
