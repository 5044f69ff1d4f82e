"""Files with sales, and sheets of parties and sessions: posted, looked at, committed."""

import io
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request, url_for
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from campaign.api.exports import FormQuery
from campaign.api.ids import read_id
from campaign.connectors import files, imports
from campaign.gate.bodies import TooLarge, validated
from campaign.gate.door import Answer, reads, writes
from campaign.gate.etag import etag, expected_version
from campaign.gate.sheets import refused_file
from campaign.gate.wording import row_words
from campaign.kit import ids, strict_json
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import ListQuery, SessionId, ShopId, Strict
from campaign.kit.instants import Instant
from campaign.kit.paging import from_cursor, page_from
from campaign.kit.tabular import LARGEST_FILE

bp = APIBlueprint("api_imports", __name__, tag="Sales")


class ImportForm(Strict):
    """The fields beside `file`. exported_at: when the platform made the file; else its name tells, or its rows.

    shop_id, exported_at and mapping are for sales: column of the file → field, or null for one that is not read, for
    this file and the shop's next ones. session_id is for a session's report that does not tell it. all_or_nothing is
    for sheets: a row that is refused keeps all others out.
    """

    kind: str = Field(max_length=40)
    shop_id: ShopId | None = None
    session_id: SessionId | None = None
    exported_at: Instant | None = None
    dry_run: bool = False
    all_or_nothing: bool = False
    mapping: dict[str, str | None] | None = None


class MappingIn(Strict):
    """Columns of the file → fields, null for one that is not read; kept for the shop's next files."""

    mapping: dict[str, str | None]


class MappedOut(BaseModel):
    """A column of the file and the field it is read as; null: kept, not used."""

    column: str
    field: str | None


class RefusedOut(BaseModel):
    """A row that was left out, by its number in the file; column: the one at fault, as the file calls it."""

    row: int
    column: str | None
    code: str
    message: str


class PreviewedOut(BaseModel):
    """A row of a sheet that is new or changed: what it is about, and the columns that make the change."""

    row: int
    verdict: str
    name: str
    columns: list[str]


class ImportOut(BaseModel):
    """checked: looked at, nothing changed. The counts are of file rows; preview shows the first 200 that do something.

    A file of sales of more than 2,000 rows comes back as checking or committing: ask again until it is checked or
    committed, `done` of `rows` says how far it is. It goes on by itself. missing: needed fields that no column is read
    as (state unmapped; POST /imports/{id}/mapping points one out). failed: given up on; commit makes it go on.

    refused are the first 500 of refused_count; /imports/{id}/refused has all. all_or_nothing with refused rows stays
    checked: nothing was taken over.

    complete_to: up to when a file of orders has all of its shop's: its export, or before the first order that is
    refused. null: it does not say, nothing was taken or it cannot be told when a refused row was ordered.
    """

    id: str
    kind: str
    filename: str
    shop_id: ShopId | None
    session_id: str | None
    exported_at: Instant | None
    state: str
    mapping: list[MappedOut]
    missing: list[str]
    rows: int
    done: int
    new: int
    changed: int
    same: int
    refused: list[RefusedOut]
    refused_count: int
    preview: list[PreviewedOut]
    all_or_nothing: bool
    complete_to: Instant | None
    created_at: Instant


class ImportList(BaseModel):
    items: list[ImportOut]
    next_cursor: str | None


@bp.post("/imports")
@writes("imports.write", answer=ImportOut, status=201)
def add_import(*, db: Session, actor: Actor) -> Answer:
    """Multipart: file, kind, shop_id, session_id, exported_at, dry_run, all_or_nothing, mapping. No dry_run: committed.

    Of more than 2,000 rows a file of sales comes back as checking or committing and goes on by itself: ask for it until
    it is checked or committed. Sheets and shorter files are done with the answer.
    """
    upload = request.files.get("file")
    if upload is None:
        raise Invalid([FieldError("file", "missing")])
    given = validated(ImportForm, _form())
    if upload.stream.seek(0, io.SEEK_END) > LARGEST_FILE:
        raise TooLarge
    upload.stream.seek(0)
    report = files.stage(
        db,
        actor,
        kind=given.kind,
        filename=upload.filename or "",
        content=upload.stream,  # type: ignore[arg-type]
        shop_id=given.shop_id,
        session_id=given.session_id,
        exported_at=given.exported_at,
        dry_run=given.dry_run,
        whole=given.all_or_nothing,
        mapping=given.mapping,
    )
    answer = _answer(report, 201)
    where = url_for("api_imports.get_import", import_id=ids.public("imp", report.id))
    return Answer(answer.model, 201, answer.headers | {"Location": where})


def _form() -> dict[str, Any]:
    given: dict[str, Any] = {name: value for name, value in request.form.items() if value != ""}
    for name in given.keys() & {"dry_run", "all_or_nothing"}:
        written = given[name].lower()
        given[name] = {"true": True, "1": True, "false": False, "0": False}.get(written, written)
    if "mapping" in given:
        try:
            given["mapping"] = strict_json.decode(given["mapping"].encode())
        except (strict_json.BadJson, UnicodeEncodeError):
            raise Invalid([FieldError("mapping", "wrong_type")]) from None
    return given


@bp.get("/imports")
@reads("imports.read", query=ListQuery, answer=ImportList)
def list_imports(*, db: Session, actor: Actor, query: ListQuery) -> BaseModel:
    """Imports, the newest first."""
    after = from_cursor(query.cursor, (int,))[0] if query.cursor else None
    found = imports.page_of_imports(db, actor, after=after, limit=query.limit + 1, since=query.updated_since)
    page = page_from(found, query.limit, lambda row: [row.id])
    return ImportList(items=[_shown(one) for one in page.items], next_cursor=page.next_cursor)


@bp.get("/imports/<import_id>")
@reads("imports.read", answer=ImportOut)
def get_import(*, db: Session, actor: Actor, import_id: str) -> Answer:
    """One import: mapping, rows, what was new, changed, same and refused."""
    return _answer(imports.get_import(db, actor, read_id("imp", import_id)))


@bp.post("/imports/<import_id>/commit")
@writes("imports.write", answer=ImportOut)
def commit_import(*, db: Session, actor: Actor, import_id: str) -> Answer:
    """Apply what a dry run looked at, as things stand now: each row is judged again.

    A file of sales of more than 2,000 rows comes back as committing and goes on by itself.
    """
    found = read_id("imp", import_id)
    return _answer(files.apply_checked(db, actor, found, expected_version=expected_version()))


@bp.post("/imports/<import_id>/mapping")
@writes("imports.write", body=MappingIn, answer=ImportOut)
def point_columns(*, db: Session, actor: Actor, import_id: str, body: MappingIn) -> Answer:
    """Point columns of a file that waits to be taken over at fields: it is looked at anew; kept for the next ones."""
    found = read_id("imp", import_id)
    return _answer(imports.remap(db, actor, found, body.mapping, expected_version=expected_version()))


@bp.get("/imports/<import_id>/refused")
@reads("imports.read", query=FormQuery)
def refused(*, db: Session, actor: Actor, query: FormQuery, import_id: str) -> Response:
    """The refused rows as they stood in the file, without people's data, with the reason as the last column."""
    return refused_file(db, actor, read_id("imp", import_id), query.format)


def _answer(report: imports.ImportReport, status: int = 200) -> Answer:
    return Answer(_shown(report), status, {"ETag": etag(report.version)})


def _shown(report: imports.ImportReport) -> ImportOut:
    return ImportOut(
        id=ids.public("imp", report.id),
        kind=report.kind,
        filename=report.filename,
        shop_id=report.shop_id,
        session_id=report.session_id,
        exported_at=report.exported_at,
        state=report.state,
        mapping=[MappedOut(column=column, field=ours) for column, ours in report.mapping],
        missing=list(report.missing),
        rows=report.rows,
        done=report.done,
        new=report.new,
        changed=report.changed,
        same=report.same,
        refused=[
            RefusedOut(row=one.row, column=one.column, code=one.code, message=row_words(one))
            for one in report.refused
        ],
        refused_count=report.refused_count,
        preview=[
            PreviewedOut(row=one.row, verdict=one.verdict, name=one.name, columns=list(one.columns))
            for one in report.preview
        ],
        all_or_nothing=report.whole,
        complete_to=report.complete_to,
        created_at=report.created_at,
    )
