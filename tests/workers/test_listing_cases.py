"""After-sale cases are listed as orders are: one whose push was lost is found, and none is passed over meanwhile."""

from datetime import timedelta
from typing import Any

import pytest

from campaign.connectors import turns
from campaign.kit import clock
from tests.http.test_platform_pushes import messages, notice, to_douyin, to_tiktok
from tests.platform_kit import SHOP, Account, douyin_case, douyin_order, tiktok_case, tiktok_order
from tests.sales_kit import assert_reconciled

NUMBER = "6920000000000000001"
LINE = "6920000000000000009"


def refunds(account: Account) -> dict[str, tuple[int, str]]:
    """Amount and status of each refund that was told."""
    rows = account.sql("SELECT refund_id, state FROM refund")
    told = {
        number: {name: value for layer in state["layers"] for name, value in layer[4].items()}
        for number, state in rows
    }
    return {number: (one["amount_fen"], one["status"]) for number, one in told.items()}


def known_cases(account: Account) -> set[str]:
    """Cases that are asked for, or were told already."""
    return set(refunds(account)) | {ref for subject, ref, *_ in account.asks() if subject == "aftersale"}


def many_cases(account: Account, count: int, apart: int = 1) -> None:
    """So many, `apart` of each second; the platform tells them in no order of its own."""
    for place in sorted(range(count), key=lambda one: one * 7919 % count):
        number = 700_000 + place
        at = account.now - 500 + place // apart
        account.fake.cases[str(number)] = douyin_case(at, after_sale_id=number)


def test_a_refund_of_douyin_whose_push_was_lost_is_found_by_the_listing(douyin):
    """By an account of any shop: the listing names none, its order's is taken."""
    douyin.fake.orders[NUMBER] = douyin_order(douyin.now - 600)
    to_douyin(douyin.client, douyin.path, messages(("101", "m1", {"p_id": int(NUMBER), "shop_id": 4463798})))
    douyin.run()
    assert (len(douyin.lines()), refunds(douyin)) == (1, {})
    with clock.travel(timedelta(minutes=6)):
        douyin.fake.cases["7001"] = douyin_case(douyin.now + 60)
        douyin.run()
    assert refunds(douyin) == {"7001": (50_000, "success")}
    assert (douyin.asks(), douyin.fake.refused, douyin.health().error) == ([], [], None)
    assert douyin.sql("SELECT sum(refund_post_ship_fen + refund_post_receipt_fen + refund_pre_ship_fen)"
                      " FROM sales_day WHERE basis = 'cohort'") == [(50_000,)]  # fmt: skip
    assert_reconciled(douyin.database)


def test_a_return_of_tiktok_whose_notice_was_lost_is_found_by_the_listing(tiktok):
    tiktok.fake.orders["1"] = tiktok_order(tiktok.now - 600, "1", shop_id=SHOP)
    for place in range(5):
        tiktok.fake.cases[f"40{place}"] = tiktok_case(tiktok.now - 300 + place, f"40{place}", "1")
    tiktok.run()
    assert refunds(tiktok) == {f"r40{place}": (5_000, "success") for place in range(5)}
    assert (tiktok.asks(), tiktok.fake.refused, tiktok.health().error) == ([], [], None)
    assert_reconciled(tiktok.database)


def test_an_account_that_was_there_before_cases_were_listed_looks_for_those_lost_since_then(douyin):
    douyin.fake.orders[NUMBER] = douyin_order(douyin.now - 600)
    douyin.run()
    # As its row stands after the migration.
    douyin.sql(
        "UPDATE connector_pull SET opened_at = opened_at - interval '10 days', listed_through = now(),"
        " cases_through = NULL"
    )
    douyin.fake.cases["7001"] = douyin_case(douyin.now - 9 * 86_400)
    douyin.run()
    assert set(refunds(douyin)) == {"7001"}
    asked = [given["update_start_time"] for path, given in douyin.fake.asked if path == "/afterSale/List"]
    assert abs(asked[-1] - (douyin.now - 11 * 86_400)) < 60
    # A very old one does not ask for years.
    douyin.sql("UPDATE connector_pull SET opened_at = opened_at - interval '2 years', cases_through = NULL")
    douyin.run()
    asked = [given["update_start_time"] for path, given in douyin.fake.asked if path == "/afterSale/List"]
    assert abs(asked[-1] - (douyin.now - turns.FARTHEST_LOOK.total_seconds())) < 60


def test_a_listing_of_cases_goes_on_at_the_page_where_it_broke_off(tiktok):
    tiktok.fake.orders["1"] = tiktok_order(tiktok.now - 600, "1", shop_id=SHOP)
    for place in range(5):
        tiktok.fake.cases[f"40{place}"] = tiktok_case(tiktok.now - 300 + place, f"40{place}", "1")
    usual = tiktok.fake.answer
    calls: list[str] = []

    def once_away(method: str, path: str, query: dict[str, str], headers: Any, body: bytes) -> Any:
        if path.endswith("/returns/search") and b"update_time_ge" in body:
            calls.append(query.get("page_token", "0"))
            if len(calls) == 2:
                return 500, {}
        return usual(method, path, query, headers, body)

    tiktok.fake.answer = once_away
    tiktok.run()
    state = tiktok.health()
    assert (calls, state.error, state.cases_listed_through) == (["0", "2"], "away", None)
    assert state.listed_through is not None, "orders were listed, and are not listed anew"
    tiktok.run()
    assert calls == ["0", "2", "2", "4"]
    assert tiktok.fake.times("/order/202309/orders/search") == 1
    assert len(refunds(tiktok)) == 5
    assert tiktok.health().cases_listed_through is not None


def test_cases_that_change_while_they_are_paged_leave_none_out(douyin):
    many_cases(douyin, 250)
    usual = douyin.fake.answer

    def changes_meanwhile(method: str, path: str, *rest: Any) -> Any:
        answer = usual(method, path, *rest)
        if path.endswith("/List"):
            # The oldest ten of the page are changed again, and leave the span that is being read.
            for one in answer[1]["data"]["items"][:10]:
                number = one["aftersale_info"]["aftersale_id"]
                douyin.fake.cases[number] = douyin_case(douyin.now + 60, after_sale_id=int(number))
        return answer

    douyin.fake.answer = changes_meanwhile
    douyin.run()
    assert known_cases(douyin) == set(douyin.fake.cases)
    assert douyin.health().cases_listed_through is not None


@pytest.mark.parametrize("tells_total", [True, False])
@pytest.mark.parametrize("apart", [1, 150, 400])
def test_more_cases_than_the_platform_pages_to_are_read_whole(douyin, apart, tells_total):
    """One of each second, of few seconds, and so many of one second that pages must be counted within it."""
    many_cases(douyin, 360, apart)
    douyin.fake.most_case_pages = 4 if apart == 400 else 2
    douyin.fake.tells_total = tells_total
    douyin.run()
    assert known_cases(douyin) == set(douyin.fake.cases)
    state = douyin.health()
    assert (state.error, state.cases_listed_through is not None) == (None, True)


def test_a_page_that_ends_in_the_last_second_of_its_span_is_no_span_of_no_length(douyin):
    """The platform refuses one that begins where it ends: the account would stand still there for ever."""
    for place in range(150):
        number = f"69200{place:04}0"
        douyin.fake.orders[number] = douyin_order(douyin.now, number)
    douyin.sql("UPDATE connector_pull SET list_until = to_timestamp(:now)", now=douyin.now)
    douyin.run()
    state = douyin.health()
    assert (state.error, state.listed_through is not None) == (None, True)


def test_an_account_that_may_list_orders_alone_goes_on_with_them_and_says_what_is_refused(douyin):
    douyin.fake.orders[NUMBER] = douyin_order(douyin.now - 60)
    douyin.fake.may_list_cases = False
    douyin.run()
    state = douyin.health()
    assert (len(douyin.lines()), state.listed_through is not None) == (1, True)
    assert (state.error, state.cases_listed_through) == ("refused", None)
    assert "permission" in state.error_said
    assert douyin.sql("SELECT complete_through FROM shop_progress") == [(None,)], "refunds may be missing"
    with clock.travel(timedelta(minutes=6)):
        douyin.fake.may_list_cases = True
        douyin.run()
    assert douyin.health().error is None
    assert douyin.sql("SELECT complete_through IS NOT NULL FROM shop_progress") == [(True,)]


def test_what_is_complete_ends_where_cases_were_listed_to_and_before_one_that_is_not_told(tiktok):
    tiktok.fake.orders["1"] = tiktok_order(tiktok.now - 60, "1", shop_id=SHOP)
    to_tiktok(tiktok.client, tiktok.path, notice(tiktok.now, order_id="1"))
    tiktok.run()

    def complete() -> Any:
        ((through,),) = tiktok.sql("SELECT complete_through FROM shop_progress")
        return through

    first = complete()
    assert first == min(tiktok.health().listed_through, tiktok.health().cases_listed_through)
    usual = tiktok.fake.answer
    tiktok.fake.answer = lambda method, path, *rest: (
        (500, {}) if path.endswith("/returns/search") else usual(method, path, *rest)
    )
    with clock.travel(timedelta(minutes=6)):
        tiktok.run()
        assert tiktok.health().listed_through > first
        assert complete() == first, "orders alone were listed"
        tiktok.fake.answer = usual
        lost = tiktok.now + 30
        tiktok.fake.cases["404"] = tiktok_case(lost, "404", "1")
        tiktok.fake.cases["404"]["return_line_items"][0]["refund_amount"]["refund_subtotal"] = "9.999"
        tiktok.run()
        assert int(complete().timestamp()) == lost - 1
