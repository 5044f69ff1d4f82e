"""What lies beneath a curve stands where its time is, and is never too thin to be seen."""

from datetime import UTC, datetime, timedelta

from campaign.insight.curves import WIDTH, Point, band_of, curve_of

BEGAN = datetime(2026, 11, 6, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def curve(minutes=11):
    found = curve_of([Point(BEGAN + number * MINUTE, 100) for number in range(minutes)])
    assert found is not None
    return found


def band(first, last):
    found = band_of(curve(), BEGAN + first * MINUTE, BEGAN + last * MINUTE)
    return found and (found.first, found.last)


def test_a_band_goes_from_the_point_it_begins_in_to_the_one_it_ends_before():
    assert band(2, 5) == (2, 5)
    assert band(2.5, 4.2) == (2, 5)
    found = band_of(curve(), BEGAN + 2 * MINUTE, BEGAN + 5 * MINUTE)
    assert found is not None
    assert (found.left, found.width) == (WIDTH * 0.2, WIDTH * 0.3)


def test_a_band_is_cut_to_the_curve_and_at_least_a_step_wide():
    assert band(-3, 4) == (0, 4)
    assert band(8, 40) == (8, 10)
    assert band(3, 3) == (3, 4)
    assert band(10, 10) == (9, 10)


def test_outside_of_the_curve_there_is_none():
    assert band(11, 15) is None
    assert band(-9, -2) is None
    assert band_of(curve(1), BEGAN, BEGAN + MINUTE) is None
