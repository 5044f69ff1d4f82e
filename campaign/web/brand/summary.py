"""The brand's first screen: what its sessions sold, net of returns. Hub staff see the same page per brand."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, render_template
from pydantic import Field
from sqlalchemy.orm import Session

from campaign.gate.door import reads
from campaign.insight.figures import Totals
from campaign.insight.summary import BrandSummary, brand_summary
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import QueryInt, Strict
from campaign.parties.models import Brand
from campaign.parties.queries import get, today
from campaign.parties.schemas import Day
from campaign.schedule.queries import next_sessions_of_brand
from campaign.web.changes import points, relative
from campaign.web.curves import Curve, Point, curve_of

pages = Blueprint("brand_home", __name__, url_prefix="/brand")

LONGEST_DAYS = 366


class RangeQuery(Strict):
    """The last `days` days up to today, or from `first` to `last`, both in."""

    days: QueryInt = Field(default=7, ge=1, le=LONGEST_DAYS)
    first: Day | None = None
    last: Day | None = None


@pages.get("")
@reads("brand.pages", query=RangeQuery)
def index(*, db: Session, actor: Actor, query: RangeQuery) -> str:
    """The brand of whoever is signed in."""
    if actor.brand_id is None:
        abort(404)
    return draw(db, actor, actor.brand_id, query)


def draw(
    db: Session, actor: Actor, brand_id: int, query: RangeQuery, session_page: str = "brand_sessions.show"
) -> str:
    """The summary page of one brand, its sessions opening on `session_page`.

    Raises NotFound, Invalid (range upside down or too long).
    """
    brand = get(db, actor, Brand, brand_id)
    last = query.last or today(db, actor)
    first = query.first or last - timedelta(days=query.days - 1)
    if not 0 <= (last - first).days < LONGEST_DAYS:
        raise Invalid([FieldError("first", "range_days", {"most": LONGEST_DAYS})])
    summary = brand_summary(db, actor, brand_id, first, last)
    return render_template(
        "brand/summary.html",
        brand=brand,
        summary=summary,
        session_page=session_page,
        length_days=(last - first).days + 1,
        whole={total.currency: total.paid_gmv_fen for total in summary.totals},
        changes=_changes(summary),
        curves=_curves(summary),
        next_sessions=next_sessions_of_brand(db, actor, brand_id),
    )


def _curves(summary: BrandSummary) -> dict[str, Curve]:
    found = {}
    for currency in {one.currency for one in summary.minutes}:
        curve = curve_of(
            [Point(one.at, one.paid_gmv_fen) for one in summary.minutes if one.currency == currency],
            least_step=summary.minute_step,
        )
        if curve is not None:
            found[currency] = curve
    return found


def _changes(summary: BrandSummary) -> dict[str, dict[str, Any]]:
    """By currency; only where the period before sold something."""
    before = {total.currency: total for total in summary.before if total.paid_gmv_fen}
    return {
        now.currency: _moved(now, before[now.currency])
        for now in summary.now_at_age
        if now.currency in before
    }


def _moved(now: Totals, before: Totals) -> dict[str, Any]:
    return {
        "paid": relative(now.paid_gmv_fen, before.paid_gmv_fen),
        "net": relative(now.net_gmv_fen, before.net_gmv_fen),
        "rate": points(now.refund_rate, before.refund_rate),
        "orders": relative(now.orders, before.orders),
        "per_order": relative(now.per_order_fen, before.per_order_fen),
    }
