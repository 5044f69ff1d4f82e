"""A sheet taken over: every row by itself, so that one at fault keeps no other out; a dry run does it and undoes it."""

import hashlib
import json
import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from psycopg import errors as pg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.connectors.filing import Progress
from campaign.connectors.reading import FileRefused, Refused
from campaign.connectors.reports import ImportReport, Previewed, get_import
from campaign.connectors.sheets.cells import BadCell, bare
from campaign.connectors.sheets.columns import KINDS, is_example, placed
from campaign.connectors.sheets.desk import COLUMN_OF, Desk, Given, Taken
from campaign.connectors.sheets.hosts import take_host
from campaign.connectors.sheets.names import Names
from campaign.connectors.sheets.rows import take_party
from campaign.connectors.sheets.shows import take_show
from campaign.connectors.sheets.writing import Writer
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import DomainError, Invalid, NotFound, WrongState
from campaign.kit.tabular import BadTable, Table, read_table
from campaign.parties.queries import zone_of_hub
from campaign.schedule.errors import Conflicting, NeedsOverride

MOST_ROWS = 5000
MOST_PREVIEWED = 200
# A line-up of 500 products with long SKUs.
_LONGEST_CELL = 120_000


@dataclass(frozen=True)
class _Outcome:
    counts: Mapping[str, int]
    refused: tuple[Refused, ...]
    preview: tuple[Previewed, ...]


def stage_sheet(
    db: Session,
    actor: Actor,
    *,
    kind: str,
    filename: str,
    content: bytes,
    dry_run: bool = False,
    whole: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Read a sheet and see what it would do; without dry_run do it at once. Raises FileRefused.

    whole: where a row is refused nothing is taken over, and the import stays as looked at.
    """
    try:
        table = read_table(content)
    except BadTable as fault:
        raise FileRefused(fault.code) from fault
    placed(kind, table.header)
    if not table.rows:
        raise FileRefused("no_rows")
    if len(table.rows) > MOST_ROWS:
        raise FileRefused("too_many_rows", most=MOST_ROWS)
    values = {
        "kind": kind,
        "filename": _clean(filename)[-200:],
        "hash": hashlib.sha256(content).digest(),
        "staged": _packed(table),
        "whole": whole,
        "by": actor.name,
        "now": clock.now(db),
    }
    import_id = int(db.execute(_ADD, values).scalar_one())
    audit.note(db, actor, "import.read", "import", import_id, {"filename": values["filename"]})
    return _take(db, actor, import_id, kind, table, keep=not dry_run, whole=whole, progress=progress)


def apply_sheet(
    db: Session, actor: Actor, import_id: int, *, progress: Progress | None = None
) -> ImportReport:
    """Take over what a dry run looked at, as things stand now. Raises NotFound, WrongState."""
    row = db.execute(_GET_STAGED, {"id": import_id}).one_or_none()
    if row is None:
        raise NotFound
    if row.state != "checked":
        raise WrongState(state=row.state)
    table = _unpacked(row.staged)
    return _take(db, actor, import_id, row.kind, table, keep=True, whole=row.whole, progress=progress)


def refused_rows(
    db: Session, actor: Actor, import_id: int
) -> tuple[str, list[str], list[tuple[Refused, list[str]]]]:
    """The kind, the header, and each refused row as it stood in the file. Raises NotFound."""
    row = db.execute(_GET_KEPT, {"id": import_id}).one_or_none()
    if row is None or row.kind not in KINDS:
        raise NotFound
    table = _unpacked(row.staged)
    by_number = dict(table.rows)
    report = get_import(db, actor, import_id)
    return row.kind, list(table.header), [(one, list(by_number[one.row])) for one in report.refused]


def _take(
    db: Session,
    actor: Actor,
    import_id: int,
    kind: str,
    table: Table,
    *,
    keep: bool,
    whole: bool,
    progress: Progress | None,
) -> ImportReport:
    """Do it all within a savepoint; undone where it was a look, or one row at fault keeps the whole out."""
    with db.begin_nested() as probe:
        outcome = _each(db, actor, kind, table, progress)
        keep = keep and not (whole and outcome.refused)
        if not keep:
            probe.rollback()
    if keep:
        audit.note(db, actor, "import.committed", "import", import_id, dict(outcome.counts))
        at_fault = {one.row for one in outcome.refused}
        table = Table(table.header, [row for row in table.rows if row[0] in at_fault])
    else:
        db.expire_all()
    values = {
        "id": import_id,
        "state": "committed" if keep else "checked",
        "report": json.dumps(_told(kind, table.header, outcome)),
        "staged": _packed(table),
        "now": clock.now(db),
    }
    db.execute(_NOTE, values)
    return get_import(db, actor, import_id)


def _each(db: Session, actor: Actor, kind: str, table: Table, progress: Progress | None) -> _Outcome:
    mapping, places = placed(kind, table.header)
    headings = {ours: heading for heading, ours in mapping if ours}
    desk = Desk(db, actor, Names(db, actor), zone_of_hub(db, actor))
    taker = _taker(desk, kind)
    counts, seen = Counter[str](), set[int]()
    refused: list[Refused] = []
    preview: list[Previewed] = []
    for done, (number, row) in enumerate(table.rows, start=1):
        try:
            with db.begin_nested():
                told = taker(_given(kind, places, row))
                _refuse_repeated(told, seen)
                db.flush()
        except (BadCell, DomainError, DBAPIError) as fault:
            desk.names.forget()
            refused.append(_refused(kind, number, fault, headings))
        else:
            desk.names.settle()
            seen.add(told.id)
            counts[told.verdict] += 1
            if told.verdict != "same" and len(preview) < MOST_PREVIEWED:
                fields = tuple(_clean(headings.get(field, field)) for field in told.fields)
                preview.append(Previewed(number, told.verdict, told.name, fields))
        if progress is not None:
            progress(done, len(table.rows))
    return _Outcome(counts, tuple(refused), tuple(preview))


def _refuse_repeated(told: Taken, seen: set[int]) -> None:
    if told.id in seen:
        raise BadCell("", "repeated_row")


def _taker(desk: Desk, kind: str) -> Callable[[Given], Taken]:
    if kind == "sessions":
        writer = Writer(desk.db, desk.names, desk.zone)
        return lambda given: take_show(desk, writer, given)
    if kind == "hosts":
        return lambda given: take_host(desk, given)
    return lambda given: take_party(desk, kind, given)


def _given(kind: str, places: Mapping[str, int], row: tuple[str, ...]) -> dict[str, str]:
    given = {}
    for field, at in places.items():
        cell = bare(row[at]) if at < len(row) else ""
        if len(cell) > _LONGEST_CELL:
            raise BadCell(field, "too_long", {"most": _LONGEST_CELL})
        if cell:
            given[field] = cell
    if is_example(kind, given):
        raise BadCell("", "example_row")
    return given


def _refused(kind: str, number: int, fault: Exception, headings: Mapping[str, str]) -> Refused:
    """A fault as a row's: the column as the file calls it, our code and what words need."""
    code, params, field = "refused", dict[str, Any](), ""
    if isinstance(fault, BadCell):
        code, params, field = fault.code, fault.params, fault.field
    elif isinstance(fault, Invalid) and fault.errors:
        first = fault.errors[0]
        code, params, field = first.code, dict(first.params), _field_of(first.field, headings)
    elif isinstance(fault, Conflicting) and fault.conflicts:
        code, params = fault.conflicts[0].code, dict(fault.conflicts[0].params)
        if isinstance(fault, NeedsOverride):
            field, params = "override", params | {"override": True}
    elif isinstance(fault, DomainError) and fault.status < 500:
        code, params = fault.error_code, dict(fault.params)
    elif isinstance(fault, DBAPIError) and isinstance(fault.orig, pg.IntegrityError | pg.DataError):
        code = "refused_by_rule"
    else:
        # The database is away or busy: that is nothing to hold against a row.
        raise fault
    column = headings.get(field) or headings.get(COLUMN_OF.get(field, "")) or None
    shown = {name: _clean(str(value)) for name, value in params.items()}
    if column is not None:
        return Refused(number, code, {"column": _clean(column)} | shown, _clean(column))
    # The file has no such column: it is called as a template would.
    lacking = [f"{one.zh} / {one.en}" for one in KINDS[kind] if one.field in (field, COLUMN_OF.get(field))]
    return Refused(number, code, {"column": "".join(lacking)} | shown)


def _field_of(path: str, headings: Mapping[str, str]) -> str:
    """The part of an input's path that a column stands for: items.1.ends_on → ends_on."""
    parts = path.split(".")
    own = (part for part in reversed(parts) if headings.keys() & {part, COLUMN_OF.get(part, part)})
    return next(own, parts[0])


def _clean(value: str) -> str:
    """Text that can be stored and shown: no control characters, no half characters."""
    return "".join(char for char in value if unicodedata.category(char) not in ("Cc", "Cs"))


def _told(kind: str, header: tuple[str, ...], outcome: _Outcome) -> dict[str, Any]:
    counts = {name: outcome.counts.get(name, 0) for name in ("new", "changed", "same")}
    return {
        "mapping": [(_clean(heading), ours) for heading, ours in placed(kind, header)[0]],
        "rows": sum(counts.values()) + len(outcome.refused),
        **counts,
        "refused": [asdict(one) for one in outcome.refused],
        "preview": [asdict(one) for one in outcome.preview],
    }


def _packed(table: Table) -> bytes:
    return zlib.compress(json.dumps([table.header, list(table.rows)]).encode())


def _unpacked(staged: bytes) -> Table:
    header, rows = json.loads(zlib.decompress(staged))
    return Table(tuple(header), [(number, tuple(row)) for number, row in rows])


_ADD = text(
    "INSERT INTO import_file (kind, filename, file_hash, state, report, staged, whole, created_by, created_at,"
    " updated_at) VALUES (:kind, :filename, :hash, 'checked', '{}', :staged, :whole, :by, :now, :now) RETURNING id"
)
_GET_STAGED = text("SELECT kind, state, staged, whole FROM import_file WHERE id = :id FOR UPDATE")
_GET_KEPT = text("SELECT kind, staged FROM import_file WHERE id = :id")
_NOTE = text(
    "UPDATE import_file SET state = :state, report = CAST(:report AS jsonb), staged = :staged, updated_at = :now"
    " WHERE id = :id"
)
