"""Douyin's order export (CSV or XLSX): a row per order line, yuan, Beijing time."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaign.connectors.douyin import columns
from campaign.connectors.reading import FileLine, FileRefused, Reading, Refused
from campaign.kit.money import parse_yuan, split_whole
from campaign.kit.numbers import whole
from campaign.kit.tabular import Table
from campaign.sales.merging import EXPORT, LINE_STATUSES, Statement, micros
from campaign.sales.statements import digest_of

BEIJING = ZoneInfo("Asia/Shanghai")

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
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}\Z")
_DAMAGED = re.compile(r"\d(\.\d+)?[eE]\+?\d+\Z")
_TIME = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T](\d{1,2}):(\d\d)(?::(\d\d))?(?:\.\d+)?\Z", re.ASCII)
_IN_NAME = re.compile(
    r"(20\d\d)[-_.]?(\d\d)[-_.]?(\d\d)(?:[-_ T.]?(\d\d)[-_:.]?(\d\d)(?:[-_:.]?(\d\d))?)?(?!\d)"
)


class RowRefused(ValueError):
    """One row cannot be read; its neighbours can."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def read(table: Table, *, exported_at: datetime | None) -> Reading:
    """Turn the export into statements. Raises FileRefused when its columns are not those of an order export.

    Without an export time the latest moment the file itself tells of stands in: it cannot be older, and the
    same file always gives the same.
    """
    where = columns.mapped(table.header)
    rows = [_Row(number, cells, table.header, where) for number, cells in table.rows]
    exported = exported_at or _latest(rows)
    lines: list[FileLine] = []
    refused: list[Refused] = []
    seen: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        try:
            lines.extend(_new_to(seen, row.lines(exported)))
        except RowRefused as fault:
            refused.append(Refused(row.number, fault.code, fault.params))
    mapping = tuple((name, _ours(where, column)) for column, name in enumerate(table.header))
    return Reading(mapping, len(rows), exported, tuple(lines), tuple(refused))


def _new_to(seen: dict[str, Mapping[str, Any]], made: list[FileLine]) -> list[FileLine]:
    """The lines of a row; raises RowRefused where one stands in the file already with other content."""
    for line in made:
        if seen.setdefault(line.line_id, line.raw) != line.raw:
            raise RowRefused("repeated_line", line_id=line.line_id)
    return made


def exported_at_in(filename: str) -> datetime | None:
    """The export time that a file's name carries (…20261107103000.csv), None where it carries none."""
    return _beijing(_IN_NAME.search(filename))


def _beijing(match: re.Match[str] | None) -> datetime | None:
    """Year to second as matched, in Beijing's time; None where there is no such moment."""
    if match is None:
        return None
    try:
        return datetime(*(int(part or 0) for part in match.groups()), tzinfo=BEIJING)  # type: ignore[misc,arg-type]
    except ValueError:
        return None


def _ours(where: Mapping[str, int], column: int) -> str | None:
    return next((name for name, place in where.items() if place == column), None)


def _latest(rows: Sequence["_Row"]) -> datetime:
    moments = [moment for row in rows for moment in row.moments()]
    if not moments:
        raise FileRefused("no_export_time")
    return max(moments)


class _Row:
    """One row: cells by our names, read with the traps of real exports in mind."""

    def __init__(
        self, number: int, cells: tuple[str, ...], header: tuple[str, ...], where: Mapping[str, int]
    ) -> None:
        self.number = number
        self._cells = cells
        self._header = header
        self._where = where

    def lines(self, exported_at: datetime) -> list[FileLine]:
        """The row's lines: one, or several where line numbers are joined by ";". Raises RowRefused."""
        if len(self._cells) != len(self._header):
            raise RowRefused("ragged", cells=len(self._cells), columns=len(self._header))
        order_id = self._id("order_id")
        line_ids = self._ids("line_id") or [order_id]
        fields = self._fields(order_id)
        refunded = self._refunded(fields)
        raw = self._raw()
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
                moment = self._ordered_at() if name == "ordered_at" else self._moment(name)
            except RowRefused:
                continue
            if moment is not None:
                found.append(moment)
        return found

    def _fields(self, order_id: str) -> dict[str, Any]:
        status = STATUSES.get(self._text("status") or "")
        if status is None:
            raise RowRefused("unknown_status", value=self._text("status") or "-")
        payable, shipping = self._money("payable"), self._money("shipping") or 0
        if payable is None:
            raise RowRefused("missing_value", column=self._named("payable"))
        if payable < shipping:
            raise RowRefused("freight_exceeds", column=self._named("shipping"))
        ordered_at, paid_at = self._ordered_at(), self._moment("paid_at")
        if ordered_at is None:
            raise RowRefused("missing_value", column=self._named("ordered_at"))
        list_fen = self._money("list")
        traffic = self._traffic()
        told: dict[str, Any] = {
            "parent_order_id": order_id,
            "line_kind": "gift" if list_fen == 0 else "sale",
            "status": status,
            "ordered_at": micros(ordered_at),
            "paid_at": _micros(paid_at),
            "shipped_at": _micros(self._moment("shipped_at")),
            "completed_at": _micros(self._moment("completed_at")),
            "currency": "CNY",
            "qty": self._count("qty"),
            "list_fen": list_fen,
            "order_fen": payable - shipping,
            # Unpaid says nothing of what will be paid: a later push must be free to say it.
            "paid_fen": payable - shipping if paid_at else None,
            "shipping_fen": shipping,
            "tax_fen": self._money("tax"),
            "product_id": self._id_or_none("product_id"),
            "product_name": self._text("product_name"),
            "merchant_sku": self._text("merchant_sku"),
            "author_id": self._id_or_none("author_id"),
            "traffic": traffic,
            "is_ad": True if self._text("ad_channel") else None,
        }
        for party in ("shop", "platform", "host", "payment"):
            told[f"discount_{party}_fen"] = self._money(f"discount_{party}")
        return {name: value for name, value in told.items() if value is not None}

    def _refunded(self, fields: dict[str, Any]) -> bool:
        """Adds what the after-sale column says: the whole line refunded, until a file gives the amount."""
        after_sale = (self._text("after_sale") or "").replace("，", ",").replace(" ", "")
        whole = after_sale in WHOLE_LINE_REFUNDED and "paid_at" in fields
        fields["refunded_whole"] = whole
        fields["refunded_stage"] = _stage(fields)
        return whole

    def _traffic(self) -> str | None:
        told = self._text("format")
        if told is None or told == NOT_YET:
            return None
        return TRAFFIC.get(told, "other")

    def _raw(self) -> dict[str, str]:
        pairs = zip(self._header, self._cells, strict=True)
        return {name: cell for name, cell in pairs if name and not columns.is_personal(name)}

    def _named(self, name: str) -> str:
        return self._header[self._where[name]] if name in self._where else name

    def _text(self, name: str) -> str | None:
        """The cell without the marks that keep spreadsheets from harming it; None for "-" and empty."""
        place = self._where.get(name)
        if place is None or place >= len(self._cells):
            return None
        text = self._cells[place].strip(" \t\r\n\u00a0\ufeff")
        if text.startswith('="') and text.endswith('"'):
            text = text[2:-1]
        text = text.lstrip("'`").strip(" \t")
        if any(ord(char) < 32 for char in text) or len(text) > 200:
            raise RowRefused("bad_text", column=self._named(name))
        return None if text in ("", "-", "--", "—", "/") else text

    def _id(self, name: str) -> str:
        value = self._id_or_none(name)
        if value is None:
            raise RowRefused("missing_value", column=self._named(name))
        return value

    def _id_or_none(self, name: str) -> str | None:
        text = self._text(name)
        return None if text is None else self._checked_id(name, text)

    def _ids(self, name: str) -> list[str]:
        text = self._text(name)
        if text is None:
            return []
        parts = [part.strip(" \t'") for part in re.split("[;；]", text)]
        return list(dict.fromkeys(self._checked_id(name, part) for part in parts if part))

    def _checked_id(self, name: str, text: str) -> str:
        if _DAMAGED.search(text):
            raise RowRefused("digits_lost", column=self._named(name))
        if not _ID.match(text):
            raise RowRefused("bad_id", column=self._named(name))
        return text

    def _money(self, name: str) -> int | None:
        text = self._text(name)
        if text is None:
            return None
        try:
            fen = parse_yuan(text.removeprefix("¥").removeprefix("￥"))
        except ValueError:
            raise RowRefused("bad_money", column=self._named(name), value=text[:40]) from None
        if fen < 0:
            raise RowRefused("bad_money", column=self._named(name), value=text[:40])
        return fen

    def _count(self, name: str) -> int:
        text = (self._text(name) or "").replace(",", "")
        number = whole(text, 6)
        if number is None:
            raise RowRefused("bad_count", column=self._named(name), value=text[:40])
        return number

    def _ordered_at(self) -> datetime | None:
        day, moment = self._text("ordered_on"), self._text("ordered_at")
        if day is not None and moment is not None and re.match(r"\d{1,2}:", moment):
            return self._parsed("ordered_at", f"{day.split(' ')[0]} {moment}")
        return self._moment("ordered_at")

    def _moment(self, name: str) -> datetime | None:
        text = self._text(name)
        return None if text is None else self._parsed(name, text)

    def _parsed(self, name: str, text: str) -> datetime:
        moment = _beijing(_TIME.match(text))
        if moment is None or not 2000 <= moment.year < 2100:
            raise RowRefused("bad_time", column=self._named(name), value=text[:40])
        return moment


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
