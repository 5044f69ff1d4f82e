"""How figures, instants and words look on a page. None is always a dash, never a nought."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, g
from markupsafe import Markup, escape

from campaign.gate.written import DASH, called, count, fen, fen_short, language, named, names, rate
from campaign.insight.curves import Band, Curve, band_of, place_of
from campaign.insight.figures import rows_of
from campaign.insight.marks import Mark
from campaign.kit import ids
from campaign.kit.instants import written
from campaign.kit.money import exponent_of
from campaign.live.handovers import HandoverView

__all__ = ["DASH", "called", "count", "fen", "fen_short", "language", "named", "names", "rate"]
# What the gate writes alike: pages take it from here, with the rest.

_DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")
_WEEKDAYS = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


def zone() -> ZoneInfo:
    """The hub's zone, as the gate found it for this request."""
    found = g.get("hub_zone")
    return found if isinstance(found, ZoneInfo) else _DEFAULT_ZONE


def times(hundredths: int | None) -> str:
    """425 → 4.25: how often something is contained in something."""
    return DASH if hundredths is None else f"{Decimal(hundredths) / 100:.2f}"


def people(hundredths: int | None) -> str:
    """1640 → 16.4, 2200 → 22: an average of people, with the fraction it has."""
    if hundredths is None:
        return DASH
    whole, rest = divmod(hundredths, 100)
    return f"{whole:,}" + f".{rest:02d}".rstrip("0").rstrip(".")


def points(per_ten_thousand: int) -> str:
    """600 → 6.0: a change of a rate, in points."""
    return f"{Decimal(per_ten_thousand) / 100:.1f}"


def clock(at: datetime | None) -> str:
    """20:00, in the hub's zone."""
    return DASH if at is None else at.astimezone(zone()).strftime("%H:%M")


def day(at: datetime | date | None) -> str:
    """11-23 周一 / 23 Nov Mon; the year only when it is not this one."""
    if at is None:
        return DASH
    on = at.astimezone(zone()).date() if isinstance(at, datetime) else at
    weekday = _WEEKDAYS[language()][on.weekday()]
    year = "" if on.year == datetime.now(UTC).astimezone(zone()).year else f"{on.year}-"
    return f"{year}{on:%m-%d} {weekday}"


def long_day(on: date) -> str:
    """2026-11-23 周一: the head of a page about one day."""
    return f"{on.isoformat()} {_WEEKDAYS[language()][on.weekday()]}"


def weekday_name(number: int) -> str:
    """1 → 周一 / Mon."""
    return _WEEKDAYS[language()][number - 1]


def exact(at: datetime) -> str:
    """The instant as programs write it, for hidden fields."""
    return written(at)


def long_day_of(at: datetime) -> str:
    """The same of an instant's day in the hub's zone."""
    return long_day(at.astimezone(zone()).date())


def second(at: datetime) -> str:
    """20:00:05, in the hub's zone."""
    return at.astimezone(zone()).strftime("%H:%M:%S")


def iso_day(at: datetime) -> str:
    """2026-11-23, in the hub's zone: for the fields of forms."""
    return at.astimezone(zone()).date().isoformat()


def local(at: datetime) -> str:
    """2026-11-23T20:00, in the hub's zone: for fields that take a day and a time."""
    return at.astimezone(zone()).strftime("%Y-%m-%dT%H:%M")


def moment(at: datetime | None) -> str:
    """11-23 20:00, in the hub's zone."""
    return DASH if at is None else f"{day(at).split(' ')[0]} {clock(at)}"


def to_the_second(at: datetime | None) -> str:
    """11-23 20:00:07, in the hub's zone: for logs, where many fall into a minute."""
    return DASH if at is None else f"{moment(at)}:{at.second:02d}"


def duration(minutes: int | float | timedelta | None) -> str:
    """95 → 1 h 35 min / 1 小时 35 分."""
    if minutes is None:
        return DASH
    total = int(minutes.total_seconds() // 60) if isinstance(minutes, timedelta) else int(minutes)
    hours, rest = divmod(total, 60)
    hour_word, minute_word = (" 小时", " 分") if language() == "zh" else (" h", " min")
    parts = [f"{hours}{hour_word}"] if hours else []
    if rest or not hours:
        parts.append(f"{rest}{minute_word}")
    return " ".join(parts)


def seconds(value: float | None) -> str:
    """0.012 → 12 ms, 3.4 → 3.4 s, 190 → 3 min: how long something took."""
    if value is None:
        return DASH
    if value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 100 else duration(timedelta(seconds=value))


def time_tag(at: datetime | None, form: Callable[[datetime | None], str] = moment) -> str:
    """A <time> element that also carries the exact instant."""
    if at is None:
        return DASH
    return Markup('<time datetime="{}">{}</time>').format(at.astimezone(UTC).isoformat(), form(at))


def span(starts_at: datetime | None, ends_at: datetime | None) -> str:
    """20:00–02:00, with +1 where it ends on the next day."""
    if starts_at is None or ends_at is None:
        return DASH
    over = (ends_at.astimezone(zone()).date() - starts_at.astimezone(zone()).date()).days
    later = Markup(" <small>+{}</small>").format(over) if over else ""
    return Markup("{}–{}{}").format(time_tag(starts_at, clock), time_tag(ends_at, clock), later)


def points_json(curve: Curve, currency: str = "CNY") -> str:
    """The curve's points for the chart script, in major units: [["11-23 20:00", 1299.0], …]."""
    minor = 10 ** exponent_of(currency)
    return json.dumps([[moment(point.at), point.fen / minor] for point in curve.points], ensure_ascii=False)


def marks_json(curve: Curve, marks: Sequence[Mark]) -> str:
    """What was explained when, for the chart script: [["11-23 20:00", "11-23 20:04", "Bag"], …]."""
    found = [(band_of(curve, mark.at, mark.until), mark) for mark in marks]
    told = [
        [moment(curve.points[band.first].at), moment(curve.points[band.last].at), named(mark) or mark.sku]
        for band, mark in found
        if band is not None
    ]
    return json.dumps(told, ensure_ascii=False)


def bands(curve: Curve, marks: Sequence[Mark]) -> list[Band]:
    """The marks beneath a curve, by time: of two that adjoin every other is drawn darker."""
    found = (band_of(curve, mark.at, mark.until) for mark in marks)
    return [band for band in found if band is not None]


def turns(curve: Curve, handovers: Sequence[HandoverView]) -> list[tuple[float, str]]:
    """Where a host handed over, from the left, and who to whom."""
    return [(place_of(curve, one.at)[1], _turn(one)) for one in handovers]


def turns_json(curve: Curve, handovers: Sequence[HandoverView]) -> str:
    """The same for the chart script: [["11-23 20:00", "小棠 → 小满"], …]."""
    told = [[moment(curve.points[place_of(curve, one.at)[0]].at), _turn(one)] for one in handovers]
    return json.dumps(told, ensure_ascii=False)


def _turn(one: HandoverView) -> str:
    return f"{called(one.left_name, one.left_name_en)} → {called(one.came_name, one.came_name_en)}"


def wall_second(at: datetime) -> str:
    """2026-11-23T20:00:07 in the hub's zone: the value of a field for date and time."""
    return at.astimezone(zone()).strftime("%Y-%m-%dT%H:%M:%S")


def signed(minor: int, currency: str) -> str:
    """+¥12.00, −¥3.00, ¥0.00: what was added or taken off."""
    return ("+" if minor > 0 else "−" if minor < 0 else "") + fen(abs(minor), currency)


def public(number: int | None, prefix: str) -> str:
    """An id as the outside knows it."""
    return DASH if number is None else ids.public(prefix, number)


def share(part: int | None, whole: int | None) -> str:
    """Width of a bar as an SVG length; empty when there is nothing to compare with."""
    if not part or not whole or part < 0:
        return "0%"
    return f"{min(Decimal(100), Decimal(part) * 100 / whole):.2f}%"


def lines(text: str) -> Markup:
    """Line breaks of a note, kept."""
    return Markup("<br>").join(escape(line) for line in text.splitlines())


_FILTERS: tuple[Callable[..., Any], ...] = (
    clock,
    count,
    day,
    dict,
    fen,
    fen_short,
    iso_day,
    local,
    duration,
    exact,
    lines,
    long_day,
    long_day_of,
    moment,
    named,
    called,
    names,
    times,
    people,
    points,
    points_json,
    marks_json,
    bands,
    turns,
    turns_json,
    signed,
    wall_second,
    public,
    rate,
    rows_of,
    second,
    seconds,
    share,
    weekday_name,
)


def register(app: Flask) -> None:
    """Give templates the filters."""
    app.jinja_env.filters.update({made.__name__: made for made in _FILTERS})
    app.jinja_env.globals.update(
        time=time_tag, to_the_second=to_the_second, span=span, zone=zone, language=language
    )
