"""Calendar addresses of every studio, host, agency and brand, for the hub to hand out or void."""

from flask import Blueprint, Response, redirect, render_template, url_for
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from campaign.gate.door import reads, writes
from campaign.kit.actor import Actor
from campaign.kit.fields import ListQuery
from campaign.parties.queries import get, page_of
from campaign.schedule.feeds import MODELS
from campaign.web.feeds import sharing
from campaign.web.paths import read_id

pages = Blueprint("hub_calendars", __name__, url_prefix="/hub/calendars")

_KINDS = "any(studio,host,agency,brand):kind"
_PREFIXES = {"studio": "std", "host": "hst", "agency": "agc", "brand": "brd"}
TABS = {"studio": _("Studios"), "host": _("Hosts"), "agency": _("Agencies"), "brand": _("Brands")}


@pages.get("")
@reads("calendars.share", query=ListQuery)
def index(*, db: Session, actor: Actor, query: ListQuery) -> str:
    """Studios first."""
    return _listed(db, actor, "studio", query)


@pages.get(f"/<{_KINDS}>")
@reads("calendars.share", query=ListQuery)
def listed(*, db: Session, actor: Actor, query: ListQuery, kind: str) -> str:
    """The parties of a kind, each with the way to its address."""
    return _listed(db, actor, kind, query)


@pages.get(f"/<{_KINDS}>/<party_id>")
@reads("calendars.share")
def show(*, db: Session, actor: Actor, kind: str, party_id: str) -> str:
    """One party's address."""
    party = get(db, actor, MODELS[kind], read_id(_PREFIXES[kind], party_id))
    renew_at = url_for("hub_calendars.renew", kind=kind, party_id=party_id)
    back = url_for("hub_calendars.listed", kind=kind)
    return sharing.page(db, actor, kind, party, renew=renew_at, back=back)


@pages.post(f"/<{_KINDS}>/<party_id>/renew")
@writes("calendars.share")
def renew(*, db: Session, actor: Actor, kind: str, party_id: str) -> Response:
    """Void it."""
    sharing.replace(db, actor, kind, read_id(_PREFIXES[kind], party_id))
    return redirect(url_for("hub_calendars.show", kind=kind, party_id=party_id), 303)  # type: ignore[return-value]


def _listed(db: Session, actor: Actor, kind: str, query: ListQuery) -> str:
    page = page_of(db, actor, MODELS[kind], limit=query.limit, cursor=query.cursor)
    return render_template("hub/calendars.html", page=page, kind=kind, tabs=TABS, prefix=_PREFIXES[kind])
