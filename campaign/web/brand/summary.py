"""The brand's first screen: what its sessions sold, net of returns. Hub staff see the same page per brand."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template
from sqlalchemy.orm import Session

from campaign.gate.door import Later, reads, writes
from campaign.insight.curves import curves_of
from campaign.insight.figures import Totals
from campaign.insight.freezing import closing_of
from campaign.insight.periods import AGES
from campaign.insight.reach import watched
from campaign.insight.returning import ENOUGH, MOST_PARTS, TOLD, return_curves
from campaign.insight.summary import BrandSummary, brand_summary, groups_of
from campaign.insight.tallies import Scope
from campaign.kit.actor import Actor
from campaign.parties.models import Brand
from campaign.parties.queries import get
from campaign.schedule.queries import next_sessions_of_brand
from campaign.web.brand import drilling, sharing
from campaign.web.brand.ranges import BRAND, GROUPS, FigureQuery, Place, RangeQuery, SheetQuery
from campaign.web.changes import points, relative
from campaign.web.paths import read_id
from campaign.web.returns import drawings_of

pages = Blueprint("brand_home", __name__, url_prefix="/brand")


@pages.get("")
@reads("brand.pages", query=RangeQuery)
def index(*, db: Session, actor: Actor, query: RangeQuery) -> str:
    """The brand of whoever is signed in."""
    return draw(db, actor, _own(actor), query, BRAND)


@pages.get("/lines")
@reads("brand.pages", query=FigureQuery)
def lines(*, db: Session, actor: Actor, query: FigureQuery) -> str:
    """The order lines that make one figure."""
    return drilling.draw_lines(db, actor, _own(actor), query, BRAND)


@pages.get("/sheet")
@reads("brand.pages", query=SheetQuery)
def sheet(*, db: Session, actor: Actor, query: SheetQuery) -> Response:
    """The figures or the lines of one, as CSV or XLSX."""
    return drilling.sheet(db, actor, _own(actor), query)


@pages.get("/picture")
@reads("brand.pages", query=RangeQuery)
def picture(*, db: Session, actor: Actor, query: RangeQuery) -> Later:
    """The figures as a picture to pass on."""
    return drilling.picture(db, actor, _own(actor), query)


@pages.get("/shares")
@reads("brand.pages", query=RangeQuery)
def shares(*, db: Session, actor: Actor, query: RangeQuery) -> str:
    """Links that show a summary to whoever has them."""
    return sharing.draw_shares(db, actor, _own(actor), query, BRAND)


@pages.post("/shares")
@writes("summary.share_own")
def share(*, db: Session, actor: Actor) -> Response:
    """Make a link; its address is shown this once."""
    return sharing.make_share(db, actor, _own(actor), sharing.sent_share(), BRAND)


@pages.post("/shares/<share_id>/revoke")
@writes("summary.share_own")
def revoke(*, db: Session, actor: Actor, share_id: str) -> Response:
    """Void a link."""
    sharing.end_share(db, actor, _own(actor), read_id("shr", share_id))
    return redirect(BRAND.link("shares"), 303)  # type: ignore[return-value]


@pages.get("/months")
@reads("brand.pages")
def months(*, db: Session, actor: Actor) -> str:
    """Closed months, and what has changed since."""
    return sharing.draw_months(db, actor, _own(actor), BRAND)


def _own(actor: Actor) -> int:
    if actor.brand_id is None:
        abort(404)
    return actor.brand_id


def draw(db: Session, actor: Actor, brand_id: int, query: RangeQuery, place: Place) -> str:
    """The summary page of one brand. Raises NotFound, Invalid (range upside down or too long)."""
    brand = get(db, actor, Brand, brand_id)
    first, last = query.span(db, actor)
    summary = brand_summary(db, actor, brand_id, first, last, basis=query.basis, compare_age=query.age)
    scope = Scope(brand_id=brand_id, first=first, last=last, basis=query.basis)
    returned = (
        return_curves(db, actor, brand_id, first, last, most=MOST_PARTS) if query.basis == "cohort" else None
    )
    return render_template(
        "brand/summary.html",
        brand=brand,
        summary=summary,
        place=place,
        group=query.group,
        groups=summary.days if query.group == "day" else groups_of(db, actor, scope, query.group),
        watched=watched(db, actor, scope, query.group),
        dimensions=GROUPS,
        ages=AGES,
        length_days=(last - first).days + 1,
        whole={total.currency: total.paid_gmv_fen for total in summary.totals},
        closed=closing_of(db, actor, brand_id, first, last, basis=query.basis),
        changes=_changes(summary, summary.before),
        yearly=_changes(summary, summary.year_before),
        curves=curves_of(summary.minutes, least_step=summary.minute_step),
        returns=drawings_of(returned.curves) if returned else {},
        returned_by=returned.by if returned else "",
        told_ages=TOLD,
        enough=ENOUGH,
        next_sessions=next_sessions_of_brand(db, actor, brand_id),
    )


def _changes(summary: BrandSummary, earlier: Sequence[Totals]) -> dict[str, dict[str, Any]]:
    """By currency; only where the earlier period sold something."""
    before = {total.currency: total for total in earlier if total.paid_gmv_fen}
    return {
        now.currency: _moved(now, before[now.currency])
        for now in summary.now_at_age
        if now.currency in before
    }


def _moved(now: Totals, before: Totals) -> dict[str, Any]:
    return {
        "now": now,
        "then": before,
        "paid": relative(now.paid_gmv_fen, before.paid_gmv_fen),
        "net": relative(now.net_gmv_fen, before.net_gmv_fen),
        "rate": points(now.refund_rate, before.refund_rate),
        "orders": relative(now.orders, before.orders),
        "per_order": relative(now.per_order_fen, before.per_order_fen),
    }
