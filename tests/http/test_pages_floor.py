"""The floor and its wall: every room on air at a glance, polled, with what rings."""

import re
from datetime import timedelta

import pytest

from campaign.kit import ids
from campaign.live import alerts
from tests.factory import HUB
from tests.sales_kit import add_session, change_session
from tests.workers.test_sales_tasks import HOUR, event, now, push
from workers import sales as tasks

__all__ = ["now"]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def rooms(now, database, make):
    """Two shows of two shops; their ids."""
    found = []
    for number in (1, 2):
        brand = make.brand()
        make.shop(brand=brand, external_id=f"400{number}")
        account = make.account(external_id=f"a{number}")
        began = now - HOUR
        found.append(
            add_session(
                make, began, now + HOUR, brand=brand, account=account, state="live", actual=(began, None)
            )
        )
    return found


def sell(database, room, number, at, **given):
    push(database, event(number, at, **{"shop_id": f"400{room}", "author_id": f"a{room}"} | given))
    tasks.fold()


def room_of(text, session_id):
    key = ids.public("ses", session_id)
    return re.search(rf'<section[^>]*data-key="{key}".*?</section>', text, re.S)[0]


@pytest.mark.parametrize("path", ["/hub/live", "/hub/live/wall", "/hub/live/now"])
def test_each_room_shows_its_own_and_the_head_all_of_them(now, database, planner, rooms, path):
    sell(database, 1, 1, now - MINUTE)
    sell(database, 2, 2, now - MINUTE, paid_fen=30000)
    text = planner.get(path).text
    assert 'title="¥100.00"' in room_of(text, rooms[0])
    assert 'title="¥300.00"' in room_of(text, rooms[1])
    assert 'title="¥400.00"' in re.search(r'data-part="sums".*?</dl>', text, re.S)[0]
    assert "<path" in room_of(text, rooms[0])


def test_an_order_over_two_shows_is_in_each_and_the_head_adds_lines(now, database, planner, rooms):
    """Distinct counts are never added: the head says how many lines there were."""
    sell(database, 1, 1, now - MINUTE, parent_order_id="o1")
    sell(database, 1, 2, now - MINUTE, parent_order_id="o1")
    sell(database, 1, 3, now - MINUTE, parent_order_id="o1", author_id="a2")
    tasks.project()
    text = planner.get("/hub/live/now").text
    head = re.search(r'data-part="sums".*?</dl>', text, re.S)[0]
    assert re.findall(r"<dt>([^<]+)</dt><dd[^>]*>([^<]+)<", head)[0] == ("Order lines", "3")
    for room in rooms:
        assert re.search(r">1<small>Orders", room_of(text, room))


def test_currencies_are_not_added(now, database, planner, rooms):
    sell(database, 1, 1, now - MINUTE)
    sell(database, 2, 2, now - MINUTE, currency="USD", paid_fen=30000)
    head = re.search(r'data-part="sums".*?</dl>', planner.get("/hub/live/now").text, re.S)[0]
    assert re.findall(r'title="([^"]+)"', head) == ["$300.00", "¥100.00"]


def test_who_polls_is_told_of_changes_alone(now, database, planner, rooms):
    sell(database, 1, 1, now - MINUTE)
    first = planner.get("/hub/live/now")
    asked = {"If-None-Match": first.headers["ETag"], "Accept-Language": "en"}
    assert planner.client.get("/hub/live/now", headers=asked).status_code == 304
    sell(database, 1, 2, now - MINUTE)
    assert planner.client.get("/hub/live/now", headers=asked).status_code == 200


def test_a_room_that_goes_off_air_leaves_the_wall(now, database, planner, rooms):
    change_session(database, rooms[0], state="ended", actual_ends_at=now)
    text = planner.get("/hub/live/now").text
    assert re.findall(r'data-key="([^"]+)"', text) == [ids.public("ses", rooms[1])]


def test_what_rings_is_marked_and_counted_until_somebody_sees_to_it(now, database, planner, rooms):
    sell(database, 2, 1, now - MINUTE)
    tasks.watch()  # an hour on air, and room 1 has sold nothing
    text = planner.get("/hub/live/now").text
    assert "Nothing is sold" in room_of(text, rooms[0])
    assert "rings-now" in room_of(text, rooms[0])
    assert "Nothing is sold" not in room_of(text, rooms[1])
    assert re.search(r'class="is-bad"><dt>Alerts nobody sees to</dt><dd class="fig">1<', text)
    with database.transaction(HUB) as db:
        alerts.acknowledge(db, HUB, alerts.open_alerts(db, HUB)[0].id)
    text = planner.get("/hub/live/now").text
    assert "rings-now" not in room_of(text, rooms[0])
    assert "sees to it" in room_of(text, rooms[0])
    assert re.search(r'<dt>Alerts nobody sees to</dt><dd class="fig">0<', text)


def test_the_floor_takes_as_many_statements_for_two_rooms_as_for_one(
    now, database, planner, rooms, statements
):
    planner.get("/hub/live/now")
    with statements() as two:
        planner.get("/hub/live/now")
    change_session(database, rooms[0], state="ended", actual_ends_at=now)
    with statements() as one:
        planner.get("/hub/live/now")
    # Figures that are not in Redis yet are read from SQL room by room: three statements.
    assert len(two) - len(one) <= 3


def test_the_wall_is_dark_by_itself_and_for_the_hub_alone(planner, client):
    assert 'data-theme="dark"' in planner.get("/hub/live/wall").text
    assert client.get("/hub/live/wall").status_code == 302
