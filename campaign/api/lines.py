"""The order lines below a figure of a brand's summary, and both as sheets."""

from typing import Annotated, Literal

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.api.summary import DaysQuery
from campaign.gate.door import reads
from campaign.gate.figures import lines_sheet, sheet_answer, summary_sheet
from campaign.insight.lines import Drill, Only, drill, foot_of, page_of_lines
from campaign.insight.summary import check_brand
from campaign.kit.actor import Actor
from campaign.kit.fields import Currency, HostId, ListQuery, ProductId, PublicId, SessionId, ShopId
from campaign.kit.instants import Instant
from campaign.parties.queries import zone_of_hub

bp = APIBlueprint("api_lines", __name__, tag="Sales")


class FigureQuery(DaysQuery):
    """One figure: of the group with this key (as the summary's items name it), in one currency, of one bucket.

    only: paid leaves out what was never paid, refunded keeps what lost something; any other is a figure of the totals
    without its _fen, and keeps the lines that add to it. What is final is not told by cash, nor as of an age.
    """

    group_by: Literal["none", "day", "session", "host", "product", "platform", "shop", "campaign"] = "none"
    key: str = Field(default="", max_length=40)
    currency: Currency | None = None
    bucket: Literal["live", "unattributed", "outside_live"] = "live"
    only: Only = "all"

    def drill(self, brand_id: int) -> Drill:
        """Raises Invalid on days or a key that are none."""
        scope = self.scope(brand_id, self.bucket)
        return drill(scope, self.group_by, self.key, currency=self.currency, only=self.only)


class LinesQuery(FigureQuery, ListQuery):
    """A page of the lines; updated_since: of those that changed since. The totals stay those of the whole figure."""


class SheetQuery(FigureQuery):
    """what: a row per group (day, where none is asked for), or the lines of one figure."""

    what: Literal["summary", "lines"] = "summary"
    format: Literal["csv", "xlsx"] = "xlsx"


class OrderLineOut(BaseModel):
    """One order line and what it adds to the figure asked for; rung tells how it found its session.

    amount_fen: to the figure that `only` names; null where it is all.
    """

    model_config = ConfigDict(from_attributes=True)

    id: Annotated[int, PublicId("lin")]
    platform: str
    shop_id: ShopId
    shop_name: str
    parent_order_id: str | None
    line_id: str
    kind: str
    status: str
    ordered_at: Instant
    paid_at: Instant | None
    currency: str
    qty: int
    session_id: SessionId | None
    host_id: HostId | None
    product_id: ProductId | None
    product_name: str | None
    merchant_sku: str | None
    bucket: str
    rung: str
    provisional: bool
    placed_fen: int
    paid_fen: int
    refund_fen: int
    net_fen: int
    amount_fen: int | None


class FootOut(BaseModel):
    """What all lines of the figure add up to, those on other pages too; orders are distinct.

    amount_fen: the figure that `only` names, as the summary tells it; null where it is all.
    """

    model_config = ConfigDict(from_attributes=True)

    currency: str
    rows: int
    placed_gmv_fen: int
    paid_gmv_fen: int
    refund_fen: int
    net_gmv_fen: int
    lines: int
    units: int
    orders: int
    amount_fen: int | None


class FigureLinesOut(BaseModel):
    """Lines, the newest order first, and the sums of all."""

    items: list[OrderLineOut]
    next_cursor: str | None
    totals: list[FootOut]


@bp.get("/brands/<brand_id>/lines")
@reads("summary.read", query=LinesQuery, answer=FigureLinesOut)
def list_lines(*, db: Session, actor: Actor, brand_id: str, query: LinesQuery) -> BaseModel:
    """The order lines that make a figure of the summary."""
    inner = read_id("brd", brand_id)
    check_brand(db, actor, inner)
    figure = query.drill(inner)
    page = page_of_lines(db, actor, figure, limit=query.limit, cursor=query.cursor, since=query.updated_since)
    return FigureLinesOut(
        items=[OrderLineOut.model_validate(one) for one in page.items],
        next_cursor=page.next_cursor,
        totals=[FootOut.model_validate(one) for one in foot_of(db, actor, figure)],
    )


@bp.get("/brands/<brand_id>/summary/sheet")
@reads("summary.read", query=SheetQuery)
def get_sheet(*, db: Session, actor: Actor, brand_id: str, query: SheetQuery) -> Response:
    """The summary or the lines of one figure as CSV (UTF-8 with a byte order mark) or XLSX."""
    inner = read_id("brd", brand_id)
    check_brand(db, actor, inner)
    name = f"{query.what}-{query.from_day}-{query.to_day}"
    if query.what == "lines":
        figure = query.drill(inner)
        return sheet_answer(name, query.format, lines_sheet(db, actor, figure, zone_of_hub(db, actor)))
    group_by = "day" if query.group_by == "none" else query.group_by
    return sheet_answer(name, query.format, summary_sheet(db, actor, query.scope(inner), group_by))
