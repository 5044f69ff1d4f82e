"""What changed at a platform is listed page by page: none is passed over, and nothing is listed twice for nothing."""

from typing import Any

import pytest

from tests.platform_kit import SHOP, Account, douyin_order, tiktok_order


def test_a_listing_finds_what_no_push_told_of_page_by_page_and_goes_on_where_it_broke_off(tiktok):
    for place in range(5):
        number = f"57{place}"
        tiktok.fake.orders[number] = tiktok_order(tiktok.now - 100 + place, number)
    # The second page is refused: the first must not be asked for again.
    tiktok.fake.troubles = []
    usual = tiktok.fake.answer
    calls: list[str] = []

    def once_away(method: str, path: str, query: dict[str, str], *rest: Any) -> Any:
        if path.endswith("/orders/search"):
            calls.append(query.get("page_token", "0"))
            if len(calls) == 2:
                return 500, {}
        return usual(method, path, query, *rest)

    tiktok.fake.answer = once_away
    # No shop is named by a listing: an account of one shop has it.
    tiktok.sql("INSERT INTO shop (platform, external_id, name) VALUES ('tiktok_shop', :shop, 'x')", shop=SHOP)
    tiktok.sql("UPDATE connector SET shop_ids = ARRAY(SELECT id FROM shop) WHERE id = :id", id=tiktok.id)
    tiktok.run()
    assert (calls, tiktok.health().error, tiktok.lines()) == (["0", "2"], "away", {})
    assert tiktok.health().listed_through is None
    tiktok.run()
    assert calls == ["0", "2", "2", "4"]
    assert len(tiktok.lines()) == 10
    state = tiktok.health()
    assert (state.error, state.details_waiting, state.details_given_up) == (None, 0, 0)
    assert state.listed_through is not None
    # Fifty at a time: five orders were one request.
    assert tiktok.fake.times("/order/202309/orders") == 1


def listed(account: Account) -> set[str]:
    """Orders that are asked for, or were told already."""
    told = {one["parent_order_id"] for one in account.lines().values()}
    return told | {ref for _, ref, *_ in account.asks()}


def test_a_listing_that_moves_up_while_it_is_paged_leaves_no_order_out(douyin):
    for place in range(250):
        number = f"69200{place:04}0"
        douyin.fake.orders[number] = douyin_order(douyin.now - 400 + place, number)
    usual = douyin.fake.answer

    def changes_meanwhile(method: str, path: str, *rest: Any) -> Any:
        answer = usual(method, path, *rest)
        if path.endswith("/searchList"):
            # The oldest ten of the page are changed again, and leave the span that is being read.
            for one in answer[1]["data"]["shop_order_list"][:10]:
                douyin.fake.orders[one["order_id"]] = douyin_order(douyin.now + 60, one["order_id"])
        return answer

    douyin.fake.answer = changes_meanwhile
    douyin.run()
    assert listed(douyin) == set(douyin.fake.orders)
    assert douyin.health().listed_through is not None


@pytest.mark.parametrize("apart", [0, 1, 150])
def test_a_listing_of_more_orders_than_the_platform_pages_to_is_read_whole(douyin, apart):
    """So many of one second, of one second each, and of few seconds."""
    for place in range(360):
        number = f"69200{place:04}0"
        at = douyin.now - 400 + (place // apart if apart else 0)
        douyin.fake.orders[number] = douyin_order(at, number)
    # Within one second pages must be counted.
    douyin.fake.most_pages = 4 if not apart else 2
    douyin.run()
    assert listed(douyin) == set(douyin.fake.orders)
    state = douyin.health()
    assert (state.error, state.listed_through is not None) == (None, True)


def test_what_only_a_listing_brought_counts_as_data_and_tells_how_late_it_came(tiktok):
    tiktok.fake.orders["1"] = tiktok_order(tiktok.now - 600, "1", shop_id=SHOP)
    assert (tiktok.health().last_event_at, tiktok.health().lag_seconds) == (None, None)
    tiktok.run()
    state = tiktok.health()
    assert state.last_event_at is not None
    assert state.lag_seconds in range(600, 660)
