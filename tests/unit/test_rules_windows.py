"""Windows of time: weekly rules and dated exceptions, over midnight and over changes of the clocks."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.schedule.spans import Span
from campaign.schedule.windows import Dated, Shut, Weekly, Windows, occurrences

SHANGHAI, BERLIN, NEW_YORK = (
    ZoneInfo("Asia/Shanghai"),
    ZoneInfo("Europe/Berlin"),
    ZoneInfo("America/New_York"),
)


def at(zone: ZoneInfo, *parts: int) -> datetime:
    return datetime(*parts, tzinfo=zone).astimezone(UTC)


def days(zone: ZoneInfo, first: tuple[int, int, int], last: tuple[int, int, int]) -> Span:
    return Span(at(zone, *first), at(zone, *last))


@pytest.mark.parametrize("zone", [SHANGHAI, BERLIN, NEW_YORK])
def test_a_weekly_window_may_run_past_midnight(zone):
    rule = Weekly(5, time(20), time(2))
    friday = days(zone, (2026, 11, 13), (2026, 11, 14))
    saturday = days(zone, (2026, 11, 14), (2026, 11, 15))
    whole = Span(at(zone, 2026, 11, 13, 20), at(zone, 2026, 11, 14, 2))
    assert list(occurrences(rule, friday, zone)) == [whole]
    assert list(occurrences(rule, saturday, zone)) == [whole]  # reaches in from the evening before
    assert list(occurrences(rule, days(zone, (2026, 11, 15), (2026, 11, 16)), zone)) == []


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, (2026, 3, 29), 5),  # 02:00 becomes 03:00
        (BERLIN, (2026, 10, 25), 7),  # 03:00 becomes 02:00
        (NEW_YORK, (2026, 3, 8), 5),
        (NEW_YORK, (2026, 11, 1), 7),
        (SHANGHAI, (2026, 3, 29), 6),
    ],
)
def test_wall_times_hold_when_the_clocks_change(zone, day, hours):
    rule = Weekly(7, time(0), time(6))
    noon = at(zone, *day, 12)
    (found,) = occurrences(rule, Span(noon - timedelta(hours=12), noon), zone)
    assert found.length == timedelta(hours=hours)
    assert found.ends_at.astimezone(zone).time() == time(6)


def test_a_day_round_is_written_with_the_same_time_twice():
    (found,) = occurrences(Weekly(7, time(0), time(0)), days(BERLIN, (2026, 10, 25), (2026, 10, 26)), BERLIN)
    assert found.length == timedelta(hours=25)


def test_leave_beats_an_extra_day_which_beats_the_week():
    within = days(SHANGHAI, (2026, 11, 9), (2026, 11, 10))  # a Monday
    tuesdays = [Weekly(2, time(9), time(18))]
    assert Windows(tuesdays).shut(within, SHANGHAI) == [Shut(within, False)]
    extra = Dated(Span(at(SHANGHAI, 2026, 11, 9, 12), at(SHANGHAI, 2026, 11, 9, 18)), shut=False)
    leave = Dated(Span(at(SHANGHAI, 2026, 11, 9, 16), at(SHANGHAI, 2026, 11, 10, 16)), reason="病假")
    found = Windows(tuesdays, [extra, leave]).shut(within, SHANGHAI)
    assert found == [
        Shut(Span(within.starts_at, extra.span.starts_at), False),
        Shut(Span(leave.span.starts_at, within.ends_at), True, "病假"),
        Shut(Span(extra.span.ends_at, within.ends_at), False),
    ]


def test_a_weekly_closure_gives_way_to_a_dated_opening():
    within = days(SHANGHAI, (2026, 11, 9), (2026, 11, 10))
    cleaning = Weekly(1, time(8), time(12), shut=True)
    opened = Dated(Span(at(SHANGHAI, 2026, 11, 9, 9), at(SHANGHAI, 2026, 11, 9, 10)), shut=False)
    spans = [one.span for one in Windows([cleaning], [opened]).shut(within, SHANGHAI)]
    assert spans == [
        Span(at(SHANGHAI, 2026, 11, 9, 8), at(SHANGHAI, 2026, 11, 9, 9)),
        Span(at(SHANGHAI, 2026, 11, 9, 10), at(SHANGHAI, 2026, 11, 9, 12)),
    ]


_WEEKLY = st.builds(
    Weekly,
    weekday=st.integers(1, 7),
    from_time=st.builds(time, st.integers(0, 23), st.sampled_from([0, 30])),
    to_time=st.builds(time, st.integers(0, 23), st.sampled_from([0, 30])),
    shut=st.booleans(),
)


@given(
    weekly=st.lists(_WEEKLY, max_size=6),
    zone=st.sampled_from([SHANGHAI, BERLIN, NEW_YORK]),
    hour=st.integers(0, 8700),
)
def test_what_is_shut_lies_within_and_agrees_with_the_wall_clock(weekly, zone, hour):
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour)
    within = Span(start, start + timedelta(days=2))
    shut = Windows(weekly).shut(within, zone)
    assert all(within.holds(one.span) for one in shut)
    moment = within.starts_at + timedelta(hours=1)
    tiny = Span(moment, moment + timedelta(microseconds=1))
    spans = [(rule, span) for rule in weekly for span in occurrences(rule, within, zone)]
    is_open = not any(not rule.shut for rule in weekly) or any(
        span.holds(tiny) for rule, span in spans if not rule.shut
    )
    closed = any(span.holds(tiny) for rule, span in spans if rule.shut)
    assert any(one.span.holds(tiny) for one in shut) == (closed or not is_open)
