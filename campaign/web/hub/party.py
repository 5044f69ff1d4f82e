"""One studio, host, brand or the like: to look at, to change, to take out of use and back."""

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.accounts.policy import allows
from campaign.catalog.models import Product
from campaign.catalog.products import hand_over, stretches_of
from campaign.catalog.schemas import HandOverIn
from campaign.gate.door import reads, writes
from campaign.insight.usage import refuse_in_use
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound
from campaign.parties.actions import archive, change, restore, set_aliases
from campaign.parties.models import Brand, Host, Party
from campaign.parties.queries import aliases_of, all_of, get, today
from campaign.parties.schemas import AliasesIn
from campaign.web import forms
from campaign.web.hub import options
from campaign.web.hub.party_kinds import BY_SLUG, Kind
from campaign.web.paths import read_id

pages = Blueprint("hub_party", __name__, url_prefix="/hub/parties")


@pages.get("/<slug>/<party_id>")
@reads("hub.pages")
def show(*, db: Session, actor: Actor, slug: str, party_id: str) -> Response:
    """Its form as it stands."""
    kind, row = _found(db, actor, slug, party_id)
    return _page(db, actor, kind, row)


@pages.post("/<slug>/<party_id>")
@writes("parties.write")
def save(*, db: Session, actor: Actor, slug: str, party_id: str) -> Response:
    """Change what the form asks for; what it does not ask for stays."""
    kind, row = _found(db, actor, slug, party_id)
    currency = getattr(row, "currency", "CNY")
    form = forms.read(
        kind.changing,
        request.form,
        build=lambda typed: kind.given(typed, currency),
        fields={"price_fen": "price"},
    )
    if form.value is not None:
        changes = {name: getattr(form.value, name) for name in kind.changing_columns}
        with forms.refusals(form, db):
            change(db, actor, row, changes, expected_rev=forms.sent_rev(request.form))
    return _answer(db, actor, kind, row, form)


@pages.post("/hosts/<host_id>/aliases")
@writes("parties.write")
def aliases(*, db: Session, actor: Actor, host_id: str) -> Response:
    """Replace the other names a host goes by, one a line."""
    kind, row = _found(db, actor, "hosts", host_id)
    form = forms.read(
        AliasesIn, request.form, build=lambda typed: {"items": _lines(typed.get("aliases", ""))}
    )
    form.errors = {"aliases": [fault for faults in form.errors.values() for fault in faults]}
    if form.value is not None:
        with forms.refusals(form, db):
            set_aliases(db, actor, row, form.value.items, expected_rev=forms.sent_rev(request.form))
    return _answer(db, actor, kind, row, form)


@pages.post("/products/<product_id>/brand")
@writes("parties.write")
def brand(*, db: Session, actor: Actor, product_id: str) -> Response:
    """Another brand has it, since a day or all the time."""
    kind, row = _found(db, actor, "products", product_id)
    form = forms.read(HandOverIn, request.form)
    if form.value is not None:
        with forms.refusals(form, db):
            rev = forms.sent_rev(request.form)
            hand_over(db, actor, row, form.value.brand_id, form.value.since, expected_rev=rev)
    return _answer(db, actor, kind, row, form)


@pages.post("/<slug>/<party_id>/archive")
@writes("parties.write")
def put_away(*, db: Session, actor: Actor, slug: str, party_id: str) -> Response:
    """Out of use, unless something that lies ahead needs it."""
    kind, row = _found(db, actor, slug, party_id)
    form = forms.blank()
    with forms.refusals(form, db):
        refuse_in_use(db, actor, row)
        archive(db, actor, row, expected_rev=forms.sent_rev(request.form))
    return _answer(db, actor, kind, row, form)


@pages.post("/<slug>/<party_id>/restore")
@writes("parties.write")
def put_back(*, db: Session, actor: Actor, slug: str, party_id: str) -> Response:
    """Into use again."""
    kind, row = _found(db, actor, slug, party_id)
    form = forms.blank()
    with forms.refusals(form, db):
        restore(db, actor, row, expected_rev=forms.sent_rev(request.form))
    return _answer(db, actor, kind, row, form)


def _found(db: Session, actor: Actor, slug: str, party_id: str) -> tuple[Kind, Any]:
    if slug not in BY_SLUG:
        raise NotFound
    kind = BY_SLUG[slug]
    return kind, get(db, actor, kind.model, read_id(kind.prefix, party_id))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _answer(db: Session, actor: Actor, kind: Kind, row: Party, form: forms.Form[Any]) -> Response:
    if form.refusal is None:
        flash(_("Saved."), "ok")
        back = url_for("hub_party.show", slug=kind.slug, party_id=ids.public(kind.prefix, row.id))
        return redirect(back, 303)  # type: ignore[return-value]
    db.refresh(row)
    return _page(db, actor, kind, row, form)


def _page(db: Session, actor: Actor, kind: Kind, row: Party, sent: forms.Form[Any] | None = None) -> Response:
    """All forms: the one that was refused as it was sent, the other as it stands."""
    others = aliases_of(db, actor, [row.id])[row.id] if kind.model is Host else []
    stretches = stretches_of(db, actor, row) if isinstance(row, Product) else []
    # From today on unless said otherwise: what was sold is rewritten by those alone who empty the day.
    first = (
        {"brand_id": ids.public("brd", stretches[-1].brand_id), "since": today(db, actor)}
        if stretches
        else {}
    )
    form = forms.blank(**kind.standing(row), aliases="\n".join(others), **first)
    if sent is not None:
        kept = [(name, value) for name, value in form.typed.items() if name not in sent.typed]
        sent.typed = MultiDict([*sent.typed.items(multi=True), *kept])
        form = sent
    answer = render_template(
        "hub/party.html",
        kind=kind,
        row=row,
        form=form,
        stretches=stretches,
        names={one.id: one for one in all_of(db, actor, Brand)} if stretches else {},
        brands=options.brands(db, actor) if stretches else [],
        choices={ask.name: ask.choices(db, actor) for ask in kind.changing_asks if ask.choices is not None},
        rev=request.form.get("_rev") if sent is not None and form.status != 412 else row.rev,
        may_write=allows(actor, "parties.write"),
    )
    return make_response(answer, form.status)
