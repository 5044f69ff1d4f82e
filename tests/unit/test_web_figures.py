"""How figures look, curves, and changes against the period before."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask_babel import Babel

from campaign.gate.summaries import summed
from campaign.insight.curves import HEIGHT, MOST_POINTS, WIDTH, Point, curve_of, curves_of
from campaign.insight.figures import Group, Minute, Totals, rows_of
from campaign.web import show
from campaign.web.changes import points, relative

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["zh_CN", "en"])
def locale(request: pytest.FixtureRequest):
    app = Flask(__name__)
    Babel(app, locale_selector=lambda: request.param)
    with app.test_request_context():
        yield request.param


def test_money_is_exact_in_tables_and_short_in_tiles(locale: str) -> None:
    assert show.fen(129900) == "¥1,299.00"
    assert show.fen(-50) == "−¥0.50"
    assert show.fen(12000, "JPY") == "JPY 12,000"
    assert show.fen(None) == "—"
    assert show.fen_short(12735300) == ("¥12.7万" if locale == "zh_CN" else "¥127.4k")
    assert show.fen_short(98000) == "¥980"
    assert show.fen_short(100000000) == ("¥100万" if locale == "zh_CN" else "¥1M")


def test_figures_that_are_unknown_are_a_dash(locale: str) -> None:
    for form in (show.rate, show.count, show.clock, show.day, show.moment, show.duration):
        assert form(None) == "—"
    assert show.rate(3050) == "30.5%"
    assert show.count(1640) == "1,640"


def test_instants_are_shown_in_the_zone_of_the_hub(locale: str) -> None:
    assert show.clock(AT) == "20:00"
    assert show.iso_day(AT + timedelta(hours=5)) == "2026-11-24"
    assert show.long_day(date(2026, 11, 23)) == ("2026-11-23 周一" if locale == "zh_CN" else "2026-11-23 Mon")
    assert "+1" in show.span(AT, AT + timedelta(hours=6))
    assert "+1" not in show.span(AT, AT + timedelta(hours=2))


def test_a_bar_never_leaves_its_box() -> None:
    assert show.share(1, 3) == "33.33%"
    assert show.share(5, 3) == "100.00%"
    assert show.share(-5, 3) == show.share(1, 0) == show.share(None, 3) == "0%"


def test_a_curve_keeps_its_sum_and_fills_gaps_with_nought() -> None:
    curve = curve_of([Point(AT, 100), Point(AT + timedelta(minutes=3), 300)])
    assert curve is not None
    assert [point.fen for point in curve.points] == [100, 0, 0, 300]
    assert curve.top == 300
    long = curve_of([Point(AT + timedelta(minutes=7 * n), 10) for n in range(2000)])
    assert long is not None
    assert len(long.points) <= MOST_POINTS
    assert sum(point.fen for point in long.points) == 20000
    assert curve_of([]) is None


@pytest.mark.parametrize("step", [1, 60])
def test_what_sold_within_one_step_is_drawn_as_a_rise_from_nought(step: int) -> None:
    curve = curve_of([Point(AT, 100)], least_step=step)
    assert curve is not None
    assert curve.points == [Point(AT - timedelta(minutes=step), 0), Point(AT, 100)]
    assert curve.line == f"M0.0 {HEIGHT}.0L{WIDTH}.0 0.0"


def test_curves_of_two_currencies_share_their_time_and_keep_a_scale_each() -> None:
    """Dollars came in later and for longer: both go from the first yuan to the last dollar."""

    def minute(after: int, currency: str, fen: int) -> Minute:
        return Minute(AT + timedelta(minutes=after), currency, fen, 0, 1, 1)

    found = curves_of([minute(0, "CNY", 100), minute(2, "CNY", 50), minute(2, "USD", 7), minute(4, "USD", 9)])
    assert {currency: [point.fen for point in one.points] for currency, one in found.items()} == {
        "CNY": [100, 0, 50, 0, 0],
        "USD": [0, 0, 7, 0, 9],
    }
    assert [point.at for point in found["CNY"].points] == [point.at for point in found["USD"].points]
    assert (found["CNY"].top, found["USD"].top) == (100, 9)
    # Far apart, both take the step that all of it needs, though each alone would be told by the minute.
    found = curves_of([minute(0, "CNY", 100), minute(400, "USD", 7)])
    assert {one.step_minutes for one in found.values()} == {5}
    assert {one.points[-1].at for one in found.values()} == {AT + timedelta(minutes=400)}
    assert [sum(point.fen for point in one.points) for one in found.values()] == [100, 7]
    # Both within one minute: both rise from the minute before.
    found = curves_of([minute(0, "CNY", 100), minute(0, "USD", 7)])
    assert [[point.fen for point in one.points] for one in found.values()] == [[0, 100], [0, 7]]
    assert curves_of([]) == {}


def test_changes_need_something_to_compare_with() -> None:
    assert relative(150, 100).direction == "up"
    assert relative(150, 100).by == 5000
    assert relative(50, 100).direction == "down"
    assert relative(100, 0) is None
    assert relative(None, 100) is None
    assert points(2500, 3000).by == 500
    assert relative(100_004, 100_000).direction == "same"  # it would read "up 0.0 %"
    assert relative(100_050, 100_000).direction == "up"


def test_groups_are_ranked_per_currency_and_days_stay_in_their_order() -> None:
    """¥5 and $1 of one, ¥1 and $9 of another: of each currency another comes first."""
    one = Group("a", "甲", "A", (Totals("CNY", paid_gmv_fen=500), Totals("USD", paid_gmv_fen=100)))
    two = Group("b", "乙", "B", (Totals("CNY", paid_gmv_fen=100), Totals("USD", paid_gmv_fen=900)))
    ranked = [(group.key, total.currency) for group, total in rows_of([two, one], in_order=False)]
    assert ranked == [("a", "CNY"), ("b", "CNY"), ("b", "USD"), ("a", "USD")]
    kept = [(group.key, total.currency) for group, total in rows_of([two, one], in_order=True)]
    assert kept == [("b", "CNY"), ("a", "CNY"), ("b", "USD"), ("a", "USD")]


@pytest.mark.parametrize(
    ("brands", "wanted"),
    [
        ([], ""),
        ([("甲", "CNY", 10000), ("乙", "CNY", 500)], "甲 100.00 CNY, 乙 5.00 CNY"),
        (
            [("甲", "CNY", 10000), ("乙", "USD", 500), ("甲", "USD", 300)],
            "甲 100.00 CNY; 乙 5.00 USD, 甲 3.00 USD",
        ),
    ],
)
def test_a_message_names_the_brands_that_sold_most_currency_by_currency(
    locale: str, brands: list[tuple[str, str, int]], wanted: str
) -> None:
    told = {
        "name": "基地", "name_en": "", "range": ["2026-11-06"], "totals": [], "complete_at": None,
        "brands": [{"name": name, "name_en": "", "currency": c, "paid_fen": fen} for name, c, fen in brands],
    }  # fmt: skip
    if locale == "zh_CN":
        wanted = wanted.replace(", ", "、").replace("; ", "；")
    said = summed(told, "", english=locale == "en")["brands"]
    assert said == "" if not wanted else wanted in said
