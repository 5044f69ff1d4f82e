"""How a show on air stands against its target: each row worked by hand. Amounts in fen, minutes from the beginning."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.insight.pacing import Pace, pace_of_show

BEGAN = datetime(2026, 11, 6, 12, 0, 30, tzinfo=UTC)

# Target, paid, the show's minutes, now (in minutes since it began; seconds beyond them): what is due, what is beyond
# it, the share of the target that is reached, what each hour to come must bring.
CASES = {
    # A quarter of 8,000 yuan is due after one hour of four: 2,400 are there; 5,600 in the three hours left.
    "an hour of four": ((800_000, 240_000, 240, 60, 0), (200_000, 40_000, 3000, 186_667)),
    "behind": ((800_000, 150_000, 240, 60, 0), (200_000, -50_000, 1875, 216_667)),
    "just as due": ((800_000, 200_000, 240, 60, 0), (200_000, 0, 2500, 200_000)),
    "nothing sold": ((800_000, 0, 240, 120, 0), (400_000, -400_000, 0, 400_000)),
    # Before it begins nothing is due, and all of it is to come: 8,000 in four hours.
    "before the start": ((800_000, 0, 240, -90, 0), (0, 0, 0, 200_000)),
    "at the start": ((800_000, 0, 240, 0, 0), (0, 0, 0, 200_000)),
    # A minute counts once it is over: 59 s are none, 60 s one of 240.
    "59 seconds in": ((240_000, 0, 240, 0, 59), (0, 0, 0, 60_000)),
    "a minute in": ((240_000, 0, 240, 1, 0), (1_000, -1_000, 0, 60_251)),
    "the last minute": ((240_000, 0, 240, 239, 59), (239_000, -239_000, 0, 14_400_000)),
    # With the planned end all is due, and no hour is left to bring it, however long it overruns.
    "at the end": ((800_000, 600_000, 240, 240, 0), (800_000, -200_000, 7500, None)),
    "overrunning": ((800_000, 900_000, 240, 500, 0), (800_000, 100_000, 11_250, None)),
    # What is reached needs nothing more.
    "reached halfway": ((800_000, 800_000, 240, 120, 0), (400_000, 400_000, 10_000, 0)),
    "a target of nought": ((0, 500, 240, 60, 0), (0, 500, None, 0)),
    # More was given back than paid: what is missing is more than the target.
    "below nought": ((800_000, -100_000, 240, 120, 0), (400_000, -500_000, -1250, 450_000)),
    # 100 fen over three minutes, half-up: 33.3 and 66.7.
    "rounded down": ((100, 0, 3, 1, 0), (33, -33, 0, 3000)),
    "rounded up": ((100, 0, 3, 2, 0), (67, -67, 0, 6000)),
}


@pytest.mark.parametrize("name", CASES)
def test_pace_of_a_show(name: str) -> None:
    (target, paid, minutes, gone, seconds), wanted = CASES[name]
    ends_at = BEGAN + timedelta(minutes=minutes)
    found = pace_of_show(target, paid, BEGAN, ends_at, BEGAN + timedelta(minutes=gone, seconds=seconds))
    assert found == Pace(target, paid, wanted[0], wanted[3])
    assert (found.expected_fen, found.ahead_fen, found.reached, found.needed_per_hour_fen) == wanted


@pytest.mark.parametrize("seconds", [0, 59, -3600])
def test_a_show_without_a_whole_minute_has_no_pace(seconds: int) -> None:
    """One that began at its planned end, or after it."""
    assert pace_of_show(800_000, 0, BEGAN, BEGAN + timedelta(seconds=seconds), BEGAN) is None
