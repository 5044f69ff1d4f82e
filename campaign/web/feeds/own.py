"""An agency's and a brand's own calendar address."""

from flask import Blueprint, Response, redirect, url_for
from sqlalchemy.orm import Session

from campaign.gate.door import reads, writes
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound
from campaign.parties.queries import get
from campaign.schedule.feeds import MODELS
from campaign.web.feeds import sharing

pages = Blueprint("calendar_own", __name__, url_prefix="/calendar")


@pages.get("")
@reads("calendars.own")
def show(*, db: Session, actor: Actor) -> str:
    """The link to subscribe to."""
    kind, party_id = _own(actor)
    party = get(db, actor, MODELS[kind], party_id)
    return sharing.page(db, actor, kind, party, renew=url_for("calendar_own.renew"))


@pages.post("/renew")
@writes("calendars.own")
def renew(*, db: Session, actor: Actor) -> Response:
    """Void it; whoever subscribed needs the new one."""
    kind, party_id = _own(actor)
    sharing.replace(db, actor, kind, party_id)
    return redirect(url_for("calendar_own.show"), 303)  # type: ignore[return-value]


def _own(actor: Actor) -> tuple[str, int]:
    party_id = actor.brand_id if actor.role == "brand" else actor.agency_id
    if party_id is None:
        raise NotFound
    return actor.role, party_id
