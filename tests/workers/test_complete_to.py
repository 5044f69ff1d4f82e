"""How far a pulled shop's data goes: never past an order whose detail is still to come, else as far as was listed."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.accounts.models import Connector
from campaign.connectors import health
from campaign.kit import clock
from campaign.kit.errors import Invalid
from campaign.sales.asks import STEPS
from tests.factory import HUB
from tests.http.test_platform_pushes import messages, notice, to_douyin, to_tiktok
from tests.platform_kit import SHOP, Account, douyin_order, tiktok_order

SECOND = timedelta(seconds=1)


def complete(account: Account) -> datetime | None:
    ((through,),) = account.sql("SELECT complete_through FROM shop_progress")
    return through


def moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


@pytest.fixture
def two_orders(tiktok):
    """The older one cannot be read yet; gives when it changed."""
    older = tiktok.now - 3600
    for number, at in (("1", older), ("2", tiktok.now - 60)):
        tiktok.fake.orders[number] = tiktok_order(at, number, shop_id=SHOP)
    tiktok.fake.orders["1"]["line_items"][0]["sale_price"] = "9.999"
    return older


def test_an_order_that_was_listed_and_cannot_be_read_ends_what_is_complete(tiktok, two_orders):
    tiktok.run()
    assert sorted(tiktok.lines()) == ["2-1", "2-2"]
    assert complete(tiktok) == moment(two_orders) - SECOND
    tiktok.fake.orders["1"]["line_items"][0]["sale_price"] = "99.99"
    tiktok.run()
    assert len(tiktok.lines()) == 4
    assert complete(tiktok) == tiktok.health().listed_through


def test_one_that_was_given_up_ends_it_too(tiktok, two_orders):
    for _ in range(len(STEPS) + 1):
        tiktok.run()
    assert tiktok.health().details_given_up == 1
    assert complete(tiktok) == moment(two_orders) - SECOND


def test_a_notice_that_comes_late_tells_when_its_order_changed(tiktok):
    tiktok.run()  # from here on nothing is listed for five minutes
    tiktok.fake.orders["2"] = tiktok_order(tiktok.now, "2", shop_id=SHOP)
    for number, at in (("1", tiktok.now - 1800), ("2", tiktok.now)):
        body = notice(tiktok.now, f"n{number}", order_id=number, update_time=at)
        assert to_tiktok(tiktok.client, tiktok.path, body).status_code == 200
    tiktok.run()
    assert [ref for _, ref, *_ in tiktok.asks()] == ["1"]
    assert complete(tiktok) == moment(tiktok.now - 1800) - SECOND


def test_an_order_that_changes_again_waits_since_its_first_change(tiktok, two_orders):
    tiktok.run()
    to_tiktok(tiktok.client, tiktok.path, notice(tiktok.now, order_id="1", update_time=tiktok.now))
    tiktok.run()
    assert complete(tiktok) == moment(two_orders) - SECOND


def test_another_shops_order_ends_nothing(douyin):
    number, other = "6920000000000000001", "6920000000000000011"
    douyin.fake.orders[number] = douyin_order(douyin.now, number)
    told = [
        ("101", "m1", {"p_id": int(number), "shop_id": 4463798, "pay_time": douyin.now}),
        ("101", "m2", {"p_id": int(other), "shop_id": 99, "pay_time": douyin.now}),
    ]
    assert to_douyin(douyin.client, douyin.path, messages(*told)).status_code == 200
    douyin.run()
    assert len(douyin.asks()) == 1
    assert complete(douyin) == douyin.health().listed_through


def test_what_is_complete_goes_on_with_each_listing_though_nothing_is_sold(tiktok):
    tiktok.fake.orders["2"] = tiktok_order(tiktok.now - 60, "2", shop_id=SHOP)
    tiktok.run()
    first = complete(tiktok)
    with clock.travel(timedelta(minutes=6)):
        tiktok.run()
    assert complete(tiktok) == tiktok.health().listed_through
    assert complete(tiktok) - first >= timedelta(minutes=6)
    ((received_at,),) = tiktok.sql("SELECT received_at FROM shop_progress")
    assert received_at - first < timedelta(minutes=1), "nothing was received"


def test_a_listing_that_broke_off_completes_nothing(tiktok):
    tiktok.fake.orders["2"] = tiktok_order(tiktok.now - 60, "2", shop_id=SHOP)
    to_tiktok(tiktok.client, tiktok.path, notice(tiktok.now, order_id="2"))
    tiktok.fake.troubles = [(500, {})]
    tiktok.run()
    assert tiktok.sql("SELECT complete_through FROM shop_progress") == []
    tiktok.run()
    assert complete(tiktok) == tiktok.health().listed_through


def given_up(tiktok):
    for _ in range(len(STEPS) + 1):
        tiktok.run()
    assert (tiktok.health().details_given_up, tiktok.health().details_left) == (1, 0)


def test_one_that_a_person_leaves_ends_it_no_longer_and_is_counted(tiktok, two_orders):
    given_up(tiktok)
    assert complete(tiktok) == moment(two_orders) - SECOND
    assert leave(tiktok, "平台已删除") == 1
    state = tiktok.health()
    assert complete(tiktok) == min(state.listed_through, state.cases_listed_through)
    assert (state.details_given_up, state.details_left, state.is_well) == (0, 1, True)
    ((who, detail),) = tiktok.sql(
        "SELECT actor_name, detail FROM audit_entry WHERE action = 'connector.details_left'"
    )
    assert (who, detail) == ("hub tester", {"reason": "平台已删除", "count": 1, "details": [["order", "1"]]})
    # Not asked for, and not taken up with what is given up later.
    tiktok.run()
    assert tiktok.lines().keys() == {"2-1", "2-2"}
    with tiktok.database.transaction(HUB) as db:
        assert health.ask_again(db, HUB, db.get_one(Connector, tiktok.id)) == 0
    with pytest.raises(health.NothingGivenUp):
        leave(tiktok, "再来")


def test_one_that_still_waits_cannot_be_left_and_a_reason_is_needed(tiktok, two_orders):
    tiktok.run()
    with pytest.raises(health.NothingGivenUp):
        leave(tiktok, "不等了")
    with pytest.raises(health.NothingGivenUp):
        leave(tiktok, "不等了", named=[("order", "1")])
    with pytest.raises(Invalid):
        leave(tiktok, "")
    assert complete(tiktok) == moment(two_orders) - SECOND


def test_one_that_was_left_is_asked_for_again_by_name_and_counts_once_it_is_told(tiktok, two_orders):
    given_up(tiktok)
    leave(tiktok, "先放下", named=[("order", "1"), ("order", "2")])
    through = complete(tiktok)
    tiktok.fake.orders["1"]["line_items"][0]["sale_price"] = "99.99"
    with tiktok.database.transaction(HUB) as db:
        connector = db.get_one(Connector, tiktok.id)
        assert health.ask_again(db, HUB, connector, named=[("order", "1")]) == 1
        with pytest.raises(health.NothingGivenUp):
            health.ask_again(db, HUB, connector, named=[("order", "2")])
    assert (tiktok.health().details_waiting, tiktok.health().details_left) == (1, 0)
    tiktok.run()
    assert len(tiktok.lines()) == 4
    # What was complete is not taken back.
    assert complete(tiktok) >= through


def test_a_later_change_of_what_was_left_is_asked_for_as_any_other(tiktok, two_orders):
    given_up(tiktok)
    leave(tiktok, "先放下")
    body = notice(tiktok.now, order_id="1", update_time=tiktok.now - 5)
    assert to_tiktok(tiktok.client, tiktok.path, body).status_code == 200
    state = tiktok.health()
    assert (state.details_waiting, state.details_left) == (1, 0)
    tiktok.run()
    ((changed,),) = tiktok.sql("SELECT changed_at FROM detail_ask WHERE ref = '1'")
    assert changed == moment(tiktok.now - 5)


def leave(account, reason, **more):
    with account.database.transaction(HUB) as db:
        return health.leave(db, HUB, db.get_one(Connector, account.id), reason=reason, **more)
