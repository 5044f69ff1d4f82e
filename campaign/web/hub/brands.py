"""Every brand's summary, for the hub."""

from flask import Blueprint, Response, redirect, render_template
from sqlalchemy.orm import Session

from campaign.gate.door import Later, reads, writes
from campaign.kit.actor import Actor
from campaign.parties.models import Brand
from campaign.parties.queries import all_of
from campaign.web.brand import drilling, sharing
from campaign.web.brand.ranges import FigureQuery, RangeQuery, SheetQuery, hub_place
from campaign.web.brand.summary import draw
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
    return draw(db, actor, read_id("brd", brand_id), query, hub_place(brand_id))


@pages.get("/<brand_id>/lines")
@reads("hub.pages", query=FigureQuery)
def lines(*, db: Session, actor: Actor, query: FigureQuery, brand_id: str) -> str:
    """The order lines that make one figure of a brand."""
    return drilling.draw_lines(db, actor, read_id("brd", brand_id), query, hub_place(brand_id))


@pages.get("/<brand_id>/sheet")
@reads("hub.pages", query=SheetQuery)
def sheet(*, db: Session, actor: Actor, query: SheetQuery, brand_id: str) -> Response:
    """A brand's figures or the lines of one, as CSV or XLSX."""
    return drilling.sheet(db, actor, read_id("brd", brand_id), query)


@pages.get("/<brand_id>/picture")
@reads("hub.pages", query=RangeQuery)
def picture(*, db: Session, actor: Actor, query: RangeQuery, brand_id: str) -> Later:
    """A brand's figures as a picture to pass on."""
    return drilling.picture(db, actor, read_id("brd", brand_id), query)


@pages.get("/<brand_id>/shares")
@reads("hub.pages", query=RangeQuery)
def shares(*, db: Session, actor: Actor, query: RangeQuery, brand_id: str) -> str:
    """Links that show a brand's summary to whoever has them."""
    return sharing.draw_shares(db, actor, read_id("brd", brand_id), query, hub_place(brand_id))


@pages.post("/<brand_id>/shares")
@writes("summary.share")
def share(*, db: Session, actor: Actor, brand_id: str) -> Response:
    """Make a link; its address is shown this once."""
    inner = read_id("brd", brand_id)
    return sharing.make_share(db, actor, inner, sharing.sent_share(), hub_place(brand_id))


@pages.post("/<brand_id>/shares/<share_id>/revoke")
@writes("summary.share")
def revoke(*, db: Session, actor: Actor, brand_id: str, share_id: str) -> Response:
    """Void a link."""
    sharing.end_share(db, actor, read_id("brd", brand_id), read_id("shr", share_id))
    return redirect(hub_place(brand_id).link("shares"), 303)  # type: ignore[return-value]


@pages.get("/<brand_id>/months")
@reads("hub.pages")
def months(*, db: Session, actor: Actor, brand_id: str) -> str:
    """A brand's closed months, and those that can be closed."""
    return sharing.draw_months(db, actor, read_id("brd", brand_id), hub_place(brand_id))


@pages.post("/<brand_id>/months")
@writes("months.freeze")
def freeze(*, db: Session, actor: Actor, brand_id: str) -> Response:
    """Keep a month's figures as they stand."""
    sharing.close_month(db, actor, read_id("brd", brand_id))
    return redirect(hub_place(brand_id).link("months"), 303)  # type: ignore[return-value]
