"""Columns that were pointed at fields: what the shops' next files are read by. Changed, renamed, forgotten."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from pydantic import Field
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.connectors.carrying import KINDS
from campaign.connectors.mappings import change_kept, forget_kept, kept_mappings
from campaign.gate.bodies import validated
from campaign.gate.door import reads, writes
from campaign.kit.actor import Actor
from campaign.kit.fields import ShopId, Strict
from campaign.web import forms
from campaign.web.verbs import attempt

pages = Blueprint("hub_mappings", __name__, url_prefix="/hub/imports/mappings")


class KeptForm(Strict):
    """One kept column, and what becomes of it. field empty: the column is not used."""

    kind: str = Field(max_length=40)
    shop_id: ShopId
    header: str = Field(max_length=200)
    renamed: str = Field(default="", max_length=200)
    field: str | None = Field(default=None, max_length=40)


@pages.get("")
@reads("imports.read")
def index(*, db: Session, actor: Actor) -> str:
    """All of them, by shop and kind of file."""
    return render_template(
        "hub/mappings.html",
        kept=kept_mappings(db, actor),
        fields={kind: list(reader.columns.fields.items()) for kind, reader in KINDS.items()},
        words={
            (kind, name): word for kind, one in KINDS.items() for name, word in one.columns.fields.items()
        },
        may_write=allows(actor, "imports.write"),
    )


@pages.post("")
@writes("imports.write")
def change(*, db: Session, actor: Actor) -> Response:
    """Another field, or another name of the column."""
    given = validated(KeptForm, forms.folded(request.form))
    renamed = given.renamed or given.header

    def put() -> None:
        change_kept(db, actor, given.kind, given.shop_id, given.header, renamed=renamed, field=given.field)

    attempt(db, "done.mapping_changed", put)
    return _back()


@pages.post("/forget")
@writes("imports.write")
def forget(*, db: Session, actor: Actor) -> Response:
    """From the next file on the column is known by the platform's own names alone."""
    given = validated(KeptForm, forms.folded(request.form))
    attempt(
        db, "done.mapping_forgotten", lambda: forget_kept(db, actor, given.kind, given.shop_id, given.header)
    )
    return _back()


def _back() -> Response:
    return redirect(url_for("hub_mappings.index"), 303)  # type: ignore[return-value]
