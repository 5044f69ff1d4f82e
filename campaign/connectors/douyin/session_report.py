"""Douyin's report of one session (XLSX): what the platform itself counted. Read leniently: sheets and labels drift.

A label stands above its value or to the left of it. What no label of ours names is kept as it stands. Pure.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from campaign.connectors.douyin.cells import beijing
from campaign.connectors.douyin.columns import is_personal, normalised
from campaign.connectors.reading import FileRefused
from campaign.kit.money import parse_yuan
from campaign.kit.tabular import Row

_PRODUCTS = "商品明细"
_MOST_KEPT = 500
_MOST_COLUMNS = 64
_MOST_TOLD = 10**15
_TIME = re.compile(r"(\d{4})[-/年.](\d{1,2})[-/月.](\d{1,2})日?[ T]*(\d{1,2}):(\d\d)(?::(\d\d))?")
_NOTHING = frozenset(("", "-", "--", "—", "/"))

ABOUT = {
    "room_id": ("直播间ID", "直播ID", "房间ID", "ROOM_ID"),
    "author_id": ("达人ID", "主播ID", "账号ID", "达人UID", "主播UID", "抖音号"),
    "began_at": ("开播时间", "直播开始时间", "开始时间"),
    "ended_at": ("下播时间", "关播时间", "直播结束时间", "结束时间"),
}
MONEY = {
    "paid_fen": ("用户支付金额", "支付金额", "直播间用户支付金额", "直播间支付金额"),
    "merchant_fen": ("成交金额", "直播间成交金额", "累计成交金额", "直播成交金额"),
    "refund_fen": ("退款金额", "成交退款金额", "直播间退款金额"),
    "ad_spend_fen": ("投放消耗", "广告消耗", "消耗"),
}
COUNTS = {
    "orders": ("成交订单数", "成交订单量", "支付订单数", "直播间成交订单数"),
    "buyers": ("成交人数", "支付人数", "直播间成交人数"),
    "units": ("成交件数", "成交商品件数", "支付件数"),
    "refund_orders": ("退款订单数", "退款订单量"),
    "viewers": ("累计观看人数", "观看人数", "直播间观看人数"),
    "views": ("累计观看次数", "观看次数", "直播间观看次数"),
    "impressions": ("直播间曝光次数", "曝光次数"),
    "product_clickers": ("商品点击人数", "直播间商品点击人数"),
    "follows": ("新增粉丝数", "新增粉丝", "涨粉数"),
    "peak_online": ("最高在线人数", "峰值在线人数", "在线人数峰值"),
}
AVERAGES = {"average_online": ("平均在线人数",)}
"""Of people, with a fraction: kept in hundredths, as NAME_hundredths."""
_FIELD = {
    normalised(name): ours
    for table in (ABOUT, MONEY, COUNTS, AVERAGES)
    for ours, names in table.items()
    for name in names
}
_IN_PRODUCTS = {
    normalised(name): ours
    for ours, names in {
        "product": ("商品", "商品名称", "商品信息", "商品标题"),
        "product_id": ("商品ID", "商品编号"),
        "paid_fen": (*MONEY["paid_fen"], *MONEY["merchant_fen"]),
        "units": COUNTS["units"],
        "orders": COUNTS["orders"],
    }.items()
    for name in names
}


@dataclass(frozen=True)
class SessionReport:
    """What a report says of its session. figures: fen, counts, hundredths of averages; products: summary rows alone.

    kept: every other cell.
    mapping: each label of the file and what it was read as.
    """

    room_id: str | None
    author_id: str | None
    began_at: datetime | None
    ended_at: datetime | None
    figures: Mapping[str, int]
    products: Sequence[Mapping[str, Any]]
    mapping: Sequence[tuple[str, str | None]]
    kept: Mapping[str, Any] = field(default_factory=dict)


def read(sheets: Mapping[str, Sequence[Row]]) -> SessionReport:
    """Raises FileRefused: not_a_report where no sheet holds a figure of a session, bad_figure where one is none."""
    told: dict[str, str] = {}
    labels: dict[str, str | None] = {}
    products: list[dict[str, Any]] = []
    for name, rows in sheets.items():
        if _PRODUCTS in name:
            products += _products(rows)
            continue
        for label, value in _pairs(rows):
            ours = _FIELD.get(normalised(label))
            labels.setdefault(label[:80], ours)
            # The overview comes first and is what people compare with: a later sheet does not overrule it.
            if ours is not None and _bare(value):
                told.setdefault(ours, _bare(value))
    figures = {ours: _read_figure(ours, text) for ours, text in told.items() if ours in (*MONEY, *COUNTS)}
    figures |= {f"{ours}_hundredths": _read_average(told[ours]) for ours in AVERAGES if ours in told}
    if not figures:
        raise FileRefused("not_a_report")
    return SessionReport(
        room_id=told.get("room_id"),
        author_id=told.get("author_id"),
        began_at=_moment(told.get("began_at")),
        ended_at=_moment(told.get("ended_at")),
        figures=figures,
        products=products,
        mapping=tuple(labels.items()),
        kept={
            name: [list(cells[:_MOST_COLUMNS]) for _, cells in _impersonal(rows)][:_MOST_KEPT]
            for name, rows in sheets.items()
        },
    )


def _pairs(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """(label, value). A row whose labels have no values beside them is a header: the values stand beneath."""
    above: tuple[str, ...] = ()
    for _, cells in rows:
        known = [at for at, cell in enumerate(cells) if normalised(cell) in _FIELD]
        alone = len(known) == 1 and known[0] + 1 == len(cells)
        if alone or (len(known) > 1 and not _alternates(cells, known)):
            above = cells
            continue
        if above:
            yield from zip(above, cells, strict=False)
            above = ()
            continue
        yield from ((cells[at], cells[at + 1]) for at in known if at + 1 < len(cells))
        if not known and len(cells) > 1 and _bare(cells[0]):
            yield cells[0], cells[1]


def _alternates(cells: Sequence[str], known: Sequence[int]) -> bool:
    """Whether labels and values take turns in one row: every label is followed by what is none."""
    return all(at + 1 < len(cells) and at + 1 not in known and _is_value(cells[at + 1]) for at in known)


def _is_value(cell: str) -> bool:
    return re.search("[0-9]", cell) is not None or _bare(cell) == ""


def _products(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows of whole products: those of their variants begin with "-" and are parts of the row above them."""
    where: dict[str, int] = {}
    found = []
    for _, cells in rows:
        if not where:
            named = {
                _IN_PRODUCTS[normalised(cell)]: at
                for at, cell in reversed(list(enumerate(cells)))
                if normalised(cell) in _IN_PRODUCTS
            }
            where = named if len(named) > 1 else {}
            continue
        first = next((cell for cell in cells if cell.strip()), "")
        if first.strip().startswith("-") and first.strip() != "-":
            continue
        found.append({ours: _product_cell(ours, cells[at]) for ours, at in where.items() if at < len(cells)})
    return found[:_MOST_KEPT]


def _product_cell(ours: str, cell: str) -> Any:
    text = _bare(cell)
    if ours in ("product", "product_id"):
        return text.lstrip("'`\t")[:200]
    return _read_figure(ours, text) if text else None


def _impersonal(rows: Sequence[Row]) -> Iterator[Row]:
    return (row for row in rows if not any(is_personal(cell) for cell in row[1]))


def _bare(cell: str) -> str:
    text = cell.strip(" \t\r\n\u00a0\ufeff'`")
    return "" if text in _NOTHING else text


def _read_figure(ours: str, text: str) -> int:
    """Fen or a count; 1.2万 and ¥ are read. Raises FileRefused."""
    try:
        plain = _plain(text)
        found = parse_yuan(plain) if ours.endswith("_fen") else _count(Decimal(plain.replace(",", "")))
    except (ValueError, InvalidOperation):
        found = -1
    if found < 0:
        raise FileRefused("bad_figure", value=text[:40])
    return found


def _read_average(text: str) -> int:
    """Hundredths: 16.4 → 1640. Raises FileRefused."""
    try:
        number = Decimal(_plain(text).replace(",", "")) * 100
        found = _count(number.to_integral_value(ROUND_HALF_UP) if number.is_finite() else number)
    except InvalidOperation:
        found = -1
    if found < 0:
        raise FileRefused("bad_figure", value=text[:40])
    return found


def _plain(text: str) -> str:
    """Without signs and units, 1.2万 as 12000. Raises InvalidOperation."""
    plain = re.sub(r"^[¥￥]|[元人次]$| ", "", text.strip())
    if not plain.endswith(("万", "亿")):
        return plain
    return f"{Decimal(plain[:-1].replace(',', '')) * (10_000 if plain.endswith('万') else 100_000_000):f}"


def _count(number: Decimal) -> int:
    return int(number) if number.is_finite() and 0 <= number < _MOST_TOLD else -1


def _moment(text: str | None) -> datetime | None:
    return None if text is None else beijing(_TIME.search(text))
