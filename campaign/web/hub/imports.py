"""Files in: what an export would change is shown first, then taken over."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from pydantic import AfterValidator, Field
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.connectors.carrying import PLATFORM
from campaign.connectors.douyin.columns import is_personal
from campaign.connectors.files import KINDS, apply_checked, stage
from campaign.connectors.imports import KINDS as SALES_KINDS
from campaign.connectors.imports import remap
from campaign.connectors.mappings import fields_of, repointed
from campaign.connectors.reading import FileRefused
from campaign.connectors.reports import ImportReport, get_import, page_of_imports
from campaign.connectors.session_reports import KIND as REPORT
from campaign.connectors.sheets.columns import KINDS as SHEETS
from campaign.gate.door import reads, writes
from campaign.gate.locale import pick_locale
from campaign.gate.sheets import refused_file, template_file
from campaign.gate.wording import row_words
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import SessionId, ShopId, Strict
from campaign.kit.instants import Instant, parse_wall, written
from campaign.parties.queries import today
from campaign.web import forms
from campaign.web.hub import options
from campaign.web.paths import read_id
from campaign.web.show import zone
from campaign.web.verbs import attempt

pages = Blueprint("hub_imports", __name__, url_prefix="/hub/imports")

_SHOWN = 50


SALES = "douyin_orders"


def _one_of_ours(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError("unknown_id")
    return kind


class FormQuery(Strict):
    """What a table is downloaded as."""

    format: Literal["csv", "xlsx"] = "xlsx"


class ImportForm(Strict):
    """What the upload form asks beside the file. shop_id and exported_at are for sales, whole is for sheets."""

    kind: Annotated[str, AfterValidator(_one_of_ours)] = SALES
    shop_id: ShopId | None = Field(default=None)
    session_id: SessionId | None = None
    exported_at: Instant | None = None
    whole: Literal["1"] | None = None


class KindQuery(Strict):
    """Which kind of file the page is about."""

    kind: Annotated[str, AfterValidator(_one_of_ours)] = SALES
    session_id: str = Field(default="", max_length=40)


@pages.get("")
@reads("imports.read", query=KindQuery)
def index(*, db: Session, actor: Actor, query: KindQuery) -> Response:
    """Latest imports and the upload form of one kind."""
    return _page(db, actor, forms.blank(kind=query.kind, session_id=query.session_id))


@pages.get("/templates/<kind>")
@reads("imports.read", query=FormQuery)
def template(*, db: Session, actor: Actor, query: FormQuery, kind: str) -> Response:
    """A sheet to fill in, in the reader's language."""
    return template_file(kind, query.format)


@pages.post("")
@writes("imports.write")
def upload(*, db: Session, actor: Actor) -> Response:
    """Check a file without taking it over; the next page shows what it would change."""
    given = forms.read(ImportForm, request.form, build=_instant_in)
    file = request.files.get("file")
    if file is None or not file.filename:
        given.refuse(Invalid([FieldError("file", "missing")]))
    if given.value is None or file is None or given.errors:
        return _page(db, actor, given)
    with forms.refusals(given, db):
        report = stage(
            db,
            actor,
            kind=given.value.kind,
            filename=file.filename or "",
            content=file.stream,  # type: ignore[arg-type]
            shop_id=given.value.shop_id,
            session_id=given.value.session_id,
            exported_at=given.value.exported_at,
            dry_run=True,
            whole=given.value.whole is not None,
            mappable=True,
        )
    if given.refusal is not None:
        return _page(db, actor, given)
    return _to(report.id)


@pages.get("/<import_id>")
@reads("imports.read")
def show(*, db: Session, actor: Actor, import_id: str) -> str:
    """The mapping, the counts, and each refused row with its reason."""
    report = get_import(db, actor, read_id("imp", import_id))
    writes_it = allows(actor, "imports.write")
    return render_template(
        "hub/import.html",
        report=report,
        shops=dict(options.shops(db, actor)),
        sheet=report.kind in SHEETS,
        is_report=report.kind == REPORT,
        headings={one.field: one.heading(pick_locale()) for one in SHEETS.get(report.kind, ())},
        row_words=row_words,
        may_commit=writes_it and report.state in ("checked", "failed") and not _kept_out(report),
        may_map=writes_it and report.kind in SALES_KINDS and report.state in ("unmapped", "checked"),
        fields=fields_of(report) if report.kind in SALES_KINDS else (),
        personal={name for name, _ in report.mapping if is_personal(name)},
        kept_out=_kept_out(report),
    )


@pages.get("/<import_id>/refused")
@reads("imports.read", query=FormQuery)
def refused(*, db: Session, actor: Actor, query: FormQuery, import_id: str) -> Response:
    """The refused rows as they stood, with the reason beside them."""
    return refused_file(db, actor, read_id("imp", import_id), query.format)


@pages.post("/<import_id>/commit")
@writes("imports.write")
def take(*, db: Session, actor: Actor, import_id: str) -> Response:
    """Take a checked file over."""
    found = read_id("imp", import_id)
    attempt(db, "done.import", lambda: _take(db, actor, found))
    return _to(found)


@pages.post("/<import_id>/mapping")
@writes("imports.write")
def point(*, db: Session, actor: Actor, import_id: str) -> Response:
    """Point columns at fields: for this file, which is looked at anew, and the shop's next ones."""
    found = read_id("imp", import_id)
    chosen = {name.removeprefix("field."): header for name, header in request.form.items() if "." in name}
    attempt(db, "done.mapping", lambda: _point(db, actor, found, chosen))
    return _to(found)


def _point(db: Session, actor: Actor, import_id: int, chosen: Mapping[str, str]) -> None:
    remap(db, actor, import_id, repointed(get_import(db, actor, import_id), chosen))


def _kept_out(report: ImportReport) -> bool:
    """Whether rows at fault keep the whole sheet out."""
    return report.state == "checked" and report.whole and bool(report.refused)


def _take(db: Session, actor: Actor, import_id: int) -> None:
    """Raises FileRefused where rows keep a sheet out that goes in whole or not at all."""
    report = apply_checked(db, actor, import_id)
    if report.state == "checked":
        raise FileRefused("rows_refused")


def _instant_in(typed: Any) -> dict[str, Any]:
    """The browser's local date and time, read in the hub's zone."""
    given = forms.folded(typed)
    if "exported_at" in given:
        try:
            given["exported_at"] = written(parse_wall(given["exported_at"], zone()))
        except ValueError:
            raise Invalid([FieldError("exported_at", "clock_time")]) from None
    return given


def _to(import_id: int) -> Response:
    return redirect(url_for("hub_imports.show", import_id=ids.public("imp", import_id)), 303)  # type: ignore[return-value]


def _page(db: Session, actor: Actor, form: forms.Form[Any]) -> Response:
    kind = form.text("kind") if form.text("kind") in KINDS else SALES
    day = today(db, actor)
    monday = day - timedelta(days=day.weekday())
    answer = render_template(
        "hub/imports.html",
        form=form,
        imports=page_of_imports(db, actor, after=None, limit=_SHOWN),
        shops=options.shops(db, actor, PLATFORM),
        kinds=(*SHEETS, *SALES_KINDS, REPORT),
        sales_kinds=(*SALES_KINDS, REPORT),
        is_report=kind == REPORT,
        kind=kind,
        columns=SHEETS.get(kind, ()),
        first=monday,
        last=monday + timedelta(days=6),
        may_write=allows(actor, "imports.write"),
    )
    return make_response(answer, form.status)
