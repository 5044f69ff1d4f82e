"""What lies beneath a curve stands where its time is, and is never too thin to be seen."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.insight.curves import WIDTH, Band, Point, band_of, curve_of, place_of

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
    assert band_of(curve(1), BEGAN + 2 * MINUTE, BEGAN + 3 * MINUTE) is None
    assert band_of(curve(1), BEGAN, BEGAN + MINUTE) == Band(0, 1, 0.0, WIDTH)


@pytest.mark.parametrize(
    ("after", "point", "part"),
    [
        (timedelta(0), 0, 0.0),
        (2.5 * MINUTE, 2, 2.5 / 9),
        (9 * MINUTE, 9, 1.0),
        (9.5 * MINUTE, 9, 1.0),
        (40 * MINUTE, 9, 1.0),
        (-3 * MINUTE, 0, 0.0),
    ],
)
def test_an_instant_stands_where_it_was_or_at_the_edge_of_what_sold(after, point, part):
    """A host hands over after the newest sale, or before the first: it is seen all the same."""
    assert place_of(curve(10), BEGAN + after) == (point, pytest.approx(part * WIDTH))


def test_on_a_curve_of_one_minute_it_stands_at_the_rise_or_at_its_foot():
    """What sold within one minute rises from the minute before."""
    assert place_of(curve(1), BEGAN + MINUTE) == (1, WIDTH)
    assert place_of(curve(1), BEGAN - MINUTE) == (0, 0.0)
