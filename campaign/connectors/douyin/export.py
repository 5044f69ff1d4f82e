"""Douyin's order export (CSV or XLSX): a row per order line, yuan, Beijing time."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from campaign.connectors.douyin.cells import BEIJING, Cells, RowRefused
from campaign.connectors.douyin.columns import ORDERS
from campaign.connectors.douyin.rows import Kind
from campaign.connectors.reading import FileLine
from campaign.kit.money import split_whole
from campaign.sales.merging import EXPORT, LINE_STATUSES, Statement, micros
from campaign.sales.statements import digest_of

STATUSES = {
    "待支付": "created",
    "待付款": "created",
    "已支付": "paid",
    "待发货": "paid",
    "备货中": "paid",
    "部分发货": "paid",
    "已发货": "shipped",
    "已签收": "received",
    "已收货": "received",
    "已完成": "completed",
    "已关闭": "cancelled",
    "已取消": "cancelled",
}
TRAFFIC = {"直播": "live", "短视频": "video", "商品卡": "card", "搜索": "search", "橱窗": "shelf"}
NOT_YET = "数据将于第二天更新"
WHOLE_LINE_REFUNDED = frozenset(("退款成功", "同意退款,退款成功"))


class _Row(Cells):
    """One row: an order line, or several joined."""

    def lines(self, exported_at: datetime) -> list[FileLine]:
        """The row's lines: one, or several where line numbers are joined by ";". Raises RowRefused."""
        self.check_width()
        order_id = self.id("order_id")
        line_ids = self.ids("line_id") or [order_id]
        fields = self._fields(order_id)
        refunded = self._refunded(fields)
        raw = self.raw()
        made = []
        for line_id, share in zip(line_ids, _shares(fields, len(line_ids)), strict=True):
            statement = Statement(
                EXPORT,
                micros(exported_at),
                LINE_STATUSES[fields["status"]],
                digest_of(share),
                share,
                refunded_by_us=micros(exported_at) if refunded else None,
            )
            occurred = datetime.fromtimestamp(fields["ordered_at"] // 1_000_000, BEIJING)
            made.append(FileLine(self.number, line_id, order_id, occurred, statement, raw))
        return made

    def moments(self) -> list[datetime]:
        """Every readable moment of the row."""
        found = []
        for name in ("ordered_at", "paid_at", "shipped_at", "completed_at"):
            try:
                moment = self._ordered_at() if name == "ordered_at" else self.moment(name)
            except RowRefused:
                continue
            if moment is not None:
                found.append(moment)
        return found

    def began(self) -> datetime | None:
        """When the order was placed; of a row whose cells have slipped nothing is sure."""
        try:
            self.check_width()
            return self._ordered_at()
        except RowRefused:
            return None

    def _fields(self, order_id: str) -> dict[str, Any]:
        status = STATUSES.get(self.text("status") or "")
        if status is None:
            raise RowRefused("unknown_status", value=self.text("status") or "-")
        payable, shipping = self.money("payable"), self.money("shipping") or 0
        if payable is None:
            raise RowRefused("missing_value", column=self.named("payable"))
        if payable < shipping:
            raise RowRefused("freight_exceeds", column=self.named("shipping"))
        ordered_at, paid_at = self._ordered_at(), self.moment("paid_at")
        if ordered_at is None:
            raise RowRefused("missing_value", column=self.named("ordered_at"))
        list_fen = self.money("list")
        traffic = self._traffic()
        told: dict[str, Any] = {
            "parent_order_id": order_id,
            "line_kind": "gift" if list_fen == 0 else "sale",
            "status": status,
            "ordered_at": micros(ordered_at),
            "paid_at": _micros(paid_at),
            "shipped_at": _micros(self.moment("shipped_at")),
            "completed_at": _micros(self.moment("completed_at")),
            "currency": "CNY",
            "qty": self.count("qty"),
            "list_fen": list_fen,
            "order_fen": payable - shipping,
            # Unpaid says nothing of what will be paid: a later push must be free to say it.
            "paid_fen": payable - shipping if paid_at else None,
            "shipping_fen": shipping,
            "tax_fen": self.money("tax"),
            "product_id": self.id_or_none("product_id"),
            "product_name": self.text("product_name"),
            "merchant_sku": self.text("merchant_sku"),
            "author_id": self.id_or_none("author_id"),
            "traffic": traffic,
            "is_ad": True if self.text("ad_channel") else None,
        }
        for party in ("shop", "platform", "host", "payment"):
            told[f"discount_{party}_fen"] = self.money(f"discount_{party}")
        return {name: value for name, value in told.items() if value is not None}

    def _refunded(self, fields: dict[str, Any]) -> bool:
        """Adds what the after-sale column says: the whole line refunded, until a file gives the amount."""
        after_sale = (self.text("after_sale") or "").replace("，", ",").replace(" ", "")
        whole = after_sale in WHOLE_LINE_REFUNDED and "paid_at" in fields
        fields["refunded_whole"] = whole
        fields["refunded_stage"] = _stage(fields)
        return whole

    def _traffic(self) -> str | None:
        told = self.text("format")
        if told is None or told == NOT_YET:
            return None
        return TRAFFIC.get(told, "other")

    def _ordered_at(self) -> datetime | None:
        day, moment = self.text("ordered_on"), self.text("ordered_at")
        if day is not None and moment is not None and re.match(r"\d{1,2}:", moment):
            return self.parsed("ordered_at", f"{day.split(' ')[0]} {moment}")
        return self.moment("ordered_at")


def _stage(fields: Mapping[str, Any]) -> str:
    if "shipped_at" not in fields:
        return "pre_ship"
    return "post_receipt" if "completed_at" in fields else "post_ship"


def _micros(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def _shares(fields: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """A row of joined lines split so that the parts sum to the row (largest remainder)."""
    if count == 1:
        return [fields]
    shares = [dict(fields) for _ in range(count)]
    for name, value in fields.items():
        if name == "qty" or name.endswith("_fen"):
            for share, part in zip(shares, split_whole(value, [1] * count), strict=True):
                share[name] = part
    return shares


KIND = Kind(ORDERS, _Row, completes=True)
