"""Who watched the shows of some days, by numbers worked by hand: what adds up does, and what does not says so."""

import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from campaign.insight.audience import Spend, audience_of
from campaign.insight.figures import Totals
from campaign.insight.reach import Reach, Show, Watched, together, watched
from campaign.insight.tallies import Scope
from campaign.kit import ids
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.kit.tabular import read_table
from tests.db.test_definitions import at_day
from tests.db.test_insight_summary import EVENING, HOUR, Shelf, day
from tests.factory import HUB, Factory
from tests.sales_kit import add_session, change_session
from tests.visitor import visitor_as

MINUTE = timedelta(minutes=1)


@pytest.fixture
def week(database: Database, make: Factory) -> SimpleNamespace:
    """Four shows of one brand, the last of another's too.

    one: the 6th, 20:00-22:00, room 7001, 甲. The stream broke: views 400, then 150 anew. ¥1,100.
    two: the 7th, 20:00-20:30, room 7002, 甲 and 乙. ¥50.
    silent: the 7th, 21:00-22:00, room 7003, 乙; nobody counted. ¥99.
    mixed: the 7th, 23:00-24:00, room 7004, of two brands.
    """
    shelf = Shelf(database, make)
    early, late = make.host(name="甲"), make.host(name="乙")

    def show(after: timedelta, length: timedelta, room: str, *hosts: Any) -> int:
        begins = EVENING + after
        part = length / max(1, len(hosts))
        return add_session(
            make, begins, begins + length, brand=shelf.brand, rooms=(room,), actual=(begins, begins + length),
            shifts=tuple((host, None, begins + n * part, begins + (n + 1) * part) for n, host in enumerate(hosts)),
        )  # fmt: skip

    one = show(0 * HOUR, 2 * HOUR, "7001", early)
    two = show(24 * HOUR, 30 * MINUTE, "7002", early, late)
    silent = show(25 * HOUR, HOUR, "7003", late)
    mixed = show(27 * HOUR, HOUR, "7004", late)
    change_session(database, mixed, brand_ids=[shelf.brand.id, make.brand().id])
    shelf.push(
        sample(shelf, "7001", 10 * MINUTE, views=100, viewers=90, likes=10, product_clicks=5),
        sample(shelf, "7001", 50 * MINUTE, views=400, viewers=300, likes=50, product_clicks=40),
        sample(shelf, "7001", 70 * MINUTE, views=50, viewers=30, likes=5, product_clicks=1),
        sample(shelf, "7001", 110 * MINUTE, views=150, viewers=100, likes=20, product_clicks=15, ad_spend_fen=700),
        sample(shelf, "7002", 24 * HOUR + 20 * MINUTE, views=450, viewers=200, likes=30, comments=9, product_clicks=45),
        sample(shelf, "7004", 27 * HOUR + 20 * MINUTE, views=7000, viewers=5000),
        shelf.line(HOUR, 110000, room_id="7001"),
        shelf.line(24 * HOUR + 10 * MINUTE, 5000, room_id="7002"),
        shelf.line(25 * HOUR + 10 * MINUTE, 9900, room_id="7003"),
        days_later=3,
    )  # fmt: skip
    for session_id, peak, average in ((one, 40, 1640), (two, 90, 2200)):
        report(database, session_id, peak_online=peak, average_online_hundredths=average)
    return SimpleNamespace(
        shelf=shelf, one=one, two=two, silent=silent, mixed=mixed, early=early, late=late, database=database
    )


def sample(shelf: Shelf, room: str, after: timedelta, **counters: int) -> dict[str, Any]:
    at = (EVENING + after).isoformat()
    told = {"type": "metric.sample", "event_id": f"m{room}{after}", "occurred_at": at, "platform": "douyin"}
    return told | {"shop_id": "4001", "room_id": room, "at": at, "kind": "cumulative"} | counters


def report(database: Database, session_id: int, **figures: int) -> None:
    """As a platform's report of the session is kept."""
    with database.transaction(SYSTEM) as db:
        db.execute(
            text(
                "INSERT INTO session_report (session_id, platform, room_id, exported_at, figures, products, kept)"
                " SELECT :id, 'douyin', c.room_ids[1], now(), CAST(:figures AS jsonb), '[]', '{}'"
                " FROM session_channel c WHERE c.session_id = :id"
            ),
            {"id": session_id, "figures": str(figures).replace("'", '"')},
        )


def seen(week: SimpleNamespace, group_by: str, actor: Actor = HUB, **given: Any) -> Watched | None:
    scope = Scope(brand_id=week.shelf.brand.id, first=day(6), last=day(7), **given)
    with at_day(3), week.database.transaction(actor) as db:
        return watched(db, actor, scope, group_by)


def brand_of(week: SimpleNamespace) -> Actor:
    return Actor(kind="user", role="brand", id=9, name="x", brand_id=week.shelf.brand.id)


def test_what_adds_up_is_added_and_what_does_not_is_told_for_what_it_is(week: SimpleNamespace) -> None:
    found = seen(week, "day")
    assert found is not None
    whole = found.whole
    # 400 and 150 after the reset, and 450; clicks 40 + 15 + 45; comments of the second show alone.
    assert (whole.views, whole.likes, whole.comments, whole.product_clicks) == (1000, 100, 9, 100)
    assert (whole.viewers, whole.is_person_times) == (300 + 100 + 200, True)
    assert (whole.shows, whole.silent, found.mixed, whole.follows) == (2, 1, 1, None)
    assert (whole.peak_online, whole.peak_of) == (90, 2)
    # (16.4 * 120 min + 22 * 30 min) / 150 min = 17.52; the mean of the two would say 19.2.
    assert (whole.average_online_hundredths, whole.average_of) == (1752, 2)
    # ¥1,150 of the shows whose views are known per 1,000 views: the ¥99 of the third are not among them.
    assert whole.gpm_fen == {"CNY": 115000}
    assert (whole.ctr, whole.spend) == (1000, (Spend(700, "CNY"),))


def test_groups_add_up_to_the_whole_and_to_the_pages_of_the_sessions(week: SimpleNamespace) -> None:
    hosts = {ids.public("hst", week.early.id): 550, "": 450, ids.public("hst", week.late.id): None}
    wanted = {
        "day": {str(day(6)): 550, str(day(7)): 450},
        "session": {ids.public("ses", week.one): 550, ids.public("ses", week.two): 450,
                    ids.public("ses", week.silent): None},
        "host": hosts,
        "campaign": {"": 1000},
        "product": {},
    }  # fmt: skip
    for actor in (HUB, brand_of(week)):
        for group_by, views in wanted.items():
            found = seen(week, group_by, actor)
            assert found is not None
            assert {row.key: row.reach.views for row in found.rows} == views
            assert found.whole.views == 1000
            for name in ("viewers", "likes", "comments", "product_clicks"):
                told = [getattr(row.reach, name) for row in found.rows]
                assert not told or sum(filter(None, told)) == getattr(found.whole, name)
    by_session = seen(week, "session")
    assert by_session is not None
    names = (
        "views",
        "viewers",
        "likes",
        "comments",
        "product_clicks",
        "product_impressions",
        "shares",
        "follows",
    )
    for row in by_session.rows:
        with at_day(3), week.database.transaction(HUB) as db:
            page = audience_of(db, HUB, ids.internal("ses", row.key), (Totals("CNY"),))
        for name in names:
            assert getattr(row.reach, name) == getattr(page, name, None)
        assert (row.reach.spend[0] if row.reach.spend else None) == getattr(page, "spend", None)
        assert row.reach.is_person_times is False


def test_a_shows_average_is_as_its_page_gives_it(week: SimpleNamespace) -> None:
    found = seen(week, "session")
    assert found is not None
    told = {row.key: (row.reach.peak_online, row.reach.average_online_hundredths) for row in found.rows}
    assert told == {
        ids.public("ses", week.one): (40, 1640),
        ids.public("ses", week.two): (90, 2200),
        ids.public("ses", week.silent): (None, None),
    }


def test_who_watched_is_the_hubs_and_the_brands_and_not_by_cash(week: SimpleNamespace, make: Factory) -> None:
    other = Actor(kind="user", role="brand", id=8, name="y", brand_id=make.brand().id)
    agent = Actor(kind="user", role="agency", id=7, name="z", agency_id=1)
    assert seen(week, "day", other) is None
    assert seen(week, "day", agent) is None
    assert seen(week, "day", basis="cash") is None


def shown(seconds: int = 3600, rooms: int = 1, **given: Any) -> Show:
    plain: dict[str, Any] = {
        "session_id": 1, "day": day(6), "campaign_id": None, "host_ids": (), "counters": {}, "spend": None,
        "peak_online": None, "average_online_hundredths": None, "paid_fen": {},
    }  # fmt: skip
    return Show(seconds=seconds, rooms=rooms, **plain | given)


CASES: list[tuple[list[Show], Callable[[Reach], Any], Any]] = [
    (
        [],
        lambda one: (one.shows, one.views, one.peak_online, one.average_online_hundredths),
        (0, None, None, None),
    ),
    # One show in one room: its viewers are people.
    ([shown(counters={"viewers": 7})], lambda one: (one.viewers, one.is_person_times), (7, False)),
    ([shown(rooms=2, counters={"viewers": 7})], lambda one: (one.viewers, one.is_person_times), (7, True)),
    # A nought that was told is none that was not.
    ([shown(counters={"likes": 0}), shown()], lambda one: (one.likes, one.comments), (0, None)),
    # Clicks of a show without views are in the sum and in no rate.
    (
        [shown(counters={"views": 100, "product_clicks": 5}), shown(counters={"product_clicks": 50})],
        lambda one: (one.product_clicks, one.ctr),
        (55, 500),
    ),
    # Amounts of two currencies never meet; the views are those of both.
    (
        [
            shown(counters={"views": 100}, paid_fen={"CNY": 5000}, spend=Spend(10, "CNY")),
            shown(counters={"views": 300}, paid_fen={"CNY": 3000, "USD": 400}, spend=Spend(5, "USD")),
        ],
        lambda one: (one.gpm_fen, one.spend),
        ({"CNY": 20000, "USD": 1000}, (Spend(10, "CNY"), Spend(5, "USD"))),
    ),
    # 30 online for one hour and 60 for three: 52.5, and none for a show whose time on air is not known.
    (
        [
            shown(average_online_hundredths=3000),
            shown(10800, average_online_hundredths=6000),
            shown(0, average_online_hundredths=999),
        ],
        lambda one: (one.average_online_hundredths, one.average_of),
        (5250, 2),
    ),
    ([shown(counters={"views": 0}, paid_fen={"CNY": 1})], lambda one: one.gpm_fen, {"CNY": None}),
]


@pytest.mark.parametrize(("shows", "asked", "wanted"), CASES)
def test_shows_together(shows: list[Show], asked: Callable[[Reach], Any], wanted: Any) -> None:
    assert asked(together(shows)) == wanted


def test_the_api_the_page_and_the_sheet_tell_it(week: SimpleNamespace, app: Any, call: Any) -> None:
    brand = ids.public("brd", week.shelf.brand.id)
    days = f"from={day(6)}&to={day(7)}"
    told = call(HUB, "GET", f"/brands/{brand}/summary?{days}&group_by=host").json["audience"]
    total = told["total"]
    assert (total["views"], total["viewers"], total["viewers_are_person_times"]) == (1000, 600, True)
    assert (total["gpm"], total["average_online_hundredths"]) == (
        [{"currency": "CNY", "gpm_fen": 115000}],
        1752,
    )
    assert sum(row["reach"]["views"] or 0 for row in told["items"]) == 1000
    assert call(HUB, "GET", f"/brands/{brand}/summary?{days}&basis=cash").json["audience"] is None
    own = visitor_as(app, week.database, "brand", language="en", brand_id=week.shelf.brand.id)
    hub = visitor_as(app, week.database, "hub", language="zh-CN", hub_role="manager")
    for visitor, path, words in (
        (own, "/brand", ("Audience", "person-times", "17.52", "left out")),
        (hub, f"/hub/brands/{brand}", ("观众", "人次", "17.52", "混场未计入")),
    ):
        page = visitor.get(f"{path}?first={day(6)}&last={day(7)}&group=day").text
        panel = re.search(r'id="watched".*?</section>', page, re.S)
        assert panel is not None
        assert [word for word in words if word not in panel[0]] == []
        assert 'id="watched"' not in visitor.get(f"{path}?first={day(6)}&last={day(7)}&basis=cash").text
    for group_by in ("day", "session", "host"):
        sheet = own.get(f"/brand/sheet?first={day(6)}&last={day(7)}&group={group_by}&format=csv").data
        table = read_table(sheet)
        views = table.header.index("Views")
        cells = [row[views] for _, row in table.rows]
        assert sum(int(cell) for cell in cells[:-1] if cell) == int(cells[-1]) == 1000
        assert "Viewers (person-times)" in table.header
        assert table.rows[-1][1][table.header.index("Average online")] == "17.52"
        assert len({len(row) for _, row in table.rows}) == 1


def test_days_that_were_watched_and_sold_nothing_are_told(
    database: Database, make: Factory, app: Any
) -> None:
    shelf = Shelf(database, make)
    add_session(
        make, EVENING, EVENING + HOUR, brand=shelf.brand, rooms=("7001",), actual=(EVENING, EVENING + HOUR)
    )
    shelf.push(sample(shelf, "7001", 10 * MINUTE, views=80), shelf.line(27 * HOUR), days_later=3)
    own = visitor_as(app, database, "brand", language="en", brand_id=shelf.brand.id)
    table = read_table(own.get(f"/brand/sheet?first={day(6)}&last={day(7)}&format=csv").data)
    views = table.header.index("Views")
    first = table.rows[0][1]
    assert (first[0], first[views]) == (str(day(6)), "80")
