"""What comes back by days since the order, and the hub's rankings with what they rest on."""

from typing import Literal

from apiflask import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.api.summary import LONGEST_DAYS, BeneathOut, Day
from campaign.connectors.reports import refused_by_shop
from campaign.gate.door import reads
from campaign.insight.rankings import Order, quality, ranking
from campaign.insight.returning import return_curves
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import ShopId, Strict
from campaign.kit.instants import Instant
from campaign.sales.queries import ways_in

bp = APIBlueprint("api_rankings", __name__, tag="Sales")

_PREFIXES = {"brand": "brd", "host": "hst", "studio": "std"}


class SpanQuery(Strict):
    """from, to: business days in the hub's zone, both in."""

    from_day: Day = Field(alias="from")
    to_day: Day = Field(alias="to")

    def check(self) -> None:
        """Raises Invalid where the days are upside down or too many."""
        if not 0 <= (self.to_day - self.from_day).days < LONGEST_DAYS:
            raise Invalid([FieldError("to", "date_range", {"most": LONGEST_DAYS})])


class RankingQuery(SpanQuery):
    """kind: who is ranked; order: by what, the most first, each currency by itself."""

    kind: Literal["brand", "host", "studio"] = "brand"
    order: Order = "per_hour"


class AgePointOut(BaseModel):
    """By this age so much of paid_fen had come back, over the days whose orders are that old.

    reached: how much these days have of all that was paid for the orders of the range, in ten-thousandths. early: less
    than four fifths, so that this is of a few old days alone; so are all later ages of the curve.
    """

    model_config = ConfigDict(from_attributes=True)

    age: int
    paid_fen: int
    refund_fen: int
    rate: int | None
    reached: int | None
    early: bool


class ReturnsOut(BaseModel):
    """One curve; part is null for the whole, "" for what has no category or is in no catalogue."""

    model_config = ConfigDict(from_attributes=True)

    part: str | None
    currency: str
    points: list[AgePointOut]


class ReturnCurvesOut(BaseModel):
    """by: category, or product where the catalogue has no categories."""

    by: str
    curves: list[ReturnsOut]


class RankedPartyOut(BaseModel):
    """One party in one currency. seconds: on air, gaps taken out; rates in ten-thousandths.

    id null gathers what is nobody's: sales of no brand, or shared by hosts.
    """

    id: str | None
    name: str
    name_en: str
    currency: str
    sessions: int
    no_shows: int
    seconds: int
    late: int
    late_minutes: int
    on_time: int | None
    paid_fen: int
    refund_fen: int
    net_fen: int
    per_hour_fen: int | None
    refund_rate: int | None


class QualityOut(BaseModel):
    """How much of the money of these days is loose or provisional, in one currency."""

    model_config = ConfigDict(from_attributes=True)

    currency: str
    live_fen: int
    live_lines: int
    provisional_fen: int
    provisional_lines: int
    provisional_share: int | None
    unattributed_share: int | None
    beneath: BeneathOut | None


class ShopQualityOut(BaseModel):
    """How far one shop's data goes, and what of it waits for a person; shops without a brand among them.

    held: pushed with times that are too far off. contradicted: an event came again with other content. refused_rows:
    left out of the files of the last 30 days, and so in no figure.
    """

    model_config = ConfigDict(from_attributes=True)

    shop_id: ShopId
    shop_name: str
    platform: str
    has_brand: bool
    complete_through: Instant | None
    received_at: Instant | None
    loose_lines: int
    orphan_refunds: int
    held: int
    contradicted: int
    refused_rows: int = 0


class RankingOut(BaseModel):
    """The parties in order, a ranking per currency one after the other, and how far their figures can be trusted: over
    these days, and by shop as of now.
    """

    items: list[RankedPartyOut]
    quality: list[QualityOut]
    shops: list[ShopQualityOut]


@bp.get("/brands/<brand_id>/returns")
@reads("summary.read", query=SpanQuery, answer=ReturnCurvesOut)
def get_returns(*, db: Session, actor: Actor, brand_id: str, query: SpanQuery) -> BaseModel:
    """What share of the paid amount came back by each age, for the brand and each of its parts, the greatest first."""
    query.check()
    found = return_curves(db, actor, read_id("brd", brand_id), query.from_day, query.to_day)
    return ReturnCurvesOut(by=found.by, curves=[ReturnsOut.model_validate(one) for one in found.curves])


@bp.get("/rankings")
@reads("rankings.read", query=RankingQuery, answer=RankingOut)
def get_rankings(*, db: Session, actor: Actor, query: RankingQuery) -> BaseModel:
    """Brands, hosts or studios over the sessions that were to begin on these days."""
    query.check()
    days = (query.from_day, query.to_day)
    rows = ranking(db, actor, query.kind, *days, order=query.order)
    prefix = _PREFIXES[query.kind]
    fields = [name for name in RankedPartyOut.model_fields if name != "id"]
    return RankingOut(
        items=[
            RankedPartyOut(
                id=ids.public(prefix, one.key) if one.key else None,
                **{name: getattr(one, name) for name in fields},
            )
            for one in rows
        ],
        quality=[QualityOut.model_validate(one) for one in quality(db, actor, *days)],
        shops=_shops(db, actor),
    )


def _shops(db: Session, actor: Actor) -> list[ShopQualityOut]:
    refused = refused_by_shop(db, actor)
    return [
        ShopQualityOut.model_validate(one).model_copy(update={"refused_rows": refused.get(one.shop_id, 0)})
        for one in ways_in(db, actor)
    ]
