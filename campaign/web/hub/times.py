"""Opening hours of the hub, closures of it and its studios, hours and leave of hosts, in the hub's hands."""

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.gate.door import reads, writes
from campaign.kit.actor import Actor
from campaign.parties.models import Host, Studio
from campaign.parties.queries import get, get_hub
from campaign.schedule import availability
from campaign.schedule.availability import Owner
from campaign.schedule.clashes import clashes
from campaign.schedule.house import set_hours
from campaign.schedule.window_schemas import HoursIn
from campaign.web import forms, times
from campaign.web.paths import read_id
from campaign.web.show import named
from campaign.web.times import Place
from campaign.web.verbs import version_in

pages = Blueprint("hub_times", __name__, url_prefix="/hub/times")

_TEMPLATE = "hub/times.html"


def _of_hub(db: Session, actor: Actor) -> Place:
    owner = availability.owner_of_studio(db, actor, None)
    house = get_hub(db, actor)
    return Place(
        owner,
        _("The whole hub"),
        url_for("hub_times.hub"),
        _TEMPLATE,
        allows(actor, "parties.write"),
        (house.opens, house.closes, house.rev),
    )


def _of_studio(db: Session, actor: Actor, studio_id: str) -> Place:
    studio = get(db, actor, Studio, read_id("std", studio_id))
    owner = availability.owner_of_studio(db, actor, studio.id)
    address = url_for("hub_times.studio", studio_id=studio_id)
    return Place(owner, named(studio), address, _TEMPLATE, allows(actor, "parties.write"))


def _of_host(db: Session, actor: Actor, host_id: str) -> Place:
    host = get(db, actor, Host, read_id("hst", host_id))
    owner = availability.owner_of_host(db, actor, host.id)
    address = url_for("hub_times.host", host_id=host_id)
    return Place(owner, named(host), address, _TEMPLATE, allows(actor, "availability.write"))


@pages.get("/hub")
@reads("hub.pages")
def hub(*, db: Session, actor: Actor) -> Response:
    """Days on which the whole hub is closed."""
    return times.page(db, actor, _of_hub(db, actor))


@pages.post("/hub/<any(exceptions,weekly,remove):what>")
@writes("parties.write")
def save_hub(*, db: Session, actor: Actor, what: str) -> Response:
    """Close the hub, or open it again."""
    return times.save(db, actor, _of_hub(db, actor), what)


@pages.post("/hub/hours")
@writes("parties.write")
def save_hours(*, db: Session, actor: Actor) -> Response:
    """When the hub opens and closes, every day."""
    form = forms.read(HoursIn, request.form)
    if form.value is not None:
        with forms.refusals(form, db):
            set_hours(db, actor, form.value, expected_rev=version_in(request.form))
    if form.refusal is not None:
        return times.page(db, actor, _of_hub(db, actor), form)
    flash(_("Saved."), "ok")
    if clashes(db, actor, Owner("hub")):
        flash(_("What is booked outside them stays booked; the hub is told."), "warn")
    return redirect(url_for("hub_times.hub"), 303)  # type: ignore[return-value]


@pages.get("/studios/<studio_id>")
@reads("hub.pages")
def studio(*, db: Session, actor: Actor, studio_id: str) -> Response:
    """When a studio is closed."""
    return times.page(db, actor, _of_studio(db, actor, studio_id))


@pages.post("/studios/<studio_id>/<any(exceptions,weekly,remove):what>")
@writes("parties.write")
def save_studio(*, db: Session, actor: Actor, studio_id: str, what: str) -> Response:
    """Close a studio, or open it again."""
    return times.save(db, actor, _of_studio(db, actor, studio_id), what)


@pages.get("/hosts/<host_id>")
@reads("hub.pages")
def host(*, db: Session, actor: Actor, host_id: str) -> Response:
    """A host's hours and leave."""
    return times.page(db, actor, _of_host(db, actor, host_id))


@pages.post("/hosts/<host_id>/<any(exceptions,weekly,remove):what>")
@writes("availability.write")
def save_host(*, db: Session, actor: Actor, host_id: str, what: str) -> Response:
    """Record a host's leave or hours, or take them back."""
    return times.save(db, actor, _of_host(db, actor, host_id), what)
