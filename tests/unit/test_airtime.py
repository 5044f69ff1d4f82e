"""Time on air: gaps between rooms are counted, what nobody knows is not."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.live.airtime import Opening, off_air
from campaign.schedule.spans import Span

ZERO = datetime(2026, 11, 11, 12, tzinfo=UTC)


def m(minutes):
    return ZERO + timedelta(minutes=minutes)


ON_AIR = Span(m(0), m(120))


@pytest.mark.parametrize(
    ("openings", "minutes"),
    [
        ([], 0),
        ([("a", 0, True)], 0),
        ([("a", 0, True), ("a", 120, False)], 0),
        ([("a", 0, True), ("a", 50, False), ("b", 57, True)], 7),
        ([("a", 0, True), ("a", 50, False), ("b", 120, True)], 70),
        ([("a", 0, True), ("a", 50, False), ("b", 45, True), ("b", 120, False)], 0),
        ([("a", 0, True), ("a", 10, False), ("a", 15, True), ("a", 30, False), ("a", 31, True)], 6),
        # Before the first room opened, and after the last closed, nobody knows.
        ([("a", 20, True), ("a", 100, False)], 0),
        ([("a", 20, False)], 0),
        # Two platforms: while one of them is on, the show is.
        ([("a", 0, True), ("b", 0, True), ("a", 40, False), ("b", 120, False)], 0),
    ],
)
def test_off_air_is_what_lies_between_rooms(openings, minutes):
    given = [Opening(room, m(at), started) for room, at, started in openings]
    assert off_air(given, ON_AIR) == timedelta(minutes=minutes)
    assert off_air(reversed(given), ON_AIR) == timedelta(minutes=minutes)
