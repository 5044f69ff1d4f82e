"""Figures as people read them: totals per currency with their ratios. Pure values.

Money is integers of minor units; rates are ten-thousandths. A ratio over nothing is None, shown as a dash; a
ratio over several sessions is that of their totals, never a mean.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from campaign.kit.money import divided


@dataclass(frozen=True)
class Totals:
    """What was sold in one currency. orders and buyers are distinct; buyers None where nobody told who bought.

    rated False: money by the day it moved. Its refunds are of other days' sales, so it has no refund rate. maturing_fen
    None: what is final of the net is not told, by the day money moved, and as of an age, after which more came back.
    """

    currency: str
    placed_gmv_fen: int = 0
    paid_gmv_fen: int = 0
    merchant_gmv_fen: int = 0
    deposit_fen: int = 0
    refund_pre_ship_fen: int = 0
    refund_post_ship_fen: int = 0
    refund_post_receipt_fen: int = 0
    returned_fen: int = 0
    price_protection_fen: int = 0
    compensation_fen: int = 0
    disputed_fen: int = 0
    lines: int = 0
    units: int = 0
    refunded_lines: int = 0
    refunded_units: int = 0
    uncancelled_fen: int = 0
    orders: int | None = 0
    buyers: int | None = None
    maturing_fen: int | None = 0
    maturing: bool = False
    rated: bool = True

    @property
    def refund_fen(self) -> int:
        """Successful refunds of goods, all stages."""
        return self.refund_pre_ship_fen + self.refund_post_ship_fen + self.refund_post_receipt_fen

    @property
    def net_gmv_fen(self) -> int:
        return self.paid_gmv_fen - self.refund_fen

    @property
    def kept_fen(self) -> int | None:
        """The part of the net that is final; None where that is not told."""
        return None if self.maturing_fen is None else self.net_gmv_fen - self.maturing_fen

    @property
    def cancelled_fen(self) -> int:
        """Cancelled before shipping: what was given back then, less what cancelled nothing (price protection)."""
        return self.refund_pre_ship_fen - self.uncancelled_fen

    @property
    def money_only_fen(self) -> int:
        """Refunded without anything cancelled or coming back (price protection among it), at any stage."""
        return self.refund_fen - self.cancelled_fen - self.returned_fen

    @property
    def refund_rate(self) -> int | None:
        """Refunds over paid, by fen."""
        return divided(self.refund_fen * 10_000, self.paid_gmv_fen) if self.rated else None

    @property
    def refund_rate_lines(self) -> int | None:
        """Lines of which something came back, over all."""
        return divided(self.refunded_lines * 10_000, self.lines) if self.rated else None

    @property
    def refund_rate_units(self) -> int | None:
        """Units that came back, over all."""
        return divided(self.refunded_units * 10_000, self.units) if self.rated else None

    @property
    def per_order_fen(self) -> int | None:
        """笔单价: paid over distinct paid orders."""
        return None if self.orders is None else divided(self.paid_gmv_fen, self.orders)

    @property
    def per_buyer_fen(self) -> int | None:
        """客单价: paid over distinct buyers."""
        return None if self.buyers is None else divided(self.paid_gmv_fen, self.buyers)

    @property
    def per_unit_fen(self) -> int | None:
        """件单价: paid over units."""
        return divided(self.paid_gmv_fen, self.units)


@dataclass(frozen=True)
class Minute:
    """One step of the curve, by the moment of the order; `at` is its start, UTC."""

    at: datetime
    currency: str
    paid_gmv_fen: int
    refund_fen: int
    lines: int
    units: int


@dataclass(frozen=True)
class Group:
    """The totals of one key: a day (2026-11-06), a platform, or a public id; "" stands for none."""

    key: str
    label: str
    label_en: str
    totals: tuple[Totals, ...]


def rows_of(groups: Iterable[Group], *, in_order: bool) -> list[tuple[Group, Totals]]:
    """Groups as rows of a table, a ranking per currency: amounts of two are not held against each other.

    in_order: as they stand, as days do; else by what was paid, the most first.
    """
    flat = [(group, one) for group in groups for one in group.totals]
    return sorted(flat, key=lambda row: (row[1].currency, 0 if in_order else -row[1].paid_gmv_fen))


@dataclass(frozen=True)
class ProductRow:
    """One product's totals; product_id None gathers what the catalogue does not know."""

    product_id: int | None
    sku: str
    name: str
    name_en: str
    totals: Totals


@dataclass(frozen=True)
class HostRow:
    """One host's totals; host_id None is shared: nobody or several were on shift."""

    host_id: int | None
    name: str
    name_en: str
    totals: Totals


@dataclass(frozen=True)
class SessionRow:
    """One session's totals within the range asked for (a session over midnight has lines on two days)."""

    session_id: int
    title: str
    state: str
    starts_at: datetime
    ends_at: datetime
    totals: Totals


@dataclass(frozen=True)
class Rung:
    """How lines found their session: room, author, shop or manual; provisional until the platform tells.

    share: of what was paid in the currency, in ten-thousandths; None where nothing was.
    """

    rung: str
    provisional: bool
    lines: int
    paid_gmv_fen: int
    currency: str
    share: int | None = None


@dataclass(frozen=True)
class Beneath:
    """Paid money that counts in no session: shown beneath the totals, never within."""

    currency: str
    unattributed_fen: int
    unattributed_lines: int
    outside_live_fen: int
    outside_live_lines: int


@dataclass(frozen=True)
class Completeness:
    """How far one shop's data goes."""

    shop_id: int
    shop_name: str
    platform: str
    complete_through: datetime | None


@dataclass(frozen=True)
class LineRow:
    """One order line of a drill-down and what it adds to the figure asked for, in minor units of `currency`.

    amount_fen: to that figure alone; None where all lines are asked for.
    """

    id: int
    shop_id: int
    shop_name: str
    platform: str
    parent_order_id: str | None
    line_id: str
    kind: str
    status: str
    ordered_at: datetime
    order_day: date
    paid_at: datetime | None
    currency: str
    qty: int
    session_id: int | None
    session_title: str | None
    host_id: int | None
    host_name: str | None
    host_name_en: str | None
    product_id: int | None
    product_name: str | None
    product_name_en: str | None
    merchant_sku: str | None
    bucket: str
    rung: str
    provisional: bool
    placed_fen: int
    paid_fen: int
    refund_fen: int
    amount_fen: int | None = None

    @property
    def net_fen(self) -> int:
        return self.paid_fen - self.refund_fen


@dataclass(frozen=True)
class Foot:
    """What all lines of a drill-down add up to in one currency; orders are distinct, rows is their number.

    amount_fen: the figure that is asked for; None where all lines are.
    """

    currency: str
    rows: int
    placed_gmv_fen: int
    paid_gmv_fen: int
    refund_fen: int
    lines: int
    units: int
    orders: int
    amount_fen: int | None = None

    @property
    def net_gmv_fen(self) -> int:
        return self.paid_gmv_fen - self.refund_fen
