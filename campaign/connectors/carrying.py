"""Carrying a file of sales: one part after the other, each in a transaction of its own with what it counted.

Whoever carries may die at any moment: its part is then undone as a whole, and the next one takes it up.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.connectors.douyin import aftersale, export, settlement
from campaign.connectors.douyin.rows import Kind, Layout, read_rows
from campaign.connectors.filing import FileShop, Staged, Tally, take_over
from campaign.connectors.reading import FileRefused, Refused
from campaign.connectors.reports import COLUMNS, MOST_REFUSED_SHOWN, UNDER_WAY, ImportReport, report_of
from campaign.connectors.staging import packed_refused, unpacked
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.database import after_commit
from campaign.kit.errors import NotFound
from campaign.kit.queue import nudge
from campaign.sales.shops import note_progress

PART_ROWS = 2000
MOST_ATTEMPTS = 5
"""After so many failures of one part an import stands as failed, and is shown, until somebody lets it go on."""

KINDS: Mapping[str, Kind] = {
    "douyin_orders": export.KIND,
    "douyin_aftersale": aftersale.KIND,
    "douyin_settlement": settlement.KIND,
}

Rows = Sequence[tuple[int, tuple[str, ...]]]
"""Row numbers of the file, and their cells."""

PLATFORM = "douyin"
"""Whose exports the kinds are."""

_FIND_SHOP = text("SELECT id, platform, external_id FROM shop WHERE id = :id AND archived_at IS NULL")


def find_shop(db: Session, shop_id: int) -> FileShop:
    """The shop a file is of. Raises NotFound, FileRefused where it is on another platform."""
    row = db.execute(_FIND_SHOP, {"id": shop_id}).one_or_none()
    if row is None:
        raise NotFound
    if row.platform != PLATFORM:
        raise FileRefused("other_platform", platform=row.platform)
    return FileShop(row.id, row.platform, row.external_id)


_BEGIN = text(
    "UPDATE import_file SET state = CAST(:state AS text), done = 0, attempts = 0, refused = NULL, updated_at = :now,"
    " report = CAST(:report AS jsonb) || CASE WHEN report ? 'exported_at'"
    " THEN jsonb_build_object('exported_at', report->'exported_at') ELSE '{}' END WHERE id = :id"
)
_BEGIN_PARTS = text(
    "UPDATE import_part SET done = false, refused = NULL WHERE import_id = :id AND (done OR refused IS NOT NULL)"
)


def begin(
    db: Session,
    import_id: int,
    state: str,
    mapping: Sequence[tuple[str, str | None]],
    *,
    rows: int = 0,
    missing: Sequence[str] = (),
) -> None:
    """Set a file at its first row. The workers are woken; whoever calls may carry it as well."""
    report = {
        "mapping": mapping,
        "missing": missing,
        "rows": rows,
        "taking": state == "committing",
        **asdict(Tally()),
        "refused_total": 0,
        "refused": [],
        "lacks": {"from": None, "unknown": False},
    }
    values = {"id": import_id, "state": state, "report": json.dumps(report), "now": clock.now(db)}
    db.execute(_BEGIN, values)
    db.execute(_BEGIN_PARTS, {"id": import_id})
    if state in UNDER_WAY:
        after_commit(db, lambda: nudge("connectors.carry"))


_DUE = text("SELECT id FROM import_file WHERE state IN ('checking', 'committing') ORDER BY id LIMIT 100")


def due_imports(db: Session, actor: Actor) -> list[int]:
    """Files that are under way, the oldest first."""
    return list(db.execute(_DUE).scalars())


_CLAIM = text(
    f"SELECT {COLUMNS} FROM import_file WHERE id = :id AND state IN ('checking', 'committing')"
    " FOR UPDATE SKIP LOCKED"
)
_NEXT = text(
    "SELECT n, packed, again, repeated FROM import_part WHERE import_id = :id AND NOT done ORDER BY n LIMIT 1"
)


def carry(db: Session, actor: Actor, import_id: int) -> ImportReport | None:
    """Take the next part of a file over, or look what it would do; None where others do, or it is not under way."""
    row = db.execute(_CLAIM, {"id": import_id}).one_or_none()
    if row is None:
        return None
    part = db.execute(_NEXT, {"id": import_id}).one_or_none()
    if part is None:
        return _finish(db, row)
    rows = unpacked(part.packed)
    staged = Staged(row.id, row.kind, find_shop(db, row.shop_id), row.exported_at)
    layout = _layout(staged.kind, row.report["mapping"])
    with db.begin_nested() as probe:
        tally, refused = _take(db, actor, staged, layout, rows, part)
        if not row.report["taking"]:
            # Done in earnest and undone: the counts are those a commit would give.
            probe.rollback()
    lacks = _lacks(row.report.get("lacks"), layout, rows, refused)
    _note(db, row, part.n, len(rows), tally, refused, lacks)
    return _finish(db, db.execute(_CLAIM, {"id": import_id}).one())


def _layout(kind: str, mapping: Sequence[tuple[str, str | None]]) -> Layout:
    header = tuple(name for name, _ in mapping)
    where = {ours: at for at, (_, ours) in enumerate(mapping) if ours is not None}
    return Layout(KINDS[kind], header, where)


def _take(
    db: Session,
    actor: Actor,
    staged: Staged,
    layout: Layout,
    rows: Rows,
    part: Any,
) -> tuple[Tally, list[Refused]]:
    passed_over = {*part.again, *part.repeated}
    read = [row for row in rows if row[0] not in passed_over]
    lines, refused = read_rows(layout, read, staged.exported_at)
    tally, rejected = take_over(db, actor, staged, lines)
    told_otherwise = set(part.repeated)
    for number, cells in rows:
        if number in told_otherwise:
            row = layout.row(number, cells)
            refused.append(
                Refused(
                    number,
                    "repeated_line",
                    {"line_id": row.lines(staged.exported_at)[0].key},
                    cells=row.raw(),
                )
            )
    told = Tally(tally.new, tally.changed, tally.same + len(part.again))
    return told, sorted([*refused, *rejected], key=lambda one: one.row)


def _lacks(
    before: Mapping[str, Any] | None, layout: Layout, rows: Rows, refused: Sequence[Refused]
) -> dict[str, Any]:
    """From when on the shop's data lacks rows of the file, so far; unknown: that of one cannot be told."""
    at_fault = {one.row for one in refused}
    began = [layout.row(number, cells).began() for number, cells in rows if number in at_fault]
    told = before or {"from": None, "unknown": False}
    known = [at for at in began if at is not None]
    if told["from"] is not None:
        known.append(datetime.fromisoformat(told["from"]))
    earliest = min(known).isoformat() if known else None
    return {"from": earliest, "unknown": told["unknown"] or None in began}


_NOTE = text(
    "UPDATE import_file SET done = done + :rows, attempts = 0, report = CAST(:report AS jsonb), updated_at = :now"
    " WHERE id = :id"
)
_NOTE_PART = text("UPDATE import_part SET done = true, refused = :refused WHERE import_id = :id AND n = :n")


def _note(
    db: Session,
    row: Any,
    n: int,
    rows: int,
    tally: Tally,
    refused: Sequence[Refused],
    lacks: Mapping[str, Any],
) -> None:
    told = row.report
    report = told | {name: told[name] + count for name, count in asdict(tally).items()}
    report["refused_total"] = told["refused_total"] + len(refused)
    room = MOST_REFUSED_SHOWN - len(told["refused"])
    report["refused"] = told["refused"] + [asdict(one) for one in refused[:room]]
    report["lacks"] = lacks
    values = {"id": row.id, "rows": rows, "report": json.dumps(report), "now": clock.now(db)}
    db.execute(_NOTE, values)
    kept = packed_refused(refused) if refused else None
    db.execute(_NOTE_PART, {"id": row.id, "n": n, "refused": kept})


_LEFT = text("SELECT EXISTS (SELECT FROM import_part WHERE import_id = :id AND NOT done)")
_END = text(
    "UPDATE import_file SET state = :state, updated_at = :now, report = report || CAST(:told AS jsonb)"
    f" WHERE id = :id RETURNING {COLUMNS}"
)
_DROP_ROWS = text("UPDATE import_part SET packed = NULL WHERE import_id = :id")


def _finish(db: Session, row: Any) -> ImportReport:
    """After its last part: a file that was taken over needs its rows no more, and says how far its shop's data goes."""
    if db.execute(_LEFT, {"id": row.id}).scalar_one():
        after_commit(db, lambda: nudge("connectors.carry"))
        return report_of(row)
    now = clock.now(db)
    through = _complete_to(row)
    if row.report["taking"]:
        db.execute(_DROP_ROWS, {"id": row.id})
        if through is not None:
            note_progress(db, {row.shop_id: through}, now)
    told = (
        {"complete_to": None if through is None else through.isoformat()} if KINDS[row.kind].completes else {}
    )
    state = "committed" if row.report["taking"] else "checked"
    values = {"id": row.id, "state": state, "now": now, "told": json.dumps(told)}
    return report_of(db.execute(_END, values).one())


def _complete_to(row: Any) -> datetime | None:
    """Up to when a file has all orders of its shop: its export, or before the first order that it lacks, to the second.

    None where it does not say: nothing of it was taken, or an order is lacking of which it cannot be told when.
    """
    told = row.report
    lacks = told.get("lacks") or {"from": None, "unknown": False}
    if not KINDS[row.kind].completes or told["rows"] <= told["refused_total"] or lacks["unknown"]:
        return None
    exported_at: datetime = row.exported_at
    if lacks["from"] is None:
        return exported_at
    return min(exported_at, datetime.fromisoformat(lacks["from"]) - timedelta(seconds=1))


_FAILED = text(
    "UPDATE import_file SET attempts = attempts + 1, updated_at = :now,"
    " state = CASE WHEN attempts + 1 >= :most THEN 'failed' ELSE state END"
    " WHERE id = :id AND state IN ('checking', 'committing')"
)


def note_failure(db: Session, actor: Actor, import_id: int) -> None:
    """Count a part that could not be carried."""
    db.execute(_FAILED, {"id": import_id, "most": MOST_ATTEMPTS, "now": clock.now(db)})
