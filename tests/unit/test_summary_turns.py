"""When summaries are due and of which days they tell, worked by hand and over any turns."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.insight.turns import LONGEST_DAYS, days_before, next_turn, told_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
NINE = time(9)


def at(month: int, day: int, hour: int, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("every", "day", "span"),
    [
        ("day", date(2026, 3, 1), (date(2026, 2, 28), date(2026, 2, 28))),
        ("week", date(2026, 11, 23), (date(2026, 11, 16), date(2026, 11, 22))),
        ("week", date(2026, 11, 29), (date(2026, 11, 16), date(2026, 11, 22))),
        ("month", date(2026, 3, 1), (date(2026, 2, 1), date(2026, 2, 28))),
        ("month", date(2026, 1, 31), (date(2025, 12, 1), date(2025, 12, 31))),
    ],
)
def test_it_tells_of_the_last_whole_day_week_or_month(every, day, span):
    assert days_before(every, day) == span


@pytest.mark.parametrize(
    ("every", "after", "due"),
    [
        ("day", at(11, 23, 8, 59), at(11, 23, 9)),
        ("day", at(11, 23, 9), at(11, 24, 9)),
        ("week", at(11, 23, 8, 59), at(11, 23, 9)),  # a Monday
        ("week", at(11, 23, 9), at(11, 30, 9)),
        ("month", at(12, 1, 9), at(1, 1, 9, year=2027)),
        ("month", at(1, 31, 23), at(2, 1, 9)),
    ],
)
def test_the_next_turn_is_past_the_moment(every, after, due):
    assert next_turn(every, NINE, after, SHANGHAI) == due


def test_a_time_that_clocks_skip_is_still_one_turn_that_day():
    berlin = ZoneInfo("Europe/Berlin")
    before = datetime(2026, 3, 29, 0, 0, tzinfo=berlin)
    due = next_turn("day", time(2, 30), before, berlin)
    assert due == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert next_turn("day", time(2, 30), due, berlin) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


def test_one_in_time_is_not_late_and_missed_days_are_told_together():
    due = at(11, 20, 9)
    assert told_of("day", NINE, due, due, SHANGHAI) == ((date(2026, 11, 19), date(2026, 11, 19)), False)
    later = told_of("day", NINE, due, at(11, 23, 9), SHANGHAI)
    assert later == ((date(2026, 11, 19), date(2026, 11, 22)), True)
    (first, last), late = told_of("day", NINE, at(1, 1, 9, year=2020), due, SHANGHAI)
    assert ((last - first).days + 1, last, late) == (LONGEST_DAYS, date(2026, 11, 19), True)


@given(
    every=st.sampled_from(["day", "week", "month"]),
    wall=st.times(),
    start=st.integers(0, 3 * 365 * 24 * 60),
    waits=st.lists(st.integers(0, 20 * 24), min_size=1, max_size=12),
    zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York"]),
)
def test_whatever_stands_still_every_day_is_told_exactly_once(every, wall, start, waits, zone):
    """The ranges of what is sent follow on each other without a gap and without a day twice."""
    here, now, ends = ZoneInfo(zone), datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=start), None
    wall = wall.replace(second=0, microsecond=0, tzinfo=None)
    due = next_turn(every, wall, now, here)
    for hours in waits:
        now += timedelta(hours=hours)
        if due > now:
            continue
        (first, last), _late = told_of(every, wall, due, now, here)
        assert first <= last
        assert ends is None or first == ends + timedelta(days=1)
        ends, due = last, next_turn(every, wall, now, here)
        assert due > now
