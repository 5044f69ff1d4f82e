"""How figures, instants and words look on a page. None is always a dash, never a nought."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from flask import Flask, g
from flask_babel import get_locale
from markupsafe import Markup, escape

from campaign.insight.marks import Mark
from campaign.kit import ids
from campaign.kit.instants import written
from campaign.kit.money import exponent_of
from campaign.web.curves import Band, Curve, band_of

DASH = "—"
_DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")
_SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}
_WEEKDAYS = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


class Named(Protocol):
    """Anything with a name in Chinese and perhaps one in English."""

    @property
    def name(self) -> str: ...
    @property
    def name_en(self) -> str: ...


def zone() -> ZoneInfo:
    """The hub's zone, as the gate found it for this request."""
    found = g.get("hub_zone")
    return found if isinstance(found, ZoneInfo) else _DEFAULT_ZONE


def language() -> str:
    """`zh` or `en`."""
    return "en" if str(get_locale() or "zh_CN").startswith("en") else "zh"


def fen(amount: int | None, currency: str = "CNY") -> str:
    """129900 → ¥1,299.00; exact, for tables."""
    if amount is None:
        return DASH
    sign = "−" if amount < 0 else ""
    places = exponent_of(currency)
    return f"{sign}{_sign_of(currency)}{Decimal(abs(amount)).scaleb(-places):,.{places}f}"


def fen_short(amount: int | None, currency: str = "CNY") -> str:
    """12735300 → ¥12.7万 in Chinese, ¥127.4k in English: for tiles and the board."""
    if amount is None:
        return DASH
    value = Decimal(abs(amount)).scaleb(-exponent_of(currency))
    steps = [(10**8, "亿"), (10**4, "万")] if language() == "zh" else [(10**6, "M"), (10**3, "k")]
    sign = "−" if amount < 0 else ""
    for size, unit in steps:
        if value >= size:
            return f"{sign}{_sign_of(currency)}{_one_digit(value / size)}{unit}"
    return f"{sign}{_sign_of(currency)}{value.quantize(Decimal(1), ROUND_HALF_UP):,}"


def rate(per_ten_thousand: int | None) -> str:
    """3050 → 30.5%."""
    return DASH if per_ten_thousand is None else f"{Decimal(per_ten_thousand) / 100:.1f}%"


def times(hundredths: int | None) -> str:
    """425 → 4.25: how often something is contained in something."""
    return DASH if hundredths is None else f"{Decimal(hundredths) / 100:.2f}"


def points(per_ten_thousand: int) -> str:
    """600 → 6.0: a change of a rate, in points."""
    return f"{Decimal(per_ten_thousand) / 100:.1f}"


def count(number: int | None) -> str:
    """1640 → 1,640."""
    return DASH if number is None else f"{number:,}"


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


def named(thing: Named | None) -> str:
    """A party's name in the reader's language."""
    if thing is None:
        return DASH
    english = getattr(thing, "name_en", "")
    return english if language() == "en" and english else thing.name


def names(things: Iterable[Named]) -> str:
    """Several names, joined as the language does it; a dash for none."""
    return ("、" if language() == "zh" else ", ").join(named(thing) for thing in things) or DASH


def points_json(curve: Curve) -> str:
    """The curve's points for the chart script: [["11-23 20:00", 1299.0], …]."""
    return json.dumps([[moment(point.at), point.fen / 100] for point in curve.points], ensure_ascii=False)


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
    """The marks beneath a curve."""
    found = (band_of(curve, mark.at, mark.until) for mark in marks)
    return [band for band in found if band is not None]


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
    names,
    times,
    points,
    points_json,
    marks_json,
    bands,
    public,
    rate,
    second,
    seconds,
    share,
    weekday_name,
)


def register(app: Flask) -> None:
    """Give templates the filters."""
    app.jinja_env.filters.update({made.__name__: made for made in _FILTERS})
    app.jinja_env.globals.update(time=time_tag, span=span, zone=zone, language=language)


def _sign_of(currency: str) -> str:
    return _SIGNS.get(currency, f"{currency} ")


def _one_digit(value: Decimal) -> str:
    digits = value.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{digits:f}" if digits < 1000 and digits != digits.to_integral() else f"{digits:.0f}"
