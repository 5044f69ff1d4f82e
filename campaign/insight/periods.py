"""Which periods are compared, and at which age of their orders. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta

AGES = (0, 7, 15, 30, 45)
"""Periods are compared at one of these ages in days: young sessions always look better than old ones."""

Period = tuple[date, date]
"""Business days, both in."""


@dataclass(frozen=True)
class Compared:
    """Days that are held beside each other, and the age of their orders at which they are; None by cash.

    ages: those of AGES that the last of these days has reached. cut: days that are not over were left out.
    """

    now: Period
    before: Period
    year_before: Period
    age: int | None
    ages: tuple[int, ...]
    cut: bool


def compared_days(
    first: date, last: date, today: date, wanted: int | None, *, aged: bool = True
) -> Compared | None:
    """What of a period is compared, with the same part of the one before it and of the year before.

    Only days that are over: a day that runs is less than any that has run, at whatever age. None where none is over.
    """
    over = min(last, today - timedelta(days=1))
    if over < first:
        return None
    begin, _end = before(first, last)
    return Compared(
        now=(first, over),
        # From its beginning on, so that the same days of the week, or of the month, stand beside each other.
        before=(begin, begin + (over - first)),
        year_before=year_before(first, over),
        age=equal_age(over, today, wanted) if aged else None,
        ages=tuple(age for age in AGES if age <= _reached(over, today)) if aged else (),
        cut=over < last,
    )


def equal_age(last: date, today: date, wanted: int | None = None) -> int:
    """The age that was asked for where the whole period has reached it, else the greatest of AGES that it has.

    last: a day that is over. Nobody asked: no more than 15 days, by when most of what comes back has come.
    """
    reached = _reached(last, today)
    if wanted is not None and wanted <= reached:
        return wanted
    most = 15 if wanted is None else reached
    return max(age for age in AGES if age <= min(reached, most))


def _reached(last: date, today: date) -> int:
    """The day of that age is over: while it runs, more comes back of this period, and nothing of the one before."""
    return (today - last).days - 1


def before(first: date, last: date) -> Period:
    """The period of the same length that ends the day before."""
    length = last - first + timedelta(days=1)
    return first - length, first - timedelta(days=1)


def year_before(first: date, last: date) -> Period:
    """The same dates a year earlier; 29 February becomes the 28th."""
    return _year_earlier(first), _year_earlier(last)


def _year_earlier(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)
