"""Rooms' counters by the laws of the trade, with figures worked by hand."""

from datetime import UTC, datetime

import pytest

from campaign.insight.audience import Audience, Ratios, Spend
from campaign.insight.counters import increments, total
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
    assert total(readings) == wanted


def test_over_a_reset_nobody_knows_what_was_added():
    assert increments([10, 25, 5, None, 12, 12]) == [None, 15, None, None, 7, 0]


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
