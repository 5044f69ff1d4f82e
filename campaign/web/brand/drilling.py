"""What leads on from a summary: the lines below a figure, sheets, a picture; for the brand and for the hub alike."""

from flask import Response, render_template
from sqlalchemy.orm import Session

from campaign.gate.door import Later
from campaign.gate.figures import lines_sheet, sheet_answer, summary_sheet
from campaign.gate.reports import range_report
from campaign.insight.lines import foot_of, page_of_lines
from campaign.insight.tallies import Scope
from campaign.kit.actor import Actor
from campaign.parties.models import Brand
from campaign.parties.queries import get, zone_of_hub
from campaign.web.brand.ranges import FigureQuery, Place, RangeQuery, SheetQuery


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


def picture(db: Session, actor: Actor, brand_id: int, query: RangeQuery) -> Later:
    """The summary as a picture to pass on. Raises NotFound, Invalid, NoChineseFont."""
    first, last = query.span(db, actor)
    return range_report(db, actor, brand_id, first, last, basis=query.basis).answer()
