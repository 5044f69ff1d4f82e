"""Rooms' counters by the laws of the trade, with figures worked by hand."""

from datetime import UTC, datetime
from itertools import pairwise
from random import Random

import pytest

from campaign.insight.audience import Audience, Ratios, Spend
from campaign.insight.counters import grown
from campaign.insight.figures import Totals

AT = datetime(2026, 11, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("readings", "wanted"),
    [
        ([], None),
        ([None, None], None),
        ([0], 0),
        ([10, 25, 40], 40),
        # A drop is a reset: 40 before it, 12 after it.
        ([10, 40, 5, 12], 52),
        ([40, None, 5, None, 12], 52),
        ([40, 40, 40], 40),
        ([7, 0, 0, 3], 10),
        # Two resets: 9 + 4 + 2.
        ([9, 4, 1, 2], 15),
    ],
)
def test_a_total_is_the_sum_of_the_peaks_between_resets(readings, wanted):
    assert grown((reading, True) for reading in readings) == wanted


@pytest.mark.parametrize(
    ("readings", "wanted"),
    [
        # The show before left the counter at 1,000: 60 and 400 more were counted in this one.
        ([(1_000, False), (1_060, True), (1_460, True)], 460),
        # The room was closed in between and counts anew.
        ([(1_000, False), (60, True), (460, True)], 460),
        # Closed, and closed once more within the show: 400 + 90.
        ([(1_000, False), (400, True), (30, True), (90, True)], 490),
        # Another show on air in between: 10 before it, 30 after it.
        ([(10, True), (500, False), (510, True), (530, True)], 40),
        ([(1_000, False), (None, True), (1_200, True)], 200),
        ([(1_000, False), (None, True)], None),
        ([(1_000, False), (1_000, True)], 0),
        ([(1_000, False)], None),
    ],
)
def test_what_another_show_counted_is_where_this_one_begins(readings, wanted):
    assert grown(readings) == wanted


def test_the_shows_of_a_room_add_up_to_what_it_counted():
    """Whoever held it when, over resets too."""
    drawn = Random(7)
    for _ in range(300):
        told = [drawn.choice((None, drawn.randrange(100))) for _ in range(12)]
        holders = [drawn.randrange(3) for _ in told]
        shows = [
            grown((one, own == show) for one, own in zip(told, holders, strict=True)) for show in range(3)
        ]
        heard = [one for one in told if one is not None]
        peaks = [one for one, after in pairwise((*heard, 0)) if after < one]
        assert sum(one or 0 for one in shows) == sum(peaks)


SOLD = Totals("CNY", paid_gmv_fen=1_234_500, refund_pre_ship_fen=234_500, lines=90, orders=80, buyers=75)


def test_ratios_are_those_of_the_definitions():
    audience = Audience(
        1,
        AT,
        viewers=3_000,
        views=5_000,
        product_impressions=20_000,
        product_clicks=600,
        spend=Spend(400_000, "CNY"),
    )
    assert audience.ratios(SOLD) == Ratios(
        # 12,345.00 yuan over 5,000 views: 2,469.00 a thousand; over viewers it would be 4,115.00.
        gpm_fen=246_900,
        # 1,234,500 / 3,000 = 411.5, half up.
        uv_value_fen=412,
        # 75 / 3,000
        view_to_buy=250,
        # 600 / 5,000 and 600 / 20,000: two figures of one word.
        ctr=1_200,
        live_ctr=300,
        # 90 / 600
        ctor=1_500,
        # 1,234,500 / 400,000 = 3.08625; 1,000,000 / 400,000 = 2.5
        roi_hundredths=309,
        net_roi_hundredths=250,
    )


def test_what_nothing_divides_is_none_and_viewers_of_two_rooms_are_worth_nothing_each():
    assert Audience(1, AT, viewers=0, views=0, product_clicks=0).ratios(SOLD) == Ratios(*[None] * 8)
    assert Audience(1, AT).ratios(SOLD) == Ratios(*[None] * 8)
    two = Audience(2, AT, viewers=3_000, views=5_000)
    assert (two.is_person_times, two.ratios(SOLD).uv_value_fen, two.ratios(SOLD).gpm_fen) == (
        True,
        None,
        246_900,
    )
    spent = Audience(1, AT, spend=Spend(100, "USD"))
    assert spent.ratios(SOLD).roi_hundredths is None
    assert Audience(1, AT, viewers=9).ratios(Totals("CNY")).view_to_buy is None
