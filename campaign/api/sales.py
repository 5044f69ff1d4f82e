"""What one session sold: the full account, and the live figures."""

from apiflask import APIBlueprint
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.api.totals import AdditiveOut, MinuteOut, ShopProgressOut, SpendOut, TotalsOut, totals_out
from campaign.gate.current import parts
from campaign.gate.door import reads
from campaign.insight.live import live_figures
from campaign.insight.summary import SessionSales, session_sales
from campaign.kit.actor import Actor
from campaign.kit.fields import HostId, ProductId, SessionId
from campaign.kit.instants import Instant

bp = APIBlueprint("api_sales", __name__, tag="Sales")


class ProductSalesOut(BaseModel):
    """product_id null gathers what the catalogue does not know."""

    product_id: ProductId | None
    sku: str
    name: str
    name_en: str
    totals: TotalsOut


class HostSalesOut(BaseModel):
    """host_id null is shared: nobody or several were on shift."""

    host_id: HostId | None
    name: str
    name_en: str
    totals: TotalsOut


class RungOut(BaseModel):
    """How lines found the session; provisional until the platform tells the traffic.

    share: of what was paid in that currency, in ten-thousandths.
    """

    model_config = ConfigDict(from_attributes=True)

    rung: str
    provisional: bool
    lines: int
    paid_gmv_fen: int
    currency: str
    share: int | None


class RatiosOut(BaseModel):
    """Rates in ten-thousandths, returns on spend in hundredths; null where nothing divides."""

    model_config = ConfigDict(from_attributes=True)

    gpm_fen: int | None
    uv_value_fen: int | None
    view_to_buy: int | None
    ctr: int | None
    live_ctr: int | None
    ctor: int | None
    roi_hundredths: int | None
    net_roi_hundredths: int | None


class AudienceOut(BaseModel):
    """Counters of the session's rooms. Over several rooms viewers are person-times. ratios by currency."""

    rooms: int
    as_of: Instant
    viewers: int | None
    viewers_are_person_times: bool
    views: int | None
    online: int | None
    product_impressions: int | None
    product_clicks: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    follows: int | None
    ad_spend: SpendOut | None
    ratios: dict[str, RatiosOut]


class GapPartOut(BaseModel):
    """A cause, how much of the gap it makes, and how much we hold of it."""

    model_config = ConfigDict(from_attributes=True)

    cause: str
    amount: int
    held: int


class GapOut(BaseModel):
    """A figure of the platform beside ours: ours and all parts add up to platform. unit fen, or "" for a count."""

    model_config = ConfigDict(from_attributes=True)

    figure: str
    unit: str
    ours: int
    platform: int
    difference: int
    parts: list[GapPartOut]


class AgainstOut(BaseModel):
    """The platform's own report of the session beside our figures. missing: what it tells and we have nothing of.

    peak_online, average_online: concurrent viewers (PCU, ACU) as the platform gives them, never derived from samples;
    over several rooms the greatest, and the average by time on air. average_online is in whole people;
    average_online_hundredths has the platform's fraction: 1640 for 16.4. click_to_buy: its buyers per person who
    clicked a product, in ten-thousandths; null where a report has not both.
    """

    model_config = ConfigDict(from_attributes=True)

    as_of: Instant
    rooms: int
    gaps: list[GapOut]
    missing: dict[str, int]
    peak_online: int | None
    average_online: int | None
    average_online_hundredths: int | None
    click_to_buy: int | None


class AfterFinalOut(BaseModel):
    """The figures now less those that were first final, by currency: noughts where nothing changed.

    since: when they were first final; null where that was not written down yet.
    """

    model_config = ConfigDict(from_attributes=True)

    since: Instant | None
    totals: list[AdditiveOut]


class SessionSalesOut(BaseModel):
    """All days of one session, as much of it as the caller may see.

    revision: 0 until the figures were final; past 1, something came back or changed after they had been; null to a
    brand of a mixed show, where it may be about another's sales. after_final: what changed since, of what the caller
    may see; null before the figures were final, and where it was not kept yet what they were.
    """

    session_id: SessionId
    totals: list[TotalsOut]
    by_minute: list[MinuteOut]
    by_product: list[ProductSalesOut]
    by_host: list[HostSalesOut]
    attribution: list[RungOut]
    audience: AudienceOut | None
    against_platform: AgainstOut | None
    maturing: bool
    revision: int | None
    after_final: AfterFinalOut | None
    as_of: Instant
    complete_through: Instant | None
    shops: list[ShopProgressOut]


class LiveOut(BaseModel):
    """The live figures and the time they are good for."""

    session_id: SessionId
    totals: list[TotalsOut]
    as_of: Instant
    version: int


@bp.get("/sessions/<session_id>/sales")
@reads("sales.read", answer=SessionSalesOut)
def get_session_sales(*, db: Session, actor: Actor, session_id: str) -> BaseModel:
    """Totals, by minute, by product, by host, and how lines were attributed."""
    found = session_sales(db, actor, read_id("ses", session_id))
    return SessionSalesOut(
        session_id=found.session_id,
        totals=totals_out(found.totals),
        by_minute=[MinuteOut.model_validate(one) for one in found.minutes],
        by_product=[
            ProductSalesOut(
                product_id=one.product_id,
                sku=one.sku,
                name=one.name,
                name_en=one.name_en,
                totals=TotalsOut.model_validate(one.totals),
            )
            for one in found.products
        ],
        by_host=[
            HostSalesOut(
                host_id=one.host_id,
                name=one.name,
                name_en=one.name_en,
                totals=TotalsOut.model_validate(one.totals),
            )
            for one in found.hosts
        ],
        attribution=[RungOut.model_validate(one) for one in found.rungs],
        audience=_audience(found),
        against_platform=found.against and AgainstOut.model_validate(found.against),
        maturing=any(one.maturing for one in found.totals),
        revision=found.revision,
        after_final=found.after_final and AfterFinalOut.model_validate(found.after_final),
        as_of=found.as_of,
        complete_through=found.complete_through,
        shops=[ShopProgressOut.model_validate(one) for one in found.complete],
    )


def _audience(found: SessionSales) -> AudienceOut | None:
    audience = found.audience
    if audience is None:
        return None
    names = AudienceOut.model_fields.keys() - {"viewers_are_person_times", "ad_spend", "ratios"}
    return AudienceOut(
        **{name: getattr(audience, name) for name in names},
        viewers_are_person_times=audience.is_person_times,
        ad_spend=audience.spend and SpendOut.model_validate(audience.spend),
        ratios={one.currency: RatiosOut.model_validate(audience.ratios(one)) for one in found.totals},
    )


@bp.get("/sessions/<session_id>/live")
@reads("sales.live", answer=LiveOut)
def get_live(*, db: Session, actor: Actor, session_id: str) -> BaseModel:
    """The live figures, within seconds of the sale."""
    found = live_figures(db, actor, read_id("ses", session_id), parts().redis)
    return LiveOut(
        session_id=found.session_id,
        totals=totals_out(found.totals),
        as_of=found.as_of,
        version=found.version,
    )
