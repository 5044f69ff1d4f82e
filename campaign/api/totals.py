"""The totals of an answer: one object per currency, the same wherever sales are shown."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from campaign.insight.figures import Totals
from campaign.kit.instants import Instant


class AdditiveOut(BaseModel):
    """What adds up of one currency, in minor units, lines and units; as a change, with its sign."""

    model_config = ConfigDict(from_attributes=True)

    currency: str
    placed_gmv_fen: int
    paid_gmv_fen: int
    merchant_gmv_fen: int
    deposit_fen: int
    refund_fen: int
    refund_pre_ship_fen: int
    refund_post_ship_fen: int
    refund_post_receipt_fen: int
    cancelled_fen: int
    returned_fen: int
    money_only_fen: int
    price_protection_fen: int
    compensation_fen: int
    disputed_fen: int
    net_gmv_fen: int
    lines: int
    units: int
    refunded_lines: int
    refunded_units: int


class TotalsOut(AdditiveOut):
    """Money in minor units. Rates in ten-thousandths; null where the denominator is 0 or unknown.

    The refund_*_ship and _receipt amounts are stages and add up to refund_fen. So do cancelled_fen (cancelled before
    shipping), returned_fen (goods came back) and money_only_fen (price_protection_fen among it). kept_fen and
    maturing_fen are null on the cash basis and as of an age: what is final is known of all that came back alone.
    """

    kept_fen: int | None
    maturing_fen: int | None
    orders: int | None
    buyers: int | None
    maturing: bool
    refund_rate: int | None
    refund_rate_lines: int | None
    refund_rate_units: int | None
    per_order_fen: int | None
    per_buyer_fen: int | None
    per_unit_fen: int | None


class SpendOut(BaseModel):
    """Spent on advertising, in minor units."""

    model_config = ConfigDict(from_attributes=True)

    amount_fen: int
    currency: str


class MinuteOut(BaseModel):
    """One step of the curve, by the moment of the order."""

    model_config = ConfigDict(from_attributes=True)

    at: Instant
    currency: str
    paid_gmv_fen: int
    refund_fen: int
    lines: int
    units: int


class ShopProgressOut(BaseModel):
    """How far one shop's data goes."""

    model_config = ConfigDict(from_attributes=True)

    shop_name: str
    platform: str
    complete_through: Instant | None


def totals_out(totals: Sequence[Totals]) -> list[TotalsOut]:
    return [TotalsOut.model_validate(one) for one in totals]
