"""Files with sales: looked at first, committed after, part by part; importing the same again changes nothing.

A file lies in the database as rows, in parts (people's data dropped). What is small is done in the caller's
transaction; the rest by `carry`, a part in a transaction, so that a file of any length holds locks and memory for
PART_ROWS rows alone, and goes on where it was when whoever carried it dies.
"""

import hashlib
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import BinaryIO

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.connectors import mappings
from campaign.connectors.carrying import KINDS as READERS
from campaign.connectors.carrying import PART_ROWS, begin, carry, find_shop
from campaign.connectors.douyin.columns import Placed, is_personal
from campaign.connectors.douyin.rows import Kind, Layout, Scan, exported_at_in
from campaign.connectors.filing import FileShop
from campaign.connectors.reading import FileRefused, Refused
from campaign.connectors.reports import (
    MOST_REFUSED_SHOWN,
    ImportReport,
    Previewed,
    all_refused,
    expect,
    get_import,
    page_of_imports,
)
from campaign.connectors.staging import packed, unpacked
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound, WrongState
from campaign.kit.tabular import BadTable, Row, Stream, open_table

__all__ = [
    "MOST_REFUSED_SHOWN",
    "ImportReport",
    "Previewed",
    "all_refused",
    "apply_checked",
    "get_import",
    "page_of_imports",
    "refused_rows",
    "remap",
    "stage",
]

KINDS = tuple(READERS)
_PIECE = 1 << 20
_SKEW = timedelta(minutes=5)


def stage(
    db: Session,
    actor: Actor,
    *,
    kind: str,
    filename: str,
    content: bytes | BinaryIO,
    shop_id: int | None,
    exported_at: datetime | None = None,
    dry_run: bool = False,
    mapping: mappings.Given | None = None,
    mappable: bool = False,
) -> ImportReport:
    """Read a file and see what it would do; without dry_run do it. Of more than PART_ROWS rows it comes back under way.

    `mapping` points headers at fields, for this file and the next ones of the shop; where needed columns are missing a
    `mappable` file waits for it (state unmapped). Raises FileRefused when the file cannot be read as `kind`, names no
    shop or belongs to another one.
    """
    if kind not in KINDS:
        raise FileRefused("unknown_kind", kind=kind[:40])
    if shop_id is None:
        raise FileRefused("shop_needed")
    shop = find_shop(db, shop_id)
    if mapping:
        mappings.keep_mapping(db, actor, kind, shop_id, READERS[kind].columns, mapping)
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    import_id = _add(db, actor, kind, filename, _digest(file), shop_id, exported_at)
    header, scan, placed = _keep_rows(db, actor, import_id, kind, shop, file, mappable=mappable)
    if scan is None:
        begin(db, import_id, "unmapped", placed.mapping(header), missing=placed.missing)
        return get_import(db, actor, import_id)
    _settle_time(db, import_id, exported_at or exported_at_in(filename), scan)
    _refuse_other_shops_file(db, shop, scan)
    begin(db, import_id, "checking" if dry_run else "committing", placed.mapping(header), rows=scan.rows)
    if not dry_run:
        audit.note(db, actor, "import.committed", "import", import_id, {"rows": scan.rows})
    return _carried(db, actor, import_id)


def remap(
    db: Session, actor: Actor, import_id: int, given: mappings.Given, *, expected_version: int | None = None
) -> ImportReport:
    """Point headers of a file that was looked at, or waits for it, at fields; it is looked at anew.

    Kept for the next files of the shop. Raises NotFound, Stale, WrongState, Invalid, FileRefused.
    """
    expect(db, actor, import_id, expected_version)
    row = db.execute(_GET_STAGED, {"id": import_id}).one_or_none()
    if row is None or row.kind not in KINDS:
        raise NotFound
    if row.state not in ("unmapped", "checked"):
        raise WrongState(state=row.state)
    kind, shop = READERS[row.kind], find_shop(db, row.shop_id)
    mappings.keep_mapping(db, actor, row.kind, shop.id, kind.columns, given)
    header = tuple(name for name, _ in row.report["mapping"])
    placed = kind.columns.placed(header, mappings.saved_mapping(db, actor, row.kind, shop.id))
    if placed.missing:
        begin(db, import_id, "unmapped", placed.mapping(header), missing=placed.missing)
        return get_import(db, actor, import_id)
    scan = Scan(Layout(kind, header, placed.where))
    for n in db.execute(_PART_NUMBERS, {"id": import_id}).scalars().all():
        rows = unpacked(db.execute(_GET_PART, {"id": import_id, "n": n}).scalar_one())
        again, repeated = scan.take(rows)
        db.execute(_JUDGE, {"id": import_id, "n": n, "again": again, "repeated": repeated})
    told = row.report.get("exported_at")
    given_at = datetime.fromisoformat(told) if told else exported_at_in(row.filename)
    _settle_time(db, import_id, given_at, scan)
    _refuse_other_shops_file(db, shop, scan)
    begin(db, import_id, "checking", placed.mapping(header), rows=scan.rows)
    return _carried(db, actor, import_id)


def apply_checked(db: Session, actor: Actor, import_id: int) -> ImportReport:
    """Take over what a dry run looked at; one that failed goes on. Raises NotFound, WrongState."""
    row = db.execute(_GET_STAGED, {"id": import_id}).one_or_none()
    if row is None:
        raise NotFound
    goes_on = row.state == "failed" and row.report["taking"]
    if row.state not in ("checked", "failed"):
        raise WrongState(state=row.state)
    if goes_on:
        db.execute(_GO_ON, {"id": import_id, "now": clock.now(db)})
    else:
        begin(db, import_id, "committing", row.report["mapping"], rows=row.report["rows"])
    audit.note(db, actor, "import.committed", "import", import_id, {"rows": row.report["rows"]})
    return _carried(db, actor, import_id)


def refused_rows(
    db: Session, actor: Actor, import_id: int
) -> tuple[str, list[str], Iterator[tuple[Refused, list[str]]]]:
    """The kind, the header, and each refused row of a file of sales as it stood. Raises NotFound."""
    report = get_import(db, actor, import_id)
    if report.kind not in KINDS:
        raise NotFound
    header = [name for name, _ in report.mapping if name and not is_personal(name)]
    found = all_refused(db, actor, report)
    return report.kind, header, ((one, [one.cells.get(name, "") for name in header]) for one in found)


def _carried(db: Session, actor: Actor, import_id: int) -> ImportReport:
    """A file of one part at once; a longer one is left to those who carry."""
    parts = db.execute(_COUNT_PARTS, {"id": import_id}).scalar_one()
    if parts <= 1:
        done = carry(db, actor, import_id)
        if done is not None:
            return done
    return get_import(db, actor, import_id)


def _digest(file: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    file.seek(0)
    while piece := file.read(_PIECE):
        digest.update(piece)
    return digest.digest()


_ADD = text(
    "INSERT INTO import_file (kind, filename, file_hash, shop_id, exported_at, state, report, created_by,"
    " created_at, updated_at) VALUES (:kind, :filename, :hash, :shop_id, :now, 'checking',"
    " jsonb_strip_nulls(jsonb_build_object('exported_at', CAST(:told AS text))), :by, :now, :now) RETURNING id"
)


def _add(
    db: Session,
    actor: Actor,
    kind: str,
    filename: str,
    digest: bytes,
    shop_id: int,
    exported_at: datetime | None,
) -> int:
    values = {
        "kind": kind,
        "filename": filename[-200:],
        "hash": digest,
        "shop_id": shop_id,
        "told": exported_at.isoformat() if exported_at else None,
        "by": actor.name,
        "now": clock.now(db),
    }
    import_id = int(db.execute(_ADD, values).scalar_one())
    audit.note(db, actor, "import.read", "import", import_id, {"filename": values["filename"]})
    return import_id


_ADD_PART = text(
    "INSERT INTO import_part (import_id, n, packed, again, repeated)"
    " VALUES (:id, :n, :packed, CAST(:again AS integer[]), CAST(:repeated AS integer[]))"
)


def _keep_rows(
    db: Session, actor: Actor, import_id: int, kind: str, shop: FileShop, file: BinaryIO, *, mappable: bool
) -> tuple[tuple[str, ...], Scan | None, Placed]:
    """Read the file into parts, looking at each row on the way; no scan where columns are missing."""
    reader = READERS[kind]
    try:
        with open_table(file) as stream:
            header, rows = _begun(reader, stream)
            placed = reader.columns.placed(header, mappings.saved_mapping(db, actor, kind, shop.id))
            if placed.missing and not mappable:
                raise FileRefused("missing_columns", columns=reader.columns.named(placed.missing))
            scan = None if placed.missing else Scan(Layout(reader, header, placed.where))
            blank = frozenset(at for at, name in enumerate(header) if is_personal(name))
            for n, part in enumerate(_parts(rows)):
                kept = [(number, _without(cells, blank)) for number, cells in part]
                again, repeated = scan.take(kept) if scan is not None else ([], [])
                values = {"id": import_id, "n": n, "packed": packed(kept)}
                db.execute(_ADD_PART, values | {"again": again, "repeated": repeated})
    except BadTable as fault:
        raise FileRefused(fault.code) from fault
    return header, scan, placed


def _begun(kind: Kind, stream: Stream) -> tuple[tuple[str, ...], Iterator[Row]]:
    """The header, which may stand in two rows, and the rows under it."""
    first = next(stream.rows, None)
    if first is None:
        return stream.header, iter(())
    header = kind.header(stream.header, first[1])
    if header is not None:
        return header, stream.rows
    return stream.header, _with(first, stream.rows)


def _with(first: Row, rows: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rows


def _parts(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while part := list(islice(rows, PART_ROWS)):
        yield part


def _without(cells: tuple[str, ...], blank: frozenset[int]) -> tuple[str, ...]:
    """People's data is dropped at the door; its columns stay, so that a row is as wide as it was."""
    kept = list(cells)
    for at in blank:
        if at < len(kept):
            kept[at] = ""
    return tuple(kept)


_FORERUNNER = text(
    "SELECT coalesce((SELECT f.exported_at FROM import_file f WHERE f.shop_id = i.shop_id"
    " AND f.file_hash = i.file_hash AND f.kind = i.kind AND f.id < i.id AND f.state <> 'unmapped'"
    " ORDER BY f.id LIMIT 1),"
    " (SELECT max(f.exported_at) + interval '1 second' FROM import_file f WHERE f.shop_id = i.shop_id"
    " AND f.kind = i.kind AND f.id <> i.id AND f.state IN ('committing', 'committed') AND f.exported_at >= :at"
    " AND f.exported_at < :at + interval '1 hour'), :at) FROM import_file i WHERE i.id = :id"
)
_SET_TIME = text("UPDATE import_file SET exported_at = :at WHERE id = :id")


def _settle_time(db: Session, import_id: int, given: datetime | None, scan: Scan) -> None:
    """Without an export time the latest moment the file itself tells of stands in: it cannot be older.

    Where nothing tells the time, two files may seem of the same moment: the later upload is then the newer. The same
    file keeps the time it had.
    """
    at = given
    if at is None:
        if scan.latest is None:
            raise FileRefused("no_export_time")
        at = db.execute(_FORERUNNER, {"id": import_id, "at": scan.latest}).scalar_one()
    if at > clock.now(db) + _SKEW:
        raise FileRefused("exported_in_future")
    db.execute(_SET_TIME, {"id": import_id, "at": at})


_ELSEWHERE = text(
    "SELECT count(DISTINCT l.parent_order_id) FROM order_line l WHERE l.platform = :platform"
    " AND l.shop_id <> :shop_id AND l.line_id = ANY(:line_ids)"
)


def _refuse_other_shops_file(db: Session, shop: FileShop, scan: Scan) -> None:
    """The file names no shop: when most of its orders stand under another one, the wrong shop was picked."""
    values = {"platform": shop.platform, "shop_id": shop.id, "line_ids": sorted(scan.line_ids)}
    known = db.execute(_ELSEWHERE, values).scalar_one()
    if known * 2 > len(scan.order_ids):
        raise FileRefused("wrong_shop", known=known, orders=len(scan.order_ids))


_GET_STAGED = text("SELECT kind, filename, state, shop_id, report FROM import_file WHERE id = :id FOR UPDATE")
_GO_ON = text("UPDATE import_file SET state = 'committing', attempts = 0, updated_at = :now WHERE id = :id")
_COUNT_PARTS = text("SELECT count(*) FROM import_part WHERE import_id = :id")
_PART_NUMBERS = text("SELECT n FROM import_part WHERE import_id = :id ORDER BY n")
_GET_PART = text("SELECT packed FROM import_part WHERE import_id = :id AND n = :n")
_JUDGE = text(
    "UPDATE import_part SET again = CAST(:again AS integer[]), repeated = CAST(:repeated AS integer[])"
    " WHERE import_id = :id AND n = :n"
)
