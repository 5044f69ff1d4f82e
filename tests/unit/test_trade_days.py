"""The trade's calendar, year by year, and the hub's own say in it."""

from datetime import date, timedelta

from campaign.catalog.tradedays import NEW_YEAR, Day, built_in, calendar


def test_a_year_holds_the_great_sales_and_the_fair():
    days = {day.code: day for day in built_in(2026)}
    assert (days["six_eighteen"].ends_on, days["double_eleven"].ends_on) == (
        date(2026, 6, 18),
        date(2026, 11, 11),
    )
    assert (days["double_twelve"].ends_on, days["womens_day"].ends_on) == (
        date(2026, 12, 12),
        date(2026, 3, 8),
    )
    assert days["xinji_fair"].starts_on == date(2026, 9, 27)
    assert days["xinji_fair"].kind == "fair"
    assert days["new_year_goods"].starts_on == date(2026, 1, 20)
    assert days["spring_festival"].starts_on == date(2026, 2, 17)


def test_each_goods_festival_is_there_once_even_where_it_begins_in_december():
    # The lunar year 2031 begins on 23 January, so its goods festival starts on 26 December 2030.
    begins = [
        day.starts_on for year in range(2025, 2036) for day in built_in(year) if "new_year_goods" in day.code
    ]
    assert date(2030, 12, 26) in begins
    assert begins == [lunar - timedelta(days=28) for lunar in NEW_YEAR.values()]


def test_a_year_without_a_known_lunar_date_still_has_the_rest():
    assert "spring_festival" not in [day.code for day in built_in(2050)]
    assert date(2050, 11, 11) in [day.ends_on for day in built_in(2050)]


def test_the_hubs_own_day_takes_the_tables_place():
    moved = Day("xinji_fair", "fair", "辛集皮博会", "", date(2026, 10, 10), date(2026, 10, 13), True, id=5)
    own = Day(None, "own", "基地周年庆", "", date(2026, 1, 2), date(2026, 1, 2), True, id=6)
    days = calendar(2026, [moved, own])
    assert [day for day in days if day.code == "xinji_fair"] == [moved]
    assert days[0] == own
    assert len(days) == len(built_in(2026)) + 1
