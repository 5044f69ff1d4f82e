"""A line and its refunds as the rules see them: the decided fields with their meaning. Pure values."""

from datetime import datetime

import msgspec

from campaign.sales.merging import State, instant

COUNTED_KINDS = frozenset(("sale", "service"))
"""Kinds whose money is GMV. Of units and lines only sales count."""


class Line(msgspec.Struct, frozen=True):
    """One order line as decided by the merge. Money in minor units of `currency`, goods only.

    A line is known once a source has described it; before that only its refunds may be.
    """

    known: bool
    kind: str
    status: str
    parent_order_id: str | None
    ordered_at: datetime | None
    paid_at: datetime | None
    shipped_at: datetime | None
    received_at: datetime | None
    currency: str
    qty: int
    order_fen: int
    told_paid_fen: int
    subsidy_fen: int
    deposit_fen: int
    merchant_sku: str | None
    product_ref: str | None
    author_id: str | None
    room_id: str | None
    traffic: str
    buyer_hash: str | None
    refunded_whole: bool = False
    refunded_stage: str = "pre_ship"
    refunded_at: datetime | None = None

    @property
    def counts(self) -> bool:
        """Whether the line's money is GMV at all."""
        return self.known and self.kind in COUNTED_KINDS

    @property
    def is_deposit(self) -> bool:
        """A line that is the deposit alone: told apart from the sale that follows it."""
        return self.known and self.kind == "deposit"

    @property
    def paid_fen(self) -> int:
        """What the buyer paid for the goods, as GMV counts it: 0 until paid, and for gifts or tests."""
        return self.told_paid_fen if self.counts and self.paid_at is not None else 0

    @property
    def is_paid_sale(self) -> bool:
        """A line that counts in lines, units, orders and buyers."""
        return self.known and self.kind == "sale" and self.paid_at is not None


class RefundView(msgspec.Struct, frozen=True):
    """One refund as decided by the merge."""

    refund_id: str
    kind: str
    stage: str | None
    status: str
    currency: str | None
    amount_fen: int
    qty: int | None
    reason: str | None
    applied_at: datetime | None
    succeeded_at: datetime | None


def line_of(state: State) -> Line:
    """What the layers add up to."""
    f = state.fields()
    paid_us = f.get("paid_at", state.paid_by_us)
    subsidies = ("discount_platform_fen", "discount_host_fen", "discount_payment_fen")
    return Line(
        known="ordered_at" in f,
        kind=f.get("line_kind", "sale"),
        status=f.get("status", "created"),
        parent_order_id=f.get("parent_order_id"),
        ordered_at=_at(f.get("ordered_at")),
        paid_at=_at(paid_us),
        shipped_at=_at(f.get("shipped_at")),
        received_at=_at(f.get("received_at", f.get("completed_at"))),
        currency=f.get("currency", "CNY"),
        qty=f.get("qty", 0),
        order_fen=f.get("order_fen", f.get("paid_fen", 0)),
        told_paid_fen=f.get("paid_fen", 0),
        subsidy_fen=sum(f.get(name, 0) for name in subsidies),
        deposit_fen=f.get("deposit_fen", 0),
        merchant_sku=f.get("merchant_sku"),
        product_ref=f.get("product_id"),
        author_id=f.get("author_id"),
        room_id=f.get("room_id"),
        traffic=f.get("traffic", "unknown"),
        buyer_hash=f.get("buyer_hash"),
        refunded_whole=f.get("refunded_whole", False),
        refunded_stage=f.get("refunded_stage", "pre_ship"),
        refunded_at=_at(state.refunded_by_us),
    )


def refund_of(refund_id: str, state: State) -> RefundView:
    """What the statements about one refund add up to."""
    f = state.fields()
    return RefundView(
        refund_id=refund_id,
        kind=f.get("refund_type", "refund_only"),
        stage=f.get("stage"),
        status=f.get("status", "applied"),
        currency=f.get("currency"),
        amount_fen=f.get("amount_fen", 0),
        qty=f.get("qty"),
        reason=f.get("reason_code"),
        applied_at=_at(f.get("applied_at")),
        succeeded_at=_at(f.get("succeeded_at")),
    )


def _at(us: int | None) -> datetime | None:
    return None if us is None else instant(us)
