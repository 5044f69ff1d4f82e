"""The days the trade plans by, year by year. Pure; a hub moves, hides or adds what it sees otherwise.

Sales festivals by their usual pre-sale to last day; platforms announce the exact days each year. The Xinji leather fair
opened on 27 or 28 September in the years looked up (2011, 2014) and lasts three to four days.
"""

from dataclasses import dataclass
from datetime import date, timedelta

# First day of the lunar year, which no rule of the solar calendar gives.
NEW_YEAR = {
    2025: date(2025, 1, 29),
    2026: date(2026, 2, 17),
    2027: date(2027, 2, 6),
    2028: date(2028, 1, 26),
    2029: date(2029, 2, 13),
    2030: date(2030, 2, 3),
    2031: date(2031, 1, 23),
    2032: date(2032, 2, 11),
    2033: date(2033, 1, 31),
    2034: date(2034, 2, 19),
    2035: date(2035, 2, 8),
}


@dataclass(frozen=True)
class Usual:
    """A day that comes each year: month and day of its first and last."""

    code: str
    kind: str
    name: str
    name_en: str
    first: tuple[int, int]
    last: tuple[int, int]


USUAL = (
    Usual("womens_day", "platform", "三八焕新周", "Women's Day sales", (3, 4), (3, 8)),
    Usual("labour_day", "holiday", "五一假期", "Labour Day holiday", (5, 1), (5, 5)),
    Usual("six_eighteen", "platform", "618 大促", "618 sales", (5, 20), (6, 18)),
    Usual("xinji_fair", "fair", "辛集皮革博览会", "Xinji leather fair", (9, 27), (9, 30)),
    Usual("national_day", "holiday", "国庆假期", "National Day holiday", (10, 1), (10, 7)),
    Usual("double_eleven", "platform", "双十一", "Double 11", (10, 14), (11, 11)),
    Usual("double_twelve", "platform", "双十二", "Double 12", (12, 8), (12, 12)),
)


@dataclass(frozen=True)
class Day:
    """One entry of a year's calendar, both days in. own: the hub set or moved it."""

    code: str | None
    kind: str
    name: str
    name_en: str
    starts_on: date
    ends_on: date
    own: bool = False
    hidden: bool = False
    id: int | None = None


def built_in(year: int) -> list[Day]:
    """The table's days that begin in a year; of goods festivals there may be none in it, or two."""
    days = [
        Day(one.code, one.kind, one.name, one.name_en, date(year, *one.first), date(year, *one.last))
        for one in USUAL
    ]
    spring = NEW_YEAR.get(year)
    if spring is not None:
        days.append(
            Day("spring_festival", "holiday", "春节", "Spring Festival", spring, spring + timedelta(days=6))
        )
    # The goods festival runs for the four weeks before; it may begin in the year before the lunar one.
    for code, lunar in (("new_year_goods", spring), ("next_new_year_goods", NEW_YEAR.get(year + 1))):
        if lunar is not None and (starts_on := lunar - timedelta(days=28)).year == year:
            ends_on = lunar - timedelta(days=5)
            days.append(Day(code, "platform", "年货节", "New Year goods festival", starts_on, ends_on))
    return days


def calendar(year: int, kept: list[Day]) -> list[Day]:
    """A year as the hub sees it: the table's days unless `kept` holds one of the same code, and the hub's own."""
    replaced = {day.code for day in kept}
    days = [day for day in built_in(year) if day.code not in replaced] + kept
    return sorted(days, key=lambda day: (day.starts_on, day.ends_on, day.name))
