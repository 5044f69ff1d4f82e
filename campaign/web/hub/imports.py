"""Files in: what an export would change is shown first, then taken over."""

from datetime import datetime
from typing import Any, Literal

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from pydantic import Field
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.connectors.imports import apply_checked, get_import, page_of_imports, stage
from campaign.gate.door import reads, writes
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import ShopId, Strict
from campaign.kit.instants import Instant, written
from campaign.web import forms
from campaign.web.hub import options
from campaign.web.paths import read_id
from campaign.web.show import zone
from campaign.web.verbs import attempt

pages = Blueprint("hub_imports", __name__, url_prefix="/hub/imports")

_SHOWN = 50


class ImportForm(Strict):
    """What the upload form asks beside the file."""

    kind: Literal["douyin_orders"] = "douyin_orders"
    shop_id: ShopId | None = Field(default=None)
    exported_at: Instant | None = None


@pages.get("")
@reads("imports.read")
def index(*, db: Session, actor: Actor) -> Response:
    """Latest imports and the upload form."""
    return _page(db, actor, forms.blank(kind="douyin_orders"))


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
            content=file.read(),
            shop_id=given.value.shop_id,
            exported_at=given.value.exported_at,
            dry_run=True,
        )
    if given.refusal is not None:
        return _page(db, actor, given)
    return _to(report.id)


@pages.get("/<import_id>")
@reads("imports.read")
def show(*, db: Session, actor: Actor, import_id: str) -> str:
    """The mapping, the counts, and each refused row with its reason."""
    report = get_import(db, actor, read_id("imp", import_id))
    return render_template(
        "hub/import.html",
        report=report,
        shops=dict(options.shops(db, actor)),
        may_commit=allows(actor, "imports.write") and report.state == "checked",
    )


@pages.post("/<import_id>/commit")
@writes("imports.write")
def take(*, db: Session, actor: Actor, import_id: str) -> Response:
    """Take a checked file over."""
    found = read_id("imp", import_id)
    attempt(db, "done.import", lambda: apply_checked(db, actor, found))
    return _to(found)


def _instant_in(typed: Any) -> dict[str, Any]:
    """The browser's local date and time, read in the hub's zone."""
    given = forms.folded(typed)
    if "exported_at" in given:
        try:
            given["exported_at"] = written(
                datetime.fromisoformat(given["exported_at"]).replace(tzinfo=zone())
            )
        except ValueError:
            raise Invalid([FieldError("exported_at", "clock_time")]) from None
    return given


def _to(import_id: int) -> Response:
    return redirect(url_for("hub_imports.show", import_id=ids.public("imp", import_id)), 303)  # type: ignore[return-value]


def _page(db: Session, actor: Actor, form: forms.Form[Any]) -> Response:
    answer = render_template(
        "hub/imports.html",
        form=form,
        imports=page_of_imports(db, actor, after=None, limit=_SHOWN),
        shops=options.shops(db, actor),
        may_write=allows(actor, "imports.write"),
    )
    return make_response(answer, form.status)
