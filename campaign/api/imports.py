"""Files with sales: posted, looked at, committed."""

from typing import Any

from apiflask import APIBlueprint
from flask import request, url_for
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.connectors import imports
from campaign.gate.bodies import TooLarge, validated
from campaign.gate.door import Answer, reads, writes
from campaign.gate.wording import in_words
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import ListQuery, ShopId, Strict
from campaign.kit.instants import Instant
from campaign.kit.paging import from_cursor, page_from
from campaign.kit.tabular import LARGEST_FILE

bp = APIBlueprint("api_imports", __name__, tag="Sales")


class ImportForm(Strict):
    """The fields beside `file`. exported_at: when the platform made the file; else its name tells, or its rows."""

    kind: str = Field(max_length=40)
    shop_id: ShopId | None = None
    exported_at: Instant | None = None
    dry_run: bool = False


class MappedOut(BaseModel):
    """A column of the file and the field it is read as; null: kept, not used."""

    column: str
    field: str | None


class RefusedOut(BaseModel):
    """A row that was left out, by its number in the file."""

    row: int
    code: str
    message: str


class ImportOut(BaseModel):
    """checked: looked at, nothing changed. The counts are of file rows."""

    id: str
    kind: str
    filename: str
    shop_id: ShopId
    exported_at: Instant
    state: str
    mapping: list[MappedOut]
    rows: int
    new: int
    changed: int
    same: int
    refused: list[RefusedOut]
    created_at: Instant


class ImportList(BaseModel):
    items: list[ImportOut]
    next_cursor: str | None


@bp.post("/imports")
@writes("imports.write", answer=ImportOut, status=201)
def add_import(*, db: Session, actor: Actor) -> Answer:
    """Multipart: file, kind, shop_id, exported_at, dry_run. Without dry_run it is committed at once."""
    upload = request.files.get("file")
    if upload is None:
        raise Invalid([FieldError("file", "missing")])
    given = validated(ImportForm, _form())
    content = upload.stream.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise TooLarge
    report = imports.stage(
        db,
        actor,
        kind=given.kind,
        filename=upload.filename or "",
        content=content,
        shop_id=given.shop_id,
        exported_at=given.exported_at,
        dry_run=given.dry_run,
    )
    shown = _shown(report)
    return Answer(shown, 201, {"Location": url_for("api_imports.get_import", import_id=shown.id)})


def _form() -> dict[str, Any]:
    given: dict[str, Any] = {name: value for name, value in request.form.items() if value != ""}
    if "dry_run" in given:
        written = given["dry_run"].lower()
        given["dry_run"] = {"true": True, "1": True, "false": False, "0": False}.get(written, written)
    return given


@bp.get("/imports")
@reads("imports.read", query=ListQuery, answer=ImportList)
def list_imports(*, db: Session, actor: Actor, query: ListQuery) -> BaseModel:
    """Imports, the newest first."""
    after = from_cursor(query.cursor, (int,))[0] if query.cursor else None
    found = imports.page_of_imports(db, actor, after=after, limit=query.limit + 1)
    page = page_from(found, query.limit, lambda row: [row.id])
    return ImportList(items=[_shown(one) for one in page.items], next_cursor=page.next_cursor)


@bp.get("/imports/<import_id>")
@reads("imports.read", answer=ImportOut)
def get_import(*, db: Session, actor: Actor, import_id: str) -> BaseModel:
    """One import: mapping, rows, what was new, changed, same and refused."""
    return _shown(imports.get_import(db, actor, read_id("imp", import_id)))


@bp.post("/imports/<import_id>/commit")
@writes("imports.write", answer=ImportOut)
def commit_import(*, db: Session, actor: Actor, import_id: str) -> BaseModel:
    """Apply what a dry run looked at."""
    return _shown(imports.apply_checked(db, actor, read_id("imp", import_id)))


def _shown(report: imports.ImportReport) -> ImportOut:
    return ImportOut(
        id=ids.public("imp", report.id),
        kind=report.kind,
        filename=report.filename,
        shop_id=report.shop_id,
        exported_at=report.exported_at,
        state=report.state,
        mapping=[MappedOut(column=column, field=ours) for column, ours in report.mapping],
        rows=report.rows,
        new=report.new,
        changed=report.changed,
        same=report.same,
        refused=[
            RefusedOut(row=one.row, code=one.code, message=in_words(f"row_{one.code}", one.params))
            for one in report.refused
        ],
        created_at=report.created_at,
    )
