"""Brands, hosts and studios ranked, and how far the figures can be trusted."""

from typing import Literal

from flask import Blueprint, render_template
from flask_babel import lazy_gettext as _
from pydantic import Field
from sqlalchemy.orm import Session

from campaign.connectors.reports import refused_by_shop
from campaign.gate.door import reads
from campaign.insight.rankings import Order, quality, ranking
from campaign.kit.actor import Actor
from campaign.kit.fields import QueryInt
from campaign.sales.queries import checks, ways_in
from campaign.web.brand.ranges import LONGEST_DAYS, DaysQuery

pages = Blueprint("hub_rankings", __name__, url_prefix="/hub/rankings")

KINDS = {"brand": _("Brands"), "host": _("Hosts"), "studio": _("Studios")}
ORDERS = {
    "per_hour": _("Amount per hour"),
    "paid": _("Paid amount"),
    "refund_rate": _("Refund rate"),
    "on_time": _("On time"),
}


class RankingQuery(DaysQuery):
    """Who is ranked by what, over the sessions of some days."""

    days: QueryInt = Field(default=30, ge=1, le=LONGEST_DAYS)
    kind: Literal["brand", "host", "studio"] = "brand"
    order: Order = "per_hour"


@pages.get("")
@reads("rankings.read", query=RankingQuery)
def index(*, db: Session, actor: Actor, query: RankingQuery) -> str:
    """The best first, by what was asked for."""
    first, last = query.span(db, actor)
    return render_template(
        "hub/rankings.html",
        rows=ranking(db, actor, query.kind, first, last, order=query.order),
        quality=quality(db, actor, first, last),
        ways=ways_in(db, actor),
        checked=checks(db, actor),
        refused=sum(refused_by_shop(db, actor).values()),
        query=query,
        first=first,
        last=last,
        length_days=(last - first).days + 1,
        kinds=KINDS,
        orders=ORDERS,
    )
