"""Over a clock change: wall times as instants, days moved, shifts within, days of 23 and 25 hours. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.kit.instants import is_skipped, on_wall
from campaign.schedule import spans
from campaign.schedule.spans import LONGEST, SHORTEST, Span, board_day, board_day_of
from tests.zones import NIGHTS

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def wall(written: str) -> datetime:
    return datetime.fromisoformat(written)


def between(day: date, starts: str, ends: str, zone: ZoneInfo) -> Span:
    """From one clock to the next such clock."""
    first, last = time.fromisoformat(starts), time.fromisoformat(ends)
    return Span(
        on_wall(datetime.combine(day, first), zone),
        on_wall(datetime.combine(day + timedelta(days=last <= first), last), zone),
    )


def shown(span: Span, zone: ZoneInfo) -> str:
    return " – ".join(at.astimezone(zone).strftime("%d %H:%M %Z") for at in (span.starts_at, span.ends_at))


@pytest.mark.parametrize(
    ("at", "zone", "instant", "skipped"),
    [
        (wall("2026-10-25T02:30"), BERLIN, utc(2026, 10, 25, 0, 30), False),  # the first of two
        (wall("2026-10-25T03:00"), BERLIN, utc(2026, 10, 25, 2, 0), False),
        (wall("2027-03-28T02:30"), BERLIN, utc(2027, 3, 28, 1, 30), True),  # 03:30
        (wall("2027-03-28T03:00"), BERLIN, utc(2027, 3, 28, 1, 0), False),
        (wall("2026-11-01T01:30"), NEW_YORK, utc(2026, 11, 1, 5, 30), False),
        (wall("2027-03-14T02:00"), NEW_YORK, utc(2027, 3, 14, 7, 0), True),
        (wall("2026-10-25T02:30"), ZoneInfo("Asia/Shanghai"), utc(2026, 10, 24, 18, 30), False),
    ],
)
def test_a_wall_time_is_the_first_of_two_and_a_skipped_one_lies_behind_the_change(at, zone, instant, skipped):
    assert on_wall(at, zone) == instant
    assert is_skipped(at, zone) is skipped


@pytest.mark.parametrize(
    ("day", "hours", "to", "zone", "after"),
    [
        # Into the long night, out of it, into the short one, out of it: both ends keep their wall time.
        (date(2026, 10, 23), ("20:00", "03:30"), 1, BERLIN, "24 20:00 CEST – 25 03:30 CET"),
        (date(2026, 10, 24), ("20:00", "03:30"), 1, BERLIN, "25 20:00 CET – 26 03:30 CET"),
        (date(2026, 10, 24), ("20:00", "02:30"), 7, BERLIN, "31 20:00 CET – 01 02:30 CET"),
        (date(2027, 3, 26), ("20:00", "03:30"), 1, BERLIN, "27 20:00 CET – 28 03:30 CEST"),
        (date(2027, 3, 27), ("20:00", "03:30"), -7, BERLIN, "20 20:00 CET – 21 03:30 CET"),
        (date(2026, 10, 30), ("20:00", "02:30"), 1, NEW_YORK, "31 20:00 EDT – 01 02:30 EST"),
        (date(2027, 3, 13), ("23:00", "04:00"), 1, NEW_YORK, "14 23:00 EDT – 15 04:00 EDT"),
        # An end that is skipped: the length is kept.
        (date(2027, 3, 27), ("01:30", "02:30"), 1, BERLIN, "28 01:30 CET – 28 03:30 CEST"),
        (date(2027, 3, 27), ("02:15", "03:15"), 1, BERLIN, "28 03:15 CEST – 28 04:15 CEST"),
        # Nothing changes on other days.
        (date(2026, 10, 12), ("20:00", "02:30"), 3, BERLIN, "15 20:00 CEST – 16 02:30 CEST"),
    ],
)
def test_a_move_by_days_keeps_both_ends_wall_time(day, hours, to, zone, after):
    assert shown(spans.moved_days(between(day, *hours, zone), to, zone), zone) == after


def test_a_whole_day_stays_a_day_where_the_wall_would_make_it_longer():
    before = between(date(2026, 10, 20), "20:00", "20:00", BERLIN)
    assert shown(spans.moved_days(before, 4, BERLIN), BERLIN) == "24 20:00 CEST – 25 19:00 CET"


def test_the_same_hour_twice_keeps_its_length_where_it_comes_once_and_its_place_on_its_own_day():
    twice = Span(utc(2026, 10, 25, 0, 15), utc(2026, 10, 25, 1, 15))  # 02:15 summer to 02:15 winter
    assert spans.moved_days(twice, 1, BERLIN) == Span(utc(2026, 10, 26, 1, 15), utc(2026, 10, 26, 2, 15))
    second = Span(utc(2026, 10, 25, 1, 30), utc(2026, 10, 25, 3, 0))
    assert spans.moved_days(second, 0, BERLIN) == second


def test_a_shift_within_keeps_its_wall_time_as_its_session_does():
    before = between(date(2026, 10, 24), "20:00", "05:00", BERLIN)  # ten hours
    after = spans.moved_days(before, 1, BERLIN)  # nine
    late = Span(on_wall(wall("2026-10-25T03:30"), BERLIN), before.ends_at)
    early = Span(before.starts_at, late.starts_at)
    assert shown(spans.moved_shift(late, before, after, BERLIN), BERLIN) == "26 03:30 CET – 26 05:00 CET"
    assert shown(spans.moved_shift(early, before, after, BERLIN), BERLIN) == "25 20:00 CET – 26 03:30 CET"


def test_a_shift_is_shifted_by_the_clock_where_its_session_keeps_its_length():
    before = between(date(2026, 10, 24), "20:00", "05:00", BERLIN)
    after = Span(before.starts_at + timedelta(days=1), before.ends_at + timedelta(days=1))
    shift = Span(before.starts_at + timedelta(hours=2), before.ends_at)
    assert spans.moved_shift(shift, before, after, BERLIN) == Span(
        after.starts_at + timedelta(hours=2), after.ends_at
    )


@given(
    st.sampled_from(NIGHTS), st.integers(-3, 3), st.integers(0, 287), st.integers(1, 288), st.integers(-9, 9)
)
def test_whatever_is_moved_by_days_stays_a_session_and_comes_back(night, near, slot, slots, days):
    zone = ZoneInfo(night.zone)
    start = on_wall(datetime.combine(night.day + timedelta(days=near), time(0)), zone)
    before = Span(
        start + timedelta(minutes=5 * slot),
        start + timedelta(minutes=5 * slot) + 5 * slots * timedelta(minutes=1),
    )
    after = spans.moved_days(before, days, zone)
    assert SHORTEST <= after.length <= LONGEST
    assert abs(after.length - before.length) <= timedelta(hours=1)
    walls = [
        at.astimezone(zone).replace(tzinfo=None, fold=0)
        for at in (before.starts_at, before.ends_at, after.starts_at, after.ends_at)
    ]
    if not any(is_skipped(one + timedelta(days=days), zone) for one in walls[:2]):
        assert walls[2] == walls[0] + timedelta(days=days)
        assert after.length == before.length or walls[3] == walls[1] + timedelta(days=days)


@pytest.mark.parametrize("night", NIGHTS, ids=str)
def test_the_board_day_of_a_changing_night_has_that_many_hours_and_each_instant_one_day(night):
    zone = ZoneInfo(night.zone)
    eve = night.day - timedelta(days=1)
    starts_at, ends_at = board_day(eve, zone)
    assert ends_at - starts_at == timedelta(hours=24 + night.longer)
    assert board_day(eve - timedelta(days=1), zone)[1] == starts_at
    assert board_day(night.day, zone)[0] == ends_at
    at = starts_at
    while at < ends_at:
        assert board_day_of(at, zone) == eve
        at += timedelta(minutes=5)
    assert board_day_of(ends_at, zone) == night.day
