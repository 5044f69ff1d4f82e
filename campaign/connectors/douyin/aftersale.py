"""Douyin's after-sale export (CSV or XLSX): a row per after-sale case, yuan, Beijing time.

It gives the amount that the order export only hints at: a line it names there as refunded whole is refunded by
what stands here.
"""

from datetime import datetime
from typing import Any

from campaign.connectors.douyin.cells import Cells, RowRefused
from campaign.connectors.douyin.columns import AFTER_SALES
from campaign.connectors.douyin.rows import Kind
from campaign.connectors.reading import FileLine
from campaign.sales.merging import EXPORT, REFUND_STATUSES, Statement, micros
from campaign.sales.statements import digest_of

_KINDS = (
    ("换货", "exchange"),
    ("补寄", "exchange"),
    ("维修", "exchange"),
    ("价保", "price_protection"),
    ("保价", "price_protection"),
    ("退差价", "price_protection"),
    ("仅退款", "refund_only"),
    ("退货", "return"),
    ("退款", "refund_only"),
)
"""A word in the kind of case → ours; the first that is found. Nothing is paid out for goods sent anew."""

_STAGES = (("未发货", "pre_ship"), ("已发货", "post_ship"), ("已收货", "post_receipt"))
_CLOSED = ("关闭", "取消", "撤销", "失败")
_OPEN = ("待", "中", "拒绝", "申请", "同意", "超时", "介入")


class _Row(Cells):
    """One after-sale case."""

    def lines(self, exported_at: datetime) -> list[FileLine]:
        """The case as one refund of one line. Raises RowRefused."""
        self.check_width()
        refund_id, order_id = self.id("refund_id"), self.id("order_id")
        fields = self._fields()
        statement = Statement(
            EXPORT, micros(exported_at), REFUND_STATUSES[fields["status"]], digest_of(fields), fields
        )
        occurred = max(at for at in self.moments() if at <= exported_at or at == self.moment("applied_at"))
        line_id = self.id_or_none("line_id") or order_id
        return [
            FileLine(self.number, line_id, order_id, occurred, statement, self.raw(), refund_id=refund_id)
        ]

    def moments(self) -> list[datetime]:
        """Every readable moment of the case."""
        found = []
        for name in ("applied_at", "paid_out_at", "finished_at"):
            try:
                moment = self.moment(name)
            except RowRefused:
                continue
            if moment is not None:
                found.append(moment)
        return found

    def _fields(self) -> dict[str, Any]:
        status, amount = self._status(), self.money("amount")
        if amount is None:
            raise RowRefused("missing_value", column=self.named("amount"))
        applied_at = self.moment("applied_at")
        if applied_at is None:
            raise RowRefused("missing_value", column=self.named("applied_at"))
        kind = self.text("kind") or ""
        done_at = (self.moment("paid_out_at") or self.moment("finished_at")) if status == "success" else None
        told: dict[str, Any] = {
            "refund_type": self._kind(kind),
            "stage": next((stage for word, stage in _STAGES if word in kind), None),
            "status": status,
            "currency": "CNY",
            "amount_fen": amount,
            "shipping_fen": self.money("shipping"),
            "qty": self.count("qty") if self.text("qty") else None,
            "reason_code": self.text("reason"),
            "applied_at": micros(applied_at),
            "succeeded_at": micros(done_at) if done_at else None,
        }
        return {name: value for name, value in told.items() if value is not None}

    def _kind(self, written: str) -> str:
        for word, kind in _KINDS:
            if word in written:
                return kind
        raise RowRefused("unknown_kind", value=written[:40] or "-")

    def _status(self) -> str:
        """成功 means done and 关闭 given up; whatever else a case is called, it is still open.

        A case the shop refused (拒绝) is open as long as the buyer may ask again: until it has an end.
        """
        written = self.text("status") or ""
        if "成功" in written:
            return "success"
        if any(word in written for word in _CLOSED):
            return "closed"
        if "拒绝" in written and self.moment("finished_at") is not None:
            return "closed"
        if any(word in written for word in _OPEN):
            return "applied"
        raise RowRefused("unknown_status", value=written[:40] or "-")


KIND = Kind(AFTER_SALES, _Row)
