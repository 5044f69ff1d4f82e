"""When people are told: reminders, deadlines, arrivals, and who is off air. Plain values, no database."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.live import reminding
from campaign.live.reminding import OnAir

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
END = START + timedelta(hours=3)


def before(**span: float) -> datetime:
    return START - timedelta(**span)


def due(now: datetime) -> list[str]:
    return [
        step.name for step, after, until in reminding.windows(now) if after < START <= until and now < START
    ]


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (before(hours=24, seconds=1), []),
        (before(hours=24), ["day"]),
        (before(hours=22, seconds=1), ["day"]),
        (before(hours=22), []),
        (before(hours=1, seconds=1), []),
        (before(hours=1), ["hour"]),
        (before(minutes=30), []),
        (before(minutes=15, seconds=1), []),
        (before(minutes=15), ["quarter"]),
        (before(seconds=1), ["quarter"]),
        (START, []),
        (START + timedelta(minutes=1), []),
    ],
)
def test_a_reminder_has_a_time_and_is_never_told_long_after_it(now, told):
    assert due(now) == told


def test_a_reminder_is_worth_reading_until_the_next_or_the_start():
    ends = [START - reminding.useful_until(step, START) for step in reminding.STEPS]
    assert ends == [timedelta(hours=1), timedelta(minutes=15), timedelta(0)]


@pytest.mark.parametrize(
    ("swept_at", "now", "missed"),
    [
        # Ten minutes out, back before the start: the reminder is told late and not missed.
        (before(minutes=16), before(minutes=6), False),
        (before(minutes=16), START, True),
        (before(minutes=14), START, False),
        (before(minutes=15), START + timedelta(minutes=1), False),
    ],
)
def test_the_last_reminder_is_missed_when_the_clock_stood_still_until_the_start(swept_at, now, missed):
    assert reminding.was_missed(START, swept_at, now) is missed


def test_an_answer_is_asked_for_two_hours_before_or_at_half_of_a_short_time():
    assert reminding.soon_due_at(before(days=2), START) == before(hours=2)
    assert reminding.soon_due_at(before(hours=1), START) == before(minutes=30)


@pytest.mark.parametrize(
    ("state", "now", "awaited"),
    [
        ("accepted", before(minutes=31), False),
        ("accepted", before(minutes=30), True),
        ("ready", START + timedelta(minutes=14), True),
        ("ready", START + timedelta(minutes=15), False),
        ("live", before(minutes=5), True),  # an earlier shift is on, this one comes
        ("live", START, False),
        ("offered", before(minutes=5), False),
        ("cancelled", before(minutes=5), False),
    ],
)
def test_somebody_is_awaited_from_call_time_on(state, now, awaited):
    assert reminding.is_awaited(state, START, 30, now) is awaited


def show(state: str, **more) -> OnAir:
    values = {"actual_ends_at": None, "end_evidence": None, "last_sign_at": None} | more
    return OnAir(state, START, END, **values)


LONG_AGO = before(days=1)


@pytest.mark.parametrize(
    ("given", "minutes", "why"),
    [
        (show("ready"), 4, None),
        (show("ready"), 5, "late"),
        (show("offered"), 30, None),
        (show("live"), 60, None),  # no signs are known there at all: nothing to miss
        (show("live", last_sign_at=START + timedelta(minutes=50)), 59, None),
        (show("live", last_sign_at=START + timedelta(minutes=50)), 60, "silent"),
        (show("live", last_sign_at=START), 180, None),  # past its planned end
        (show("ended", end_evidence="platform", actual_ends_at=START + timedelta(hours=1)), 61, "early"),
        (show("ended", end_evidence="tap", actual_ends_at=START + timedelta(hours=1)), 61, None),
        (show("ended", end_evidence="platform", actual_ends_at=END - timedelta(minutes=14)), 170, None),
    ],
)
def test_who_should_be_on_air_and_is_not(given, minutes, why):
    assert reminding.off_air(given, LONG_AGO, START + timedelta(minutes=minutes)) == why


def test_after_an_outage_evidence_may_still_be_on_its_way():
    back = START + timedelta(minutes=10)
    assert reminding.off_air(show("ready"), back, back + timedelta(minutes=4)) is None
    assert reminding.off_air(show("ready"), back, back + timedelta(minutes=5)) == "late"
