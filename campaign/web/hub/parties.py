"""Studios, hosts, agencies, brands, shops, accounts, products: lists, and a form to add one."""

from typing import Any, Literal

import segno
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.gate.current import parts
from campaign.gate.door import reads, writes
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound
from campaign.kit.fields import ListQuery
from campaign.kit.signing import link_token
from campaign.parties.actions import add, add_host
from campaign.parties.models import Host, Studio
from campaign.parties.queries import aliases_of, get, page_of
from campaign.parties.schemas import HostIn
from campaign.web import forms
from campaign.web.hub.party_kinds import BY_SLUG, KINDS, Kind
from campaign.web.paths import read_id

pages = Blueprint("hub_parties", __name__, url_prefix="/hub/parties")


class PartiesQuery(ListQuery):
    """A list of those in use, or of those that no longer are."""

    archived: Literal["yes"] | None = None


@pages.get("")
@reads("hub.pages")
def index(*, db: Session, actor: Actor) -> Response:
    """The first kind."""
    return redirect(url_for("hub_parties.listed", slug=KINDS[0].slug), 302)  # type: ignore[return-value]


@pages.get("/<slug>")
@reads("hub.pages", query=PartiesQuery)
def listed(*, db: Session, actor: Actor, query: PartiesQuery, slug: str) -> Response:
    """One kind's list with its form."""
    kind = _kind(slug)
    return _page(db, actor, kind, forms.blank(**{ask.name: ask.first or None for ask in kind.asks}), query)


@pages.post("/<slug>")
@writes("parties.write")
def create(*, db: Session, actor: Actor, slug: str) -> Response:
    """Add one."""
    kind = _kind(slug)
    given = forms.read(kind.schema, request.form, build=kind.given, fields={"price_fen": "price"})
    if given.value is not None:
        with forms.refusals(given, db):
            if isinstance(given.value, HostIn):
                add_host(db, actor, given.value)
            else:
                add(db, actor, kind.model(**forms.columns(given.value)))
    if given.refusal is not None:
        return _page(db, actor, kind, given, PartiesQuery())
    flash(_("Added."), "ok")
    return redirect(url_for("hub_parties.listed", slug=slug), 303)  # type: ignore[return-value]


@pages.get("/studios/<studio_id>/door")
@reads("sessions.plan")
def door(*, db: Session, actor: Actor, studio_id: str) -> str:
    """The QR to hang at a studio's door. Whoever holds it runs shows, so who may only look does not see it."""
    studio = get(db, actor, Studio, read_id("std", studio_id))
    token = link_token(parts().settings.secret_key, "door", studio.id, studio.door_rev)
    return _qr_page(
        studio, f"/door/{token}", _("Hang this at the door: whoever scans it runs the studio's show.")
    )


@pages.get("/hosts/<host_id>/card")
@reads("sessions.plan")
def card(*, db: Session, actor: Actor, host_id: str) -> str:
    """The link a host opens on the phone."""
    host = get(db, actor, Host, read_id("hst", host_id))
    token = link_token(parts().settings.secret_key, "card", host.id, host.card_rev)
    return _qr_page(host, f"/card/{token}", _("For this host alone: it opens without a password."))


def _qr_page(party: Studio | Host, path: str, about: str) -> str:
    address = parts().settings.base_url + path
    code = segno.make(address, error="m").svg_inline(scale=6, border=2, svgclass="qr", lineclass=None)
    return render_template("hub/qr.html", party=party, address=address, about=about, code=code)


def _kind(slug: str) -> Kind:
    if slug not in BY_SLUG:
        raise NotFound
    return BY_SLUG[slug]


def _page(db: Session, actor: Actor, kind: Kind, form: forms.Form[Any], query: PartiesQuery) -> Response:
    choices = {ask.name: ask.choices(db, actor) for ask in kind.asks if ask.choices is not None}
    page = page_of(
        db, actor, kind.model, limit=query.limit, cursor=query.cursor, archived=query.archived == "yes"
    )
    answer = render_template(
        "hub/parties.html",
        kind=kind,
        kinds=KINDS,
        archived=query.archived,
        page=page,
        aliases=aliases_of(db, actor, [row.id for row in page.items]) if kind.model is Host else {},
        form=form,
        choices=choices,
        names={name: dict(found) for name, found in choices.items()},
        may_write=allows(actor, "parties.write"),
    )
    return make_response(answer, form.status)
