"""Headers that people pointed at our fields, by kind of file and shop: the shop's next file is read the same way."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.connectors.carrying import KINDS
from campaign.connectors.douyin.columns import Columns, is_personal, normalised
from campaign.connectors.reports import ImportReport
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import Conflict, FieldError, Invalid, NotFound

Given = Mapping[str, str | None]
"""A file's header → our field; None: it is kept and not used."""

_MOST_GIVEN = 512
_LONGEST_HEADER = 200
_FIND = text("SELECT header, field FROM import_mapping WHERE kind = :kind AND shop_id = :shop_id")
_KEEP = text(
    "INSERT INTO import_mapping (kind, shop_id, header, field, told_by, told_at)"
    " VALUES (:kind, :shop_id, :header, :field, :by, :now) ON CONFLICT (kind, shop_id, header)"
    " DO UPDATE SET field = excluded.field, told_by = excluded.told_by, told_at = excluded.told_at"
)


def saved_mapping(db: Session, actor: Actor, kind: str, shop_id: int) -> dict[str, str | None]:
    """Normalised header → field, as kept for this kind of file of the shop."""
    return {row.header: row.field for row in db.execute(_FIND, {"kind": kind, "shop_id": shop_id})}


def keep_mapping(db: Session, actor: Actor, kind: str, shop_id: int, names: Columns, given: Given) -> None:
    """Keep it for this file and the next ones. Raises Invalid: unknown_field, about_people, …"""
    _check_pointed(names, given)
    now = clock.now(db)
    whose = {"kind": kind, "shop_id": shop_id, "by": actor.name, "now": now}
    for header, field in sorted(given.items()):
        db.execute(_KEEP, whose | {"header": normalised(header), "field": field})
    if given:
        audit.note(db, actor, "import.mapped", "shop", shop_id, {"kind": kind, "columns": dict(given)})


def _check_pointed(names: Columns, given: Given) -> None:
    if len(given) > _MOST_GIVEN:
        raise Invalid([FieldError("mapping", "too_many_columns")])
    for header, field in given.items():
        if field is not None and field not in names.fields:
            raise Invalid([FieldError("mapping", "unknown_field", {"value": field[:40]})])
        if is_personal(header):
            raise Invalid([FieldError("mapping", "about_people", {"value": header[:40]})])
        if not normalised(header) or len(header) > _LONGEST_HEADER:
            raise Invalid([FieldError("mapping", "unknown_column", {"value": header[:40]})])


@dataclass(frozen=True)
class Kept:
    """A column that somebody pointed out: the shop's files of that kind are read so. field None: it is not used."""

    kind: str
    shop_id: int
    shop_name: str
    header: str
    field: str | None
    told_by: str
    told_at: datetime


_ALL = text(
    "SELECT m.kind, m.shop_id, s.name AS shop_name, m.header, m.field, m.told_by, m.told_at FROM import_mapping m"
    " JOIN shop s ON s.id = m.shop_id ORDER BY s.name, m.shop_id, m.kind, m.header"
)
_CHANGE = text(
    "UPDATE import_mapping SET field = :field, told_by = :by, told_at = :now"
    " WHERE kind = :kind AND shop_id = :shop_id AND header = :header RETURNING header"
)
_RENAME = text(
    "UPDATE import_mapping SET header = :renamed, told_by = :by, told_at = :now"
    " WHERE kind = :kind AND shop_id = :shop_id AND header = :header"
)
_FORGET = text(
    "DELETE FROM import_mapping WHERE kind = :kind AND shop_id = :shop_id AND header = :header RETURNING header"
)


def kept_mappings(db: Session, actor: Actor) -> list[Kept]:
    """Every column that was pointed out, by shop and kind of file."""
    return [Kept(**row) for row in db.execute(_ALL).mappings()]


def change_kept(
    db: Session, actor: Actor, kind: str, shop_id: int, header: str, *, renamed: str, field: str | None
) -> None:
    """Read it as another field from the next file on, or look for it by another name.

    Raises NotFound, Invalid, Conflict where the other name is kept already.
    """
    if kind not in KINDS:
        raise NotFound
    _check_pointed(KINDS[kind].columns, {renamed: field})
    key = {"kind": kind, "shop_id": shop_id, "header": header}
    now = {"by": actor.name, "now": clock.now(db)}
    if db.execute(_CHANGE, key | now | {"field": field}).one_or_none() is None:
        raise NotFound
    if normalised(renamed) != header:
        if normalised(renamed) in saved_mapping(db, actor, kind, shop_id):
            raise Conflict("column_kept_already", value=renamed[:40])
        db.execute(_RENAME, key | now | {"renamed": normalised(renamed)})
    audit.note(db, actor, "import.mapped", "shop", shop_id, {"kind": kind, "columns": {renamed: field}})


def forget_kept(db: Session, actor: Actor, kind: str, shop_id: int, header: str) -> None:
    """The shop's next files are read by the platform's own names again. Raises NotFound."""
    if db.execute(_FORGET, {"kind": kind, "shop_id": shop_id, "header": header}).one_or_none() is None:
        raise NotFound
    audit.note(db, actor, "import.unmapped", "shop", shop_id, {"kind": kind, "column": header})


@dataclass(frozen=True)
class Field:
    """A field of ours as a person points a column at it: the platform's word for it, and the column it is read from."""

    name: str
    word: str
    needed: bool
    column: str
    columns: tuple[str, ...]


def fields_of(report: ImportReport) -> tuple[Field, ...]:
    """The fields of a file's kind, the missing ones first, and which of its columns each could be read from."""
    names = KINDS[report.kind].columns
    told = {ours: header for header, ours in report.mapping if ours is not None}
    headers = tuple(
        dict.fromkeys(name for name, _ in report.mapping if normalised(name) and not is_personal(name))
    )
    fields = [
        Field(name, word, names.needs(name), told.get(name, ""), headers)
        for name, word in names.fields.items()
    ]
    return tuple(sorted(fields, key=lambda one: one.name not in report.missing))


def repointed(report: ImportReport, chosen: Mapping[str, str]) -> dict[str, str | None]:
    """What a form (field → header, "" for none) changes: header → field. Raises Invalid where two fields take one."""
    before = {ours: header for header, ours in report.mapping if ours is not None}
    given: dict[str, str | None] = {}
    taken = [header for header in chosen.values() if header]
    if len(set(taken)) < len(taken):
        raise Invalid([FieldError("mapping", "column_taken_twice")])
    for field, header in chosen.items():
        old = before.get(field, "")
        if header == old:
            continue
        if header:
            given[header] = field
        if old and old not in taken:
            given[old] = None
    return given
