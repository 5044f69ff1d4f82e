"""The return curve by numbers worked by hand: each age over the days that have reached it."""

from datetime import date, timedelta

from campaign.insight.returning import MOST_PARTS, AgePoint, Returns, curves_of
from campaign.web.returns import drawings_of

FIRST = date(2026, 11, 1)


def row(day, age, paid=0, refund=0, part="", currency="CNY"):
    return {
        "day": FIRST + timedelta(days=day),
        "age_days": age,
        "currency": currency,
        "part": part,
        "part_en": part,
        "paid_fen": paid,
        "refund_fen": refund,
    }


def test_each_age_counts_the_days_that_are_that_old() -> None:
    rows = [row(0, 0, 100, 10), row(0, 2, 0, 30), row(2, 0, 100, 50)]
    whole, part = curves_of(rows, FIRST + timedelta(days=4))
    assert whole.points == (
        AgePoint(0, 200, 60, 10000),  # 30 %
        AgePoint(1, 200, 60, 10000),
        AgePoint(2, 100, 40, 5000),  # the second day is one day old: it says nothing of two
        AgePoint(3, 100, 40, 5000),
    )
    assert [one.rate for one in whole.points] == [3000, 3000, 4000, 4000]
    assert part.points == whole.points
    assert sorted(whole.told) == [0, 1, 3]


def test_parts_are_told_apart_and_the_greatest_come_first() -> None:
    rows = [row(0, 0, 100 + n, n, part=f"c{n}") for n in range(MOST_PARTS + 2)] + [
        row(0, 0, 7, currency="USD")
    ]
    curves = curves_of(rows, FIRST + timedelta(days=1))
    cny = [one for one in curves if one.currency == "CNY"]
    assert [one.part for one in cny] == [None, "c6", "c5", "c4", "c3", "c2", "c1", "c0"]
    assert cny[0].points == (AgePoint(0, 721, 21, 10000),)
    assert [one.part for one in curves if one.currency == "USD"] == [None, ""]


def test_a_page_shows_the_greatest_parts_and_all_others_as_one() -> None:
    """By hand: of c0 to c6 the five greatest, and c1 with c0: 101 + 100 paid, 1 + 0 back, 5 more on the third day."""
    rows = [row(0, 0, 100 + n, n, part=f"c{n}") for n in range(MOST_PARTS + 2)]
    rows += [row(0, 2, 0, 5, part="c0"), row(2, 0, 1, 0, part="c0")]
    today = FIRST + timedelta(days=4)
    whole, *parts = curves_of(rows, today, most=MOST_PARTS)
    assert [(one.part, one.others) for one in parts] == [
        ("c6", 0),
        ("c5", 0),
        ("c4", 0),
        ("c3", 0),
        ("c2", 0),
        ("", 2),
    ]
    # The first day alone is old enough for the third day of its orders.
    assert parts[-1].points == (
        AgePoint(0, 202, 1, 10000),
        AgePoint(1, 202, 1, 10000),
        AgePoint(2, 201, 6, 9950),  # 201 of 202
        AgePoint(3, 201, 6, 9950),
    )
    for place, point in enumerate(whole.points):
        assert sum(one.points[place].paid_fen for one in parts) == point.paid_fen
        assert sum(one.points[place].refund_fen for one in parts) == point.refund_fen
    # One that is left over has a name of its own.
    few = curves_of([one for one in rows if one["part"] != "c0"], today, most=MOST_PARTS)
    assert [(one.part, one.others) for one in few][-1] == ("c1", 0)


def test_nothing_sold_draws_nothing_and_a_day_to_come_has_no_age() -> None:
    assert curves_of([], FIRST) == []
    assert curves_of([row(5, 0, 100)], FIRST) == []
    # Nor has the day that runs: more of it may come back until midnight.
    assert curves_of([row(0, 0, 100)], FIRST) == []
    assert AgePoint(0, 0, 0, None).rate is None
    assert AgePoint(0, 0, 0, None).early


def test_curves_of_one_currency_share_a_scale() -> None:
    one = Returns(None, None, "CNY", (AgePoint(0, 100, 0, 10000), AgePoint(10, 100, 35, 8000)))
    two = Returns("a", "a", "CNY", (AgePoint(0, 100, 20, 10000), AgePoint(5, 0, 0, 0)))
    drawing = drawings_of([one, two])["CNY"]
    assert (drawing.top, drawing.last) == (4000, 10)
    assert list(drawing.paths) == ["M0.0 200.0L1000.0 25.0", "M0.0 100.0"]
    assert list(drawing.early) == ["", ""]


def test_an_age_that_little_of_the_days_has_reached_is_early() -> None:
    """By hand: 500 and a balance of 300 two days on, 150, 50, and 0 on the day that runs: 1,000 in all.

    Three days have reached age 0; by age 1 the day of 50 is left out, by age 2 that of 150 as well: 1,000, 950, 800 of
    1,000. The balance is in the 800 at every age, for its day is as old without it.
    """
    rows = [row(0, 0, 500), row(0, 2, 300, 400), row(1, 0, 150, 30), row(2, 0, 50)]
    whole, _ = curves_of(rows, FIRST + timedelta(days=3))
    assert whole.points == (
        AgePoint(0, 700, 30, 10000),
        AgePoint(1, 650, 30, 9500),
        AgePoint(2, 800, 400, 8000),
    )
    assert [one.early for one in whole.points] == [False, False, False]
    # A fen more on the day that runs, and the last is of less than four fifths: 800 of 1,001, while half "came back".
    whole, _ = curves_of([*rows, row(3, 0, 1)], FIRST + timedelta(days=3))
    assert [(one.reached, one.early) for one in whole.points] == [(9990, False), (9491, False), (7992, True)]
    # A part has a share of its own: what sold on the first day alone is whole at every age.
    curves = curves_of([*rows, row(0, 0, 10, part="bag")], FIRST + timedelta(days=3))
    assert [(one.part, [point.reached for point in one.points]) for one in curves][-1] == (
        "bag",
        [10000, 10000, 10000],
    )


def test_the_early_part_of_a_curve_is_drawn_apart_and_goes_on_where_the_other_ends() -> None:
    points = (AgePoint(0, 100, 10, 10000), AgePoint(5, 100, 20, 8000), AgePoint(10, 40, 16, 4000))
    all_early = Returns("a", "a", "CNY", (AgePoint(0, 100, 10, 7999), AgePoint(10, 40, 4, 100)))
    drawing = drawings_of([Returns(None, None, "CNY", points), all_early])["CNY"]
    assert list(drawing.paths) == ["M0.0 150.0L500.0 100.0", ""]
    assert list(drawing.early) == ["M500.0 100.0L1000.0 0.0", "M0.0 150.0L1000.0 150.0"]
