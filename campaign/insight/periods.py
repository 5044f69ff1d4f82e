"""Which periods are compared, and at which age of their orders. Pure."""

from datetime import date, timedelta

AGES = (0, 7, 15, 30, 45)
"""Periods are compared at one of these ages in days: young sessions always look better than old ones."""

Period = tuple[date, date]
"""Business days, both in."""


def equal_age(last: date, today: date, wanted: int | None = None) -> int:
    """The age that was asked for where the whole period has reached it, else the greatest of AGES that it has.

    The day of that age is over: while it runs, more comes back of this period, and nothing of the one before.
    Nobody asked: no more than 15 days, by when most of what comes back has come.
    """
    reached = (today - last).days - 1
    if wanted is not None and wanted <= max(0, reached):
        return wanted
    most = 15 if wanted is None else reached
    return max((age for age in AGES if age <= min(reached, most)), default=0)


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
