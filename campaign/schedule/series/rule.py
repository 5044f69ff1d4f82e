"""Recurrence rules (RFC 5545) as far as a livestream plan needs them: which dates a series has. Pure."""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, Literal

from dateutil import rrule

MOST_DATES = 200
"""Dates of one series: booked all at once, in one transaction."""
LONGEST = timedelta(days=366)
"""From the first date to the last."""

_FREQUENCIES: dict[str, Literal[1, 2, 3]] = {
    "DAILY": rrule.DAILY,
    "WEEKLY": rrule.WEEKLY,
    "MONTHLY": rrule.MONTHLY,
}
_WEEKDAYS = {name: getattr(rrule, name) for name in ("MO", "TU", "WE", "TH", "FR", "SA", "SU")}
_PARTS = ("FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "COUNT", "UNTIL", "WKST")
_BY_DAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)\Z", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,3}\Z", re.ASCII)
_UNTIL = re.compile(r"(\d{8})(?:T\d{6}Z?)?\Z", re.ASCII)
_LONGEST_TEXT = 200


class BadRule(ValueError):
    """A rule that is none, or more than is taken. `code` names the fault, `params` go with its words."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(frozen=True)
class Rule:
    """A rule without its end: FREQ, INTERVAL, BYDAY, BYMONTHDAY, written as RFC 5545 does."""

    frequency: str
    interval: int = 1
    by_day: tuple[str, ...] = ()
    by_month_day: tuple[int, ...] = ()

    def __str__(self) -> str:
        parts = [f"FREQ={self.frequency}"]
        parts += [f"INTERVAL={self.interval}"] if self.interval > 1 else []
        parts += [f"BYDAY={','.join(self.by_day)}"] if self.by_day else []
        parts += [f"BYMONTHDAY={','.join(map(str, self.by_month_day))}"] if self.by_month_day else []
        return ";".join(parts)

    def every(self, first_on: date, until_on: date) -> Iterator[date]:
        """Its dates in [first_on, until_on], counted from first_on, one after the other."""
        found = rrule.rrule(
            _FREQUENCIES[self.frequency],
            dtstart=datetime.combine(first_on, time(0)),
            interval=self.interval,
            wkst=rrule.MO,
            byweekday=[_weekday(name) for name in self.by_day] or None,
            bymonthday=list(self.by_month_day) or None,
            until=datetime.combine(until_on, time(0)),
        )
        return (at.date() for at in found)

    def dates(self, first_on: date, until_on: date) -> list[date]:
        """All of them. Raises BadRule for more than MOST_DATES; first_on may be none of them."""
        days = list(islice(self.every(first_on, until_on), MOST_DATES + 1))
        if len(days) > MOST_DATES:
            raise BadRule("series_too_many", most=MOST_DATES)
        return days


def read(written: str, first_on: date) -> tuple[Rule, date]:
    """A rule and the last date it may have. COUNT counts from first_on, and becomes that date.

    Raises BadRule for all that is not FREQ=DAILY, WEEKLY or MONTHLY with INTERVAL, BYDAY, BYMONTHDAY and either COUNT
    or UNTIL (a date, counted in), for rules without a date, and for ends more than a year away.
    """
    parts = _parts(written)
    rule = Rule(
        _one_of(parts, "FREQ", _FREQUENCIES),
        _number(parts.get("INTERVAL", "1"), 1, 99),
        _by_day(parts),
        _by_month_day(parts),
    )
    if parts.get("WKST", "MO") != "MO" or ("COUNT" in parts) == ("UNTIL" in parts):
        raise BadRule("series_end" if parts.get("WKST", "MO") == "MO" else "series_rule")
    if "UNTIL" in parts:
        until_on = _until(parts["UNTIL"])
        if until_on > first_on + LONGEST:
            raise BadRule("series_too_long", days=LONGEST.days)
        if not rule.dates(first_on, until_on):
            raise BadRule("series_empty")
        return rule, until_on
    count = _number(parts["COUNT"], 1, MOST_DATES)
    days = list(islice(rule.every(first_on, first_on + LONGEST), count))
    if not days:
        raise BadRule("series_empty")
    if len(days) < count:
        raise BadRule("series_too_long", days=LONGEST.days)
    return rule, days[-1]


def _parts(written: str) -> dict[str, str]:
    text = written.strip().upper().removeprefix("RRULE:")
    if not text or len(text) > _LONGEST_TEXT or not text.isascii():
        raise BadRule("series_rule")
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not equals or name not in _PARTS or name in found:
            raise BadRule("series_rule")
        found[name] = value
    return found


def _one_of(parts: dict[str, str], name: str, known: Container[str]) -> str:
    if parts.get(name) not in known:
        raise BadRule("series_rule")
    return parts[name]


def _number(text: str, least: int, most: int) -> int:
    if not _NUMBER.match(text) or not least <= int(text) <= most:
        raise BadRule("series_rule")
    return int(text)


def _by_day(parts: dict[str, str]) -> tuple[str, ...]:
    if "BYDAY" not in parts:
        return ()
    names = parts["BYDAY"].split(",")
    matches = [_BY_DAY.match(name) for name in names]
    numbered = any(match is not None and match[1] for match in matches)
    if not all(matches) or len(set(names)) != len(names) or (numbered and parts.get("FREQ") != "MONTHLY"):
        raise BadRule("series_rule")
    return tuple(name.removeprefix("+") for name in names)


def _by_month_day(parts: dict[str, str]) -> tuple[int, ...]:
    if "BYMONTHDAY" not in parts:
        return ()
    days = [_number(text, -31, 31) for text in parts["BYMONTHDAY"].split(",")]
    if 0 in days or len(set(days)) != len(days) or parts.get("FREQ") != "MONTHLY":
        raise BadRule("series_rule")
    return tuple(days)


def _until(text: str) -> date:
    match = _UNTIL.match(text)
    try:
        return date.fromisoformat(match[1] if match else "")
    except ValueError:
        raise BadRule("series_rule") from None


def _weekday(name: str) -> Any:
    match = _BY_DAY.match(name)
    if match is None:
        raise BadRule("series_rule")
    return _WEEKDAYS[match[2]](int(match[1])) if match[1] else _WEEKDAYS[match[2]]
