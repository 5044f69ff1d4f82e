"""When a summary is due, and of which days it then tells. Pure."""

from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from campaign.insight.periods import Period
from campaign.kit.instants import business_day, on_wall

Every = Literal["day", "week", "month"]

LONGEST_DAYS = 366
"""What was missed over longer is told of its last year alone."""


def days_before(every: Every, day: date) -> Period:
    """The last whole day, week (Monday to Sunday) or month that was over when `day` began."""
    last = _begin(every, day) - timedelta(days=1)
    return _begin(every, last), last


def next_turn(every: Every, at: time, after: datetime, zone: ZoneInfo) -> datetime:
    """The first moment past `after` at which clocks show `at` on a day, a Monday or the first of a month."""
    day = _begin(every, business_day(after, zone))
    while (moment := on_wall(datetime.combine(day, at), zone)) <= after:
        # 32 days on lies in the next month, 8 in the next week, from any beginning.
        day = _begin(every, day + timedelta(days={"day": 1, "week": 8, "month": 32}[every]))
    return moment


def told_of(every: Every, at: time, due: datetime, now: datetime, zone: ZoneInfo) -> tuple[Period, bool]:
    """The days that one summary sent now tells of, and whether it is late: a later turn has passed as well.

    What stood still over several turns is told once, from the first day that was missed to the last.
    """
    latest = due
    while (coming := next_turn(every, at, latest, zone)) <= now:
        latest = coming
    first = days_before(every, business_day(due, zone))[0]
    last = days_before(every, business_day(latest, zone))[1]
    return (max(first, last - timedelta(days=LONGEST_DAYS - 1)), last), latest != due


def _begin(every: Every, day: date) -> date:
    if every == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if every == "month" else day
