"""A host's own hours and leave."""

from flask import Blueprint, Response, url_for
from sqlalchemy.orm import Session

from campaign.gate.door import reads, writes
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound
from campaign.parties.models import Host
from campaign.parties.queries import get
from campaign.schedule import availability
from campaign.web import times
from campaign.web.show import named
from campaign.web.times import Place

pages = Blueprint("host_times", __name__, url_prefix="/host/times")


def _place(db: Session, actor: Actor) -> Place:
    if actor.host_id is None:
        raise NotFound
    host = get(db, actor, Host, actor.host_id)
    owner = availability.owner_of_host(db, actor, host.id)
    return Place(owner, named(host), url_for("host_times.own"), "host/times.html", may_write=True)


@pages.get("")
@reads("host.pages")
def own(*, db: Session, actor: Actor) -> Response:
    """The host's own hours and leave."""
    return times.page(db, actor, _place(db, actor))


@pages.post("/<any(exceptions,weekly,remove):what>")
@writes("host.pages")
def save(*, db: Session, actor: Actor, what: str) -> Response:
    """Record leave or hours, or take them back."""
    return times.save(db, actor, _place(db, actor), what)
