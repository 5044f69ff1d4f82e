"""What leads on from a summary: the lines below a figure, sheets, a picture; for the brand and for the hub alike."""

from flask import Response, render_template
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.gate.figures import lines_sheet, sheet_answer, summary_sheet
from campaign.insight.lines import foot_of, page_of_lines
from campaign.insight.summary import brand_summary
from campaign.insight.tallies import Scope
from campaign.kit.actor import Actor
from campaign.parties.models import Brand
from campaign.parties.queries import get, zone_of_hub
from campaign.web.brand.ranges import FigureQuery, Place, RangeQuery, SheetQuery
from campaign.web.show import count, fen, fen_short, moment, rate


def draw_lines(db: Session, actor: Actor, brand_id: int, query: FigureQuery, place: Place) -> str:
    """The lines that make a figure, and what they add up to. Raises NotFound, Invalid."""
    brand = get(db, actor, Brand, brand_id)
    first, last = query.span(db, actor)
    figure = query.drill(db, actor, brand_id)
    return render_template(
        "brand/lines.html",
        brand=brand,
        place=place,
        query=query,
        first=first,
        last=last,
        page=page_of_lines(db, actor, figure, limit=query.limit, cursor=query.cursor),
        foot=foot_of(db, actor, figure),
    )


def sheet(db: Session, actor: Actor, brand_id: int, query: SheetQuery) -> Response:
    """The summary by groups, or the lines of one figure. Raises NotFound, Invalid."""
    get(db, actor, Brand, brand_id)
    first, last = query.span(db, actor)
    name = f"{query.what}-{first}-{last}"
    if query.what == "lines":
        figure = query.drill(db, actor, brand_id)
        return sheet_answer(name, query.format, lines_sheet(db, actor, figure, zone_of_hub(db, actor)))
    scope = Scope(brand_id=brand_id, first=first, last=last, basis=query.basis)
    return sheet_answer(name, query.format, summary_sheet(db, actor, scope, query.group))


def picture(db: Session, actor: Actor, brand_id: int, query: RangeQuery) -> Response:
    """The summary's main figures as an SVG to pass on, in the currency that sold most. Raises NotFound, Invalid."""
    brand = get(db, actor, Brand, brand_id)
    first, last = query.span(db, actor)
    summary = brand_summary(db, actor, brand_id, first, last)
    total = max(summary.totals, key=lambda one: one.paid_gmv_fen)
    drawn = render_template(
        "brand/report.svg",
        brand=brand,
        summary=summary,
        total=total,
        figures=[
            (_("Paid amount"), fen_short(total.paid_gmv_fen, total.currency)),
            (_("Net amount"), fen_short(total.net_gmv_fen, total.currency)),
            (_("Orders"), count(total.orders)),
            (_("Units"), count(total.units)),
            (_("Refund rate"), rate(total.refund_rate)),
            (_("Amount per order"), fen(total.per_order_fen, total.currency)),
        ],
        words={
            "kind": _("Livestream sales"),
            "unknown": _("Not in the catalogue"),
            "as_of": _("As of %(at)s", at=moment(summary.as_of)),
            "state": _("maturing: refunds still come") if total.maturing else _("final"),
        },
        top=[row for row in summary.products if row.totals.currency == total.currency][:5],
    )
    answer = Response(drawn, content_type="image/svg+xml; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="report-{first}-{last}.svg"'
    return answer
