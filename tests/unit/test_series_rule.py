"""Rules of series: their dates against dates counted by hand, their times against minutes walked one by one."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.schedule.series import rule, times

MONDAY = date(2026, 11, 23)
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York")
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def dates(written, first_on=MONDAY):
    found, until_on = rule.read(written, first_on)
    return [day.isoformat()[5:] for day in found.dates(first_on, until_on)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("FREQ=DAILY;COUNT=3", ["11-23", "11-24", "11-25"]),
        ("FREQ=DAILY;INTERVAL=3;UNTIL=20261130", ["11-23", "11-26", "11-29"]),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4", ["11-23", "11-25", "11-30", "12-02"]),
        ("freq=weekly;interval=2;byday=su;count=2", ["11-29", "12-13"]),
        ("FREQ=WEEKLY;UNTIL=20261207T000000Z", ["11-23", "11-30", "12-07"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", ["12-31", "01-31", "03-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", ["11-30", "12-31", "01-31"]),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", ["11-27", "12-25"]),
        ("FREQ=MONTHLY;BYDAY=2SA,4SA;COUNT=3", ["11-28", "12-12", "12-26"]),
    ],
)
def test_dates_of_a_rule(written, expected):
    assert dates(written) == expected


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", "series_rule"),
        ("FREQ=HOURLY;COUNT=2", "series_rule"),
        ("FREQ=DAILY;COUNT=2;COUNT=3", "series_rule"),
        ("FREQ=DAILY;COUNT=0", "series_rule"),
        ("FREQ=DAILY;COUNT=2.5", "series_rule"),
        ("FREQ=DAILY;INTERVAL=0;COUNT=2", "series_rule"),
        ("FREQ=DAILY;COUNT=²", "series_rule"),
        ("FREQ=WEEKLY;BYDAY=XX;COUNT=2", "series_rule"),
        ("FREQ=WEEKLY;BYDAY=1MO;COUNT=2", "series_rule"),
        ("FREQ=DAILY;BYMONTHDAY=1;COUNT=2", "series_rule"),
        ("FREQ=WEEKLY;WKST=SU;COUNT=2", "series_rule"),
        ("FREQ=DAILY;UNTIL=20261340", "series_rule"),
        ("FREQ=DAILY;BYSETPOS=1;COUNT=2", "series_rule"),
        ("FREQ=DAILY", "series_end"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20261201", "series_end"),
        ("FREQ=DAILY;UNTIL=20261122", "series_empty"),
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31;COUNT=1", "series_empty"),
        ("FREQ=WEEKLY;COUNT=60", "series_too_long"),
        ("FREQ=DAILY;UNTIL=20280101", "series_too_long"),
        ("FREQ=DAILY;UNTIL=20271001", "series_too_many"),
    ],
)
def test_what_is_not_taken(written, code):
    with pytest.raises(rule.BadRule) as caught:
        rule.read(written, MONDAY)
    assert caught.value.code == code


@given(
    start=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    interval=st.integers(1, 9),
    days=st.sets(st.integers(0, 6), min_size=1),
    count=st.integers(1, 20),
)
def test_weekly_dates_are_those_found_by_walking_the_days(start, interval, days, count):
    written = (
        f"FREQ=WEEKLY;INTERVAL={interval};BYDAY={','.join(_WEEKDAYS[one] for one in days)};COUNT={count}"
    )
    week = start - timedelta(days=start.weekday())
    walked = [
        day
        for day in (start + timedelta(days=number) for number in range(367))
        if day.weekday() in days and (day - week).days // 7 % interval == 0
    ]
    if len(walked) < count:
        with pytest.raises(rule.BadRule):
            rule.read(written, start)
        return
    found, until_on = rule.read(written, start)
    assert found.dates(start, until_on) == walked[:count]


@given(text=st.text(st.sampled_from("FREQ=DAILYWKMONTHB;,0123456789-+ntervalué²"), max_size=60))
def test_any_text_is_a_rule_or_a_fault(text):
    try:
        found, until_on = rule.read(text, MONDAY)
    except rule.BadRule:
        return
    assert rule.read(f"{found};UNTIL={until_on:%Y%m%d}", MONDAY) == (found, until_on)


def walls(zone, day):
    """Minute on the wall → the first instant that shows it, for the day and the one after, by walking all minutes."""
    shown = {}
    at = datetime.combine(day, time(0), UTC) - timedelta(days=1)
    for _ in range(4 * 24 * 60):
        shown.setdefault(at.astimezone(zone).strftime("%Y-%m-%d %H:%M"), at)
        at += timedelta(minutes=1)
    return shown


# The nights of a clock change and those beside them, and one without.
_DAYS = [
    date(2026, 10, 24),
    date(2026, 10, 25),
    date(2026, 10, 31),
    date(2026, 11, 1),
    date(2027, 3, 13),
    date(2027, 3, 14),
    date(2027, 3, 27),
    date(2027, 3, 28),
    date(2026, 7, 1),
]
_WALKED = {(name, day): walls(ZoneInfo(name), day) for name in ZONES for day in _DAYS}
_CLOCK = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))


@settings(max_examples=300)
@given(zone=st.sampled_from(ZONES), day=st.sampled_from(_DAYS), starts=_CLOCK, ends=_CLOCK)
def test_both_ends_are_what_the_clock_shows_also_over_a_change(zone, day, starts, ends):
    span = times.span_on(day, starts, ends, ZoneInfo(zone))
    last = day if ends > starts else day + timedelta(days=1)
    shown = _WALKED[zone, day]
    first = shown.get(f"{day} {starts:%H:%M}")
    until = shown.get(f"{last} {ends:%H:%M}")
    nominal = times.length_of(starts, ends)
    if first is not None:
        assert span.starts_at == first
    else:
        # Skipped by the clocks: as far behind the change as it would have lain, an hour later on the wall.
        hour = (datetime.combine(day, starts) + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M")
        assert span.starts_at == shown[hour]
    if first is None or until is None or not timedelta(minutes=5) <= until - first <= timedelta(hours=24):
        assert span.length == nominal
    else:
        assert span.ends_at == until


def test_an_evening_of_the_change_is_an_hour_longer_or_shorter():
    def hours(zone, day):
        return times.span_on(day, time(20), time(3), ZoneInfo(zone)).length / timedelta(hours=1)

    assert [hours("Europe/Berlin", date(2026, 10, 24)), hours("Europe/Berlin", date(2027, 3, 27))] == [8, 6]
    assert [hours("America/New_York", date(2026, 10, 31)), hours("America/New_York", date(2027, 3, 13))] == [
        8,
        6,
    ]
    assert hours("Asia/Shanghai", date(2026, 10, 24)) == 7
