"""The columns of Douyin's exports, by their many names."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from campaign.connectors.reading import FileRefused

PERSONAL = frozenset(
    (
        "收件人",
        "收件人手机号",
        "收件人姓名",
        "收货人",
        "手机号",
        "省",
        "市",
        "区",
        "街道",
        "详细地址",
        "收货地址",
    )
    + ("买家留言", "商家备注", "快递信息", "买家昵称", "买家ID", "身份证号")
)
"""Columns about people: dropped at the door."""


def normalised(header: str) -> str:
    """A header without width, brackets' contents, blanks and case: 退商品金额（元） → 退商品金额."""
    text = unicodedata.normalize("NFKC", header)
    return re.sub(r"\(.*?\)|[\s\ufeff'\"]", "", text).upper()


class Columns:
    """What one kind of export calls its columns: our name → theirs, the one to prefer first."""

    def __init__(self, aliases: Mapping[str, tuple[str, ...]], required: Sequence[str]) -> None:
        self._aliases = aliases
        self._required = required
        self._known = {normalised(theirs): ours for ours, names in aliases.items() for theirs in names}
        self._order = {normalised(theirs): n for names in aliases.values() for n, theirs in enumerate(names)}

    @property
    def fields(self) -> Mapping[str, str]:
        """Our fields and what the platform calls each."""
        return {ours: names[0] for ours, names in self._aliases.items()}

    def needs(self, field: str) -> bool:
        """Whether a file without it cannot be read."""
        return field in self._required

    def placed(self, header: Sequence[str], saved: Mapping[str, str | None] | None = None) -> "Placed":
        """Where our fields stand. `saved`: normalised header → field or None, as people pointed them: it goes first.

        Raises FileRefused on a column that stands twice.
        """
        saved = saved or {}
        found: dict[str, tuple[int, int]] = {}
        for column, name in enumerate(header):
            key = normalised(name)
            ours = saved[key] if key in saved else self._known.get(key)
            if ours is None or ours not in self._aliases:
                continue
            order = -1 if key in saved else self._order[key]
            if ours in found and found[ours][0] == order:
                raise FileRefused("repeated_column", column=name)
            if ours not in found or order < found[ours][0]:
                found[ours] = (order, column)
        missing = tuple(name for name in self._required if name not in found)
        return Placed({ours: column for ours, (_, column) in found.items()}, missing)

    def named(self, fields: Sequence[str]) -> str:
        """Our fields in the platform's words."""
        return "、".join(self._aliases[name][0] for name in fields)


@dataclass(frozen=True)
class Placed:
    """Our name → column, and which that a file needs are missing."""

    where: Mapping[str, int]
    missing: tuple[str, ...]

    def mapping(self, header: Sequence[str]) -> tuple[tuple[str, str | None], ...]:
        """Each column of the file and the field it is read as."""
        ours = {column: name for name, column in self.where.items()}
        return tuple((name, ours.get(column)) for column, name in enumerate(header))


def is_personal(header: str) -> bool:
    """Whether a column is about people."""
    return normalised(header) in _PERSONAL


@lru_cache(maxsize=64)
def impersonal(header: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """(place, name) of the columns that are named and not about people: asked for each row of a file."""
    return tuple((at, name) for at, name in enumerate(header) if name and not is_personal(name))


_PERSONAL = frozenset(normalised(name) for name in PERSONAL)

ORDERS = Columns(
    {
        "order_id": ("主订单编号", "主订单号", "主订单ID", "订单编号", "订单号"),
        "line_id": ("子订单编号", "子订单号", "子订单ID", "商品单号"),
        "product_name": ("选购商品", "商品名称", "商品"),
        "product_id": ("商品ID",),
        "merchant_sku": ("商家编码", "商家SKU编码", "SKU商家编码", "规格编码"),
        "qty": ("商品数量", "数量", "购买数量"),
        "list": ("商品金额", "商品总价"),
        "ordered_on": ("订单提交日期", "下单日期"),
        "ordered_at": ("订单提交时间", "下单时间", "提交时间"),
        "paid_at": ("支付完成时间", "支付时间", "付款时间"),
        "completed_at": ("订单完成时间", "完成时间"),
        "shipped_at": ("发货时间",),
        "status": ("订单状态",),
        "after_sale": ("售后状态",),
        "payable": ("订单应付金额", "应付金额"),
        "shipping": ("运费", "运费金额"),
        "discount_shop": ("商家优惠", "商家实际承担优惠金额"),
        "discount_platform": ("平台实际承担优惠金额", "平台优惠"),
        "discount_host": ("达人实际承担优惠金额", "达人优惠"),
        "discount_payment": ("支付优惠",),
        "tax": ("税费",),
        "author_id": ("达人ID", "主播ID"),
        "format": ("流量体裁",),
        "ad_channel": ("广告渠道",),
    },
    required=("order_id", "qty", "ordered_at", "status", "payable"),
)
AFTER_SALES = Columns(
    {
        "refund_id": ("售后单号", "售后编号", "售后单ID"),
        "order_id": ("订单号", "主订单号", "主订单编号", "订单编号"),
        "line_id": ("商品单号", "子订单号", "子订单编号"),
        "kind": ("售后类型", "退款类型"),
        "amount": ("退商品金额", "商品退款金额", "退款商品金额"),
        "shipping": ("退运费金额", "运费退款金额"),
        "status": ("售后状态",),
        "applied_at": ("售后申请时间", "申请时间"),
        "reason": ("售后原因", "申请原因"),
        "paid_out_at": ("用户到账时间", "退款到账时间", "退款成功时间"),
        "finished_at": ("售后完结时间", "完结时间"),
        "qty": ("售后数量", "退货数量", "申请售后数量"),
    },
    required=("refund_id", "order_id", "kind", "amount", "status", "applied_at"),
)
SETTLEMENTS = Columns(
    {
        "settled_at": ("结算时间", "结算日期"),
        "order_id": ("订单号", "主订单号", "主订单编号"),
        "line_id": ("子订单号", "子订单编号", "商品单号"),
        "amount": ("结算金额",),
        "kind": ("结算单类型", "动账类型"),
        "platform_fee": ("平台服务费",),
        "commission": ("佣金", "达人佣金"),
        "recruiter_fee": ("招商服务费",),
        "spent": ("支出合计",),
    },
    required=("settled_at", "order_id", "amount"),
)
