"""Shapes of what a source tells us: order lines, refunds, samples, rooms. Checked, nothing decided.

Unknown fields and unknown types are not faults: they stay in the raw log.
"""

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from campaign.kit import instants

LONGEST_TEXT = 200
Text = Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]
Id = Annotated[str, Meta(min_length=1, max_length=100)]
Fen = Annotated[int, Meta(ge=0, le=10**12)]
"""Ten billion yuan at most: nine million such lines still sum within a bigint, and a rollup never overflows."""

Signed = Annotated[int, Meta(ge=-(10**12), le=10**12)]
"""What is settled may be taken back."""

Count = Annotated[int, Meta(ge=0, le=10**12)]
Currency = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]
Platform = Literal["douyin", "kuaishou", "taobao", "wechat", "tiktok_shop", "other"]
Kind = Literal["sale", "gift", "sample", "exchange", "replacement", "deposit", "service", "test"]
Status = Literal["created", "paid", "shipped", "received", "completed", "cancelled"]
Traffic = Literal["live", "video", "card", "shelf", "search", "other", "unknown"]
Stage = Literal["pre_ship", "post_ship", "post_receipt"]
RefundType = Literal["refund_only", "return", "price_protection", "exchange"]
RefundStatus = Literal["applied", "success", "closed"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What every event has. event_id is unique within platform, shop and type."""

    type: Id
    event_id: Id
    occurred_at: datetime
    platform: Platform
    shop_id: Id


class OrderLine(Event, frozen=True, kw_only=True):
    """One order line in one version of its state. Money in minor units of `currency`, goods only."""

    line_id: Id
    status: Status
    ordered_at: datetime
    currency: Currency
    qty: Annotated[int, Meta(ge=0, le=10**6)]
    paid_fen: Fen
    parent_order_id: Id | None = None
    line_kind: Kind | None = None
    replaces_line_id: Id | None = None
    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    received_at: datetime | None = None
    completed_at: datetime | None = None
    list_fen: Fen | None = None
    order_fen: Fen | None = None
    shipping_fen: Fen | None = None
    tax_fen: Fen | None = None
    deposit_fen: Fen | None = None
    discount_shop_fen: Fen | None = None
    discount_platform_fen: Fen | None = None
    discount_host_fen: Fen | None = None
    discount_payment_fen: Fen | None = None
    product_id: Id | None = None
    sku_id: Id | None = None
    merchant_sku: Text | None = None
    author_id: Id | None = None
    room_id: Id | None = None
    traffic: Traffic | None = None
    is_ad: bool | None = None
    buyer_hash: Text | None = None
    version: datetime | int | None = None


class Refund(Event, frozen=True, kw_only=True):
    """One state of one refund. amount_fen is goods only; shipping stands beside it."""

    refund_id: Id
    line_id: Id
    status: RefundStatus
    amount_fen: Fen
    currency: Currency | None = None
    refund_type: RefundType | None = None
    stage: Stage | None = None
    shipping_fen: Fen | None = None
    qty: Annotated[int, Meta(ge=0, le=10**6)] | None = None
    reason_code: Text | None = None
    applied_at: datetime | None = None
    succeeded_at: datetime | None = None


class MetricSample(Event, frozen=True, kw_only=True):
    """What a room's counters showed at one moment."""

    room_id: Id
    at: datetime
    kind: Literal["cumulative", "gauge"] | None = None
    viewers: Count | None = None
    views: Count | None = None
    online: Count | None = None
    impressions: Count | None = None
    product_impressions: Count | None = None
    product_clicks: Count | None = None
    likes: Count | None = None
    comments: Count | None = None
    shares: Count | None = None
    follows: Count | None = None
    ad_spend_fen: Fen | None = None


class RoomEvent(Event, frozen=True, kw_only=True):
    """A room went on or off air."""

    room_id: Id
    at: datetime
    account_id: Id | None = None
    author_id: Id | None = None


class Explained(Event, frozen=True, kw_only=True):
    """A product was talked about in a room; without an end it still is."""

    room_id: Id
    merchant_sku: Text
    started_at: datetime
    ended_at: datetime | None = None


class AdSpend(Event, frozen=True, kw_only=True):
    """What an account spent on advertising in a span, for one room or for all of them."""

    account_id: Id
    from_at: datetime = msgspec.field(name="from")
    to: datetime
    amount_fen: Fen
    currency: Currency
    room_id: Id | None = None


class SettlementLine(Event, frozen=True, kw_only=True):
    """What the platform paid out for a line, and what it kept of it by name of the fee."""

    line_id: Id
    settled_at: datetime
    amount_fen: Signed
    currency: Currency
    fees: dict[Text, Signed] | None = None


TYPES: dict[str, type[Event]] = {
    "order.line": OrderLine,
    "refund": Refund,
    "metric.sample": MetricSample,
    "room.started": RoomEvent,
    "room.ended": RoomEvent,
    "product.explained": Explained,
    "ad.spend": AdSpend,
    "settlement.line": SettlementLine,
}
"""Types that are understood; the rest is checked as a bare Event and kept raw."""


_INSTANTS = frozenset(
    ("occurred_at", "ordered_at", "paid_at", "shipped_at", "received_at", "completed_at", "version")
    + ("applied_at", "succeeded_at", "at")
)
_INSTANTS_OF = {
    "product.explained": _INSTANTS | {"started_at", "ended_at"},
    "ad.spend": _INSTANTS | {"from", "to"},
    "settlement.line": _INSTANTS | {"settled_at"},
}
"""Names that are moments in these types alone: elsewhere an unknown field of that name may hold anything."""


class BadEvent(ValueError):
    """An event that cannot be used. `field` is its path, `code` is missing, wrong_type or not_an_object."""

    def __init__(self, code: str, field: str = "", detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code
        self.field = field


def read(raw: Any) -> Event:
    """Check one event. A null says the same as leaving the field out. Raises BadEvent."""
    if not isinstance(raw, dict):
        raise BadEvent("not_an_object")
    given = {name: value for name, value in raw.items() if value is not None}
    named = given.get("type")
    wanted = TYPES.get(named, Event) if isinstance(named, str) else Event
    moments = _INSTANTS_OF.get(named, _INSTANTS) if isinstance(named, str) else _INSTANTS
    for name in sorted(moments.intersection(given)):
        given[name] = _instant(name, given[name])
    try:
        return msgspec.convert(given, wanted, strict=True)
    except msgspec.ValidationError as error:
        raise _fault(str(error)) from error


def reread(kept: dict[str, Any]) -> Event:
    """Read what the raw log kept. A mark, spend or settlement taken before its fields were checked is a bare event."""
    if kept.get("type") not in _INSTANTS_OF:
        return read(kept)
    try:
        return read(kept)
    except BadEvent:
        return read({name: kept.get(name) for name in Event.__struct_fields__} | {"type": "kept"})


def read_many(raws: list[Any]) -> list[Event | BadEvent]:
    """Check each event by itself: a bad one stands in its place as its fault."""
    checked: list[Event | BadEvent] = []
    for raw in raws:
        try:
            checked.append(read(raw))
        except BadEvent as fault:
            checked.append(fault)
    return checked


def _instant(name: str, value: Any) -> Any:
    if type(value) is str:
        known = moment_of(value)
        if known is not None:
            return known
    # A version may be the source's own counter or clock as an integer; merging.version_of reads it.
    if name == "version" and type(value) is int and 0 <= value < 2**62:
        return value
    try:
        return instants.parse(value)
    except ValueError as error:
        raise BadEvent("wrong_type", name, "instant") from error


@lru_cache(maxsize=8192)
def moment_of(text: str) -> datetime | None:
    """One event tells the same moment several times, and so do its neighbours. None for what is no instant."""
    try:
        return instants.parse(text)
    except ValueError:
        return None


def _fault(message: str) -> BadEvent:
    """Msgspec words its complaint as "… - at `$.field`" or "… missing required field `x`"."""
    if "missing required field" in message:
        return BadEvent("missing", message.split("`")[1], message)
    path = message.rsplit("`$.", 1)[1].rstrip("`") if "`$." in message else ""
    return BadEvent("wrong_type", path, message)
