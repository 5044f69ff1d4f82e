"""Hours and leave of the agency's own hosts."""

from datetime import timedelta

from flask import Blueprint, Response, render_template, url_for
from sqlalchemy.orm import Session

from campaign.gate.door import reads, writes
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.schedule import availability
from campaign.web import times
from campaign.web.paths import read_id
from campaign.web.show import named
from campaign.web.times import Place

pages = Blueprint("agency_times", __name__, url_prefix="/agency/times")


@pages.get("")
@reads("agency.pages")
def index(*, db: Session, actor: Actor) -> str:
    """The agency's hosts of today, with who is away in the next weeks."""
    hosts = availability.hosts_of_agency(db, actor)
    away = availability.leave_ahead(db, actor, list(hosts), clock.now(db) + timedelta(days=60))
    return render_template("agency/times.html", hosts=list(hosts.values()), away=away)


def _place(db: Session, actor: Actor, host_id: str) -> Place:
    owner = availability.owner_of_host(db, actor, read_id("hst", host_id))
    host = availability.hosts_of_agency(db, actor)[owner.id]
    address = url_for("agency_times.host", host_id=host_id)
    return Place(owner, named(host), address, "agency/times_host.html", may_write=True)


@pages.get("/hosts/<host_id>")
@reads("agency.pages")
def host(*, db: Session, actor: Actor, host_id: str) -> Response:
    """One host's hours and leave."""
    return times.page(db, actor, _place(db, actor, host_id))


@pages.post("/hosts/<host_id>/<any(exceptions,weekly,remove):what>")
@writes("agency.pages")
def save(*, db: Session, actor: Actor, host_id: str, what: str) -> Response:
    """Record leave or hours, or take them back."""
    return times.save(db, actor, _place(db, actor, host_id), what)
