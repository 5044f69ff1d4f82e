"""Every brand's summary, for the hub."""

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from campaign.gate.door import reads
from campaign.kit.actor import Actor
from campaign.parties.models import Brand
from campaign.parties.queries import all_of
from campaign.web.brand.summary import RangeQuery, draw
from campaign.web.paths import read_id

pages = Blueprint("hub_brands", __name__, url_prefix="/hub/brands")


@pages.get("")
@reads("hub.pages")
def index(*, db: Session, actor: Actor) -> str:
    """The brands to choose from."""
    return render_template("hub/brands.html", brands=all_of(db, actor, Brand))


@pages.get("/<brand_id>")
@reads("hub.pages", query=RangeQuery)
def show(*, db: Session, actor: Actor, query: RangeQuery, brand_id: str) -> str:
    """One brand's summary as the brand sees it."""
    return draw(db, actor, read_id("brd", brand_id), query, "hub_sessions.show")
