"""Cells as people and spreadsheets write them: ids, numbers, amounts, days and times. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from campaign.kit import instants, numbers
from campaign.kit.money import parse_major

_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?\Z", re.ASCII)
# A workbook that counts hours past midnight gives "1 day, 2:00:00".
_CLOCK = re.compile(r"(?:(1) day, )?(\d{1,2})[:：](\d\d)(?:[:：](\d\d)(?:\.(\d{1,6}))?)?\Z", re.ASCII)
_HOURS = re.compile(r"\s*([\d:：.]+)\s*[-–—~～至到]+\s*([\d:：.]+)\s*\Z", re.ASCII)
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?\Z", re.ASCII)
# Day 1 of a spreadsheet is 1900-01-01 and it believes in a 29 February of that year.
_SERIAL_ZERO = datetime.combine(date(1899, 12, 30), time(0))
_SEPARATORS = re.compile(r"[;；\n]")
# The trade writes 26:00 for two in the morning of the same evening.
_LATEST_HOUR = 30
_PLATFORMS = {
    "抖音": "douyin",
    "快手": "kuaishou",
    "淘宝": "taobao",
    "淘宝直播": "taobao",
    "视频号": "wechat",
    "微信": "wechat",
    "其他": "other",
    "其他平台": "other",
    "tiktok shop": "tiktok_shop",
    "tiktok": "tiktok_shop",
}
_YES, _NO = ("是", "yes", "true", "1", "y"), ("否", "no", "false", "0", "n")
_HOST_KINDS = {
    "自营": "in_house",
    "基地": "in_house",
    "in-house": "in_house",
    "签约": "signed",
    "独立": "independent",
}


class BadCell(ValueError):
    """A cell, or what it names, cannot be taken: column field, code (worded as row_CODE), params."""

    def __init__(self, field: str, code: str, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(code)
        self.field = field
        self.code = code
        self.params = dict(params or {})


def bare(cell: str) -> str:
    """Without the tab or the one apostrophe that keeps a spreadsheet from reading a cell as something else.

    "" for a cell that says nothing: empty, or a dash alone.
    """
    cell = cell.strip()
    return "" if cell == "-" else cell.removeprefix("'")


def several(cell: str) -> list[str]:
    """What a cell lists, by ; or lines."""
    return [part.strip() for part in _SEPARATORS.split(cell) if part.strip()]


def platform(field: str, cell: str) -> str:
    """A platform by code or name. Raises BadCell."""
    code = _PLATFORMS.get(cell.casefold(), cell.casefold())
    allowed = dict.fromkeys(_PLATFORMS.values())
    if code not in allowed:
        raise BadCell(field, "bad_choice", {"value": cell[:40], "allowed": ", ".join(allowed)})
    return code


def written_platform(code: str, language: str) -> str:
    """The shortest name that platform() reads back; in English its code."""
    return code if language == "en" else {code: name for name, code in reversed(_PLATFORMS.items())}[code]


def host_kind(cell: str) -> str:
    """A kind of host by code or by its Chinese name."""
    return _HOST_KINDS.get(cell.casefold(), cell.casefold())


def yes_or_no(field: str, cell: str) -> bool:
    """是, yes, true, 1 and their opposites. Raises BadCell."""
    if cell.casefold() in _YES + _NO:
        return cell.casefold() in _YES
    raise BadCell(field, "not_yes_or_no", {"value": cell[:40]})


def whole(field: str, cell: str) -> int:
    """1,200 → 1200. Raises BadCell."""
    digits = cell.replace(",", "").removesuffix(".0")
    number = numbers.whole(digits)
    if number is None:
        raise BadCell(field, "bad_count", {"value": cell[:40]})
    return number


def money(field: str, cell: str, currency: str) -> int:
    """¥1,299.00 → 129900, exactly. Raises BadCell."""
    try:
        amount = parse_major(cell.strip("¥￥元 "), currency)
    except ValueError:
        amount = -1
    if amount < 0:
        raise BadCell(field, "bad_money", {"value": cell[:40]})
    return amount


def day(field: str, cell: str) -> date:
    """2026-11-01, 2026/11/1, 2026年11月1日, a spreadsheet's own number, or a day with midnight. Raises BadCell."""
    found = _local(cell)
    if found is None or found.time() != time(0):
        raise BadCell(field, "bad_day", {"value": cell[:40]})
    return found.date()


def is_clock(cell: str) -> bool:
    """Whether a cell holds a clock alone, without a day."""
    return _clock(cell) is not None


def moment(field: str, cell: str, zone: ZoneInfo, *, after: datetime | None = None) -> datetime:
    """A wall time of the hub, or an instant with its offset; a clock alone is the next one `after`.

    An hour that comes twice or never where clocks change is refused. Raises BadCell.
    """
    try:
        return instants.parse(cell.replace(" ", "T", 1))
    except ValueError:
        found = _local(cell)
    if found is None and after is not None and (clock := _clock(cell)) is not None:
        found = _next(after.astimezone(zone).replace(tzinfo=None), clock)
    if found is None:
        raise BadCell(field, "bad_time", {"value": cell[:40]})
    return _placed(field, cell, found, zone)


def span(day_cell: str, hours: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """2026-11-24 and 20:00-02:00 (or 20:00-26:00): the end is the next such time after the start. Raises BadCell."""
    first = day("day", day_cell)
    parts = _HOURS.match(hours)
    clocks = [_clock(part) for part in parts.groups()] if parts else []
    if len(clocks) != 2 or clocks[0] is None or clocks[1] is None:
        raise BadCell("hours", "bad_hours", {"value": hours[:40]})
    starts = datetime.combine(first, time(0)) + clocks[0]
    ends = datetime.combine(first, time(0)) + clocks[1]
    ends = ends if ends > starts else ends + timedelta(days=1)
    return _placed("hours", hours, starts, zone), _placed("hours", hours, ends, zone)


def shift(
    field: str, first: str, last: str, starts_at: datetime, zone: ZoneInfo
) -> tuple[datetime, datetime]:
    """A shift by two clocks within a show that starts then. Raises BadCell."""
    clocks = [_clock(one) for one in (first, last)]
    if clocks[0] is None or clocks[1] is None:
        raise BadCell(field, "bad_hours", {"value": f"{first}-{last}"[:40]})
    local = starts_at.astimezone(zone).replace(tzinfo=None)
    begins = _next(local, clocks[0], now_too=True)
    return (
        _placed(field, first, begins, zone),
        _placed(field, last, _next(begins, clocks[1]), zone),
    )


def written_moment(at: datetime, zone: ZoneInfo) -> str:
    """As moment() reads it: wall time to the minute where that says it all, with its offset where it comes twice."""
    local = at.astimezone(zone)
    if local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
        return local.isoformat(" ")
    exact = "minutes" if not (local.second or local.microsecond) else "auto"
    return local.replace(tzinfo=None).isoformat(" ", timespec=exact)


def _placed(field: str, cell: str, found: datetime, zone: ZoneInfo) -> datetime:
    early, late = (found.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() != late.utcoffset():
        raise BadCell(field, "clock_change", {"value": cell[:40]})
    try:
        return instants.parse(early.astimezone(UTC))
    except (ValueError, OverflowError):
        raise BadCell(field, "bad_time", {"value": cell[:40]}) from None


def _next(after: datetime, clock: timedelta, *, now_too: bool = False) -> datetime:
    """The next time a clock shows that, counted from `after`."""
    found = datetime.combine(after.date(), time(0)) + clock
    if found < after or (found == after and not now_too):
        found += timedelta(days=1)
    return found


def _clock(cell: str) -> timedelta | None:
    """20:00, 26:00 or 20:00:30.5 since midnight; None for what is no clock."""
    found = _CLOCK.match(cell.strip())
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[:4])
    hours += 24 * days
    if hours >= _LATEST_HOUR or minutes > 59 or seconds > 59:
        return None
    fraction = int((found[5] or "").ljust(6, "0"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=fraction)


def _local(cell: str) -> datetime | None:
    """Wall time without a zone, or None."""
    try:
        if _SERIAL.match(cell):
            # Days since 1900 and the part of one, which is exact to about a second.
            return _SERIAL_ZERO + timedelta(seconds=round(float(cell) * 86400))
        day_part, _, clock_part = cell.replace("T", " ", 1).partition(" ")
        written = _DAY.match(day_part.strip())
        clock = _clock(clock_part) if clock_part.strip() else timedelta(0)
        if written is None or clock is None:
            return None
        return datetime.combine(date(*map(int, written.groups())), time(0)) + clock
    except (ValueError, OverflowError):
        return None
