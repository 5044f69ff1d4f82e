"""Details of orders and cases: asked for with each push, signed, paged, backed off, taken up again, counted once."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from campaign.accounts.models import Connector
from campaign.connectors import health, pulling, turns
from campaign.connectors.platforms import credentials_of, renew_path
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.sales.asks import STEPS
from config.periodic import PERIODIC
from tests.factory import HUB
from tests.fakes.platforms import KEY, SECRET
from tests.http.test_platform_pushes import messages, notice, to_douyin, to_tiktok
from tests.platform_kit import ORDER, ROOM, SHOP, douyin_case, douyin_order, tiktok_order
from tests.sales_kit import assert_reconciled, fold_all
from workers import connectors


@pytest.mark.usefixtures("at_work")
def test_the_task_stands_in_the_table_of_periodic_jobs_and_may_come_with_nothing_to_do():
    assert connectors.pull.name in PERIODIC
    connectors.pull()


def test_a_notice_of_tiktok_brings_its_orders_lines_with_their_money(tiktok):
    tiktok.fake.orders[ORDER] = tiktok_order(tiktok.now)
    answer = to_tiktok(tiktok.client, tiktok.path, notice(tiktok.now, order_id=ORDER))
    assert answer.status_code == 200, answer.json
    assert tiktok.asks() == [("order", ORDER, 0, False, None)]
    tiktok.run()
    lines = tiktok.lines()
    assert sorted(lines) == [f"{ORDER}-1", f"{ORDER}-2"]
    told = [(one["paid_fen"], one["shipping_fen"], one["tax_fen"]) for _, one in sorted(lines.items())]
    assert told == [(9999, 251, 802), (9999, 250, 801)]
    first = lines[f"{ORDER}-1"]
    assert (first["status"], first["qty"], first["currency"], first["room_id"]) == ("paid", 1, "USD", ROOM)
    assert (first["list_fen"], first["discount_shop_fen"], first["traffic"]) == (12_000, 1_501, "live")
    assert (tiktok.asks(), tiktok.fake.refused) == ([], [])
    assert_reconciled(tiktok.database)
    ((kept,),) = tiktok.sql("SELECT string_agg(payload::text, '') FROM sale_event")
    assert "Jo Doe" not in kept
    assert "5550100" not in kept
    tiktok.run()
    assert tiktok.sql("SELECT count(*) FROM sale_event WHERE source = 'detail'") == [(2,)]


def test_a_return_is_split_over_its_lines_and_its_notice_may_come_first(tiktok):
    tiktok.fake.cases["4035"] = {
        "return_id": "4035", "order_id": ORDER, "return_status": "RETURN_OR_REFUND_REQUEST_COMPLETE",
        "return_type": "REFUND", "create_time": tiktok.now - 5, "update_time": tiktok.now,
        "refund_amount": {"currency": "USD", "refund_subtotal": "100.01", "refund_shipping_fee": "0.01"},
        "return_line_items": [
            {"return_line_item_id": f"r{place}", "order_line_item_id": f"{ORDER}-{place}"} for place in (1, 2)
        ],
    }  # fmt: skip
    body = json.dumps(
        {"type": 67, "tts_notification_id": "n67", "shop_id": SHOP, "timestamp": tiktok.now}
        | {"data": {"aftersales_request_id": "4035"}}
    ).encode()
    assert to_tiktok(tiktok.client, tiktok.path, body).status_code == 200
    tiktok.run()
    tiktok.fake.orders[ORDER] = tiktok_order(tiktok.now)
    assert to_tiktok(tiktok.client, tiktok.path, notice(tiktok.now, order_id=ORDER)).status_code == 200
    tiktok.run()
    rows = tiktok.sql("SELECT refund_id, line_id, state FROM refund ORDER BY 1")
    told = [(row[0], row[1], row[2]["layers"][0][4]["amount_fen"]) for row in rows]
    assert told == [("r1", f"{ORDER}-1", 5001), ("r2", f"{ORDER}-2", 5000)]
    assert_reconciled(tiktok.database)


def test_tokens_that_ended_are_renewed_and_kept_sealed(tiktok):
    tiktok.fake.end_token()
    tiktok.fake.orders[ORDER] = tiktok_order(tiktok.now)
    to_tiktok(tiktok.client, tiktok.path, notice(tiktok.now, order_id=ORDER))
    tiktok.run()
    assert (len(tiktok.lines()), tiktok.fake.renewed) == (2, 1)
    with tiktok.database.transaction(SYSTEM) as db:
        connector = db.get_one(Connector, tiktok.id)
        (given,) = credentials_of(connector, secret_key=tiktok.settings.secret_key, now=clock.now(db))
        assert (given.access_token, given.refresh_token) == (tiktok.fake.token, tiktok.fake.refresh_token)
        assert given.token_until > clock.now(db).isoformat()
        assert tiktok.fake.token.encode() not in connector.secret_sealed


def test_a_push_path_made_anew_while_tokens_are_renewed_stands_and_so_do_the_tokens(douyin, monkeypatch):
    """The old refresh token is used up by then: what the platform gave for it must not be lost."""
    settings, made = douyin.settings, list[str]()
    renew = douyin.fake._renew

    def renew_both(given):
        with douyin.database.transaction(SYSTEM) as db:
            connector = db.get_one(Connector, douyin.id)
            made.append(renew_path(db, SYSTEM, connector, secret_key=settings.secret_key))
        return renew(given)

    monkeypatch.setattr(douyin.fake, "_renew", renew_both)
    douyin.fake.end_token()
    douyin.run()
    assert len(made) == 1
    with douyin.database.transaction(SYSTEM) as db:
        connector = db.get_one(Connector, douyin.id)
        (given,) = credentials_of(connector, secret_key=settings.secret_key, now=clock.now(db))
    assert (given.access_token, given.refresh_token) == (douyin.fake.token, douyin.fake.refresh_token)
    assert made[0].endswith(given.path_token)


def test_tokens_that_cannot_be_renewed_are_said_and_the_asks_wait(tiktok):
    tiktok.fake.end_token()
    tiktok.fake.refresh_token = "another"
    to_tiktok(tiktok.client, tiktok.path, notice(tiktok.now, order_id=ORDER))
    tiktok.run()
    state = tiktok.health()
    assert (state.error, state.details_waiting) == ("refused", 1)
    assert "refresh_token is expired" in state.error_said


def test_too_many_requests_pause_the_account_as_long_as_it_asked_for(tiktok):
    tiktok.fake.orders[ORDER] = tiktok_order(tiktok.now)
    to_tiktok(tiktok.client, tiktok.path, notice(tiktok.now, order_id=ORDER))
    tiktok.fake.troubles = [(200, {"code": 36009002, "message": "too many requests"})] * 3
    waits = []
    for _ in range(3):
        tiktok.run()
        state = tiktok.health()
        assert state.error == "rate"
        assert state.paused_until is not None
        waits.append(tiktok.sql("SELECT paused_until - now() FROM connector_pull")[0][0])
    assert waits == sorted(waits)
    assert timedelta(seconds=3) < waits[0] < timedelta(seconds=7)
    before = len(tiktok.fake.asked)
    connectors.pull()
    assert len(tiktok.fake.asked) == before, "asked while it was to pause"
    tiktok.run()
    assert (len(tiktok.lines()), tiktok.health().error) == (2, None)


def test_an_order_that_is_not_there_is_given_up_in_the_end_and_taken_up_again(tiktok):
    for number in (ORDER, "404"):
        to_tiktok(tiktok.client, tiktok.path, notice(tiktok.now, f"n{number}", order_id=number))
    tiktok.fake.orders[ORDER] = tiktok_order(tiktok.now)
    tiktok.run()
    assert len(tiktok.lines()) == 2
    assert tiktok.asks() == [("order", "404", 1, False, "not_there")]
    for _ in STEPS:
        tiktok.run()
    assert (tiktok.health().details_given_up, tiktok.health().details_waiting) == (1, 0)
    with tiktok.database.transaction(SYSTEM) as db:
        failing = health.failing(db, SYSTEM, db.get_one(Connector, tiktok.id))
        assert [(one.ref, one.reason, one.said) for one in failing] == [("404", "not_there", "")]
        assert health.ask_again(db, SYSTEM, db.get_one(Connector, tiktok.id)) == 1
    tiktok.fake.orders["404"] = tiktok_order(tiktok.now, "404")
    tiktok.run()
    assert (tiktok.asks(), len(tiktok.lines())) == ([], 4)


def test_one_order_that_cannot_be_read_keeps_none_of_its_neighbours_waiting(tiktok):
    for number in ("1", "2", "3"):
        to_tiktok(tiktok.client, tiktok.path, notice(tiktok.now, f"n{number}", order_id=number))
        tiktok.fake.orders[number] = tiktok_order(tiktok.now, number)
    tiktok.fake.orders["2"]["line_items"][0]["sale_price"] = "9.999"
    tiktok.run()
    assert sorted(tiktok.lines()) == ["1-1", "1-2", "3-1", "3-2"]
    ((_, ref, _, _, error),) = tiktok.asks()
    assert (ref, error) == ("2", "unreadable amount '9.999'")


@pytest.mark.parametrize("text", ["Jacket\x00", "Jacket \ud800"])
def test_an_order_with_text_that_cannot_be_stored_keeps_none_of_its_neighbours_waiting(tiktok, text):
    for number in ("1", "2"):
        to_tiktok(tiktok.client, tiktok.path, notice(tiktok.now, f"n{number}", order_id=number))
        tiktok.fake.orders[number] = tiktok_order(tiktok.now, number)
    tiktok.fake.orders["2"]["line_items"][0]["product_name"] = text
    tiktok.fake.ascii = True
    tiktok.run()
    assert sorted(tiktok.lines()) == ["1-1", "1-2"]
    ((_, ref, _, _, error),) = tiktok.asks()
    assert (ref, error) == ("2", "unreadable text")
    assert tiktok.health().error is None


def test_an_order_of_a_shop_that_the_account_does_not_feed_is_shown_and_not_struck_off(tiktok):
    given = {"p": "tiktok_shop", "shop": SHOP}
    tiktok.sql("INSERT INTO shop (platform, external_id, name) VALUES (:p, :shop, 'x')", **given)
    tiktok.sql("UPDATE connector SET shop_ids = ARRAY(SELECT id FROM shop) WHERE id = :id", id=tiktok.id)
    tiktok.fake.orders["1"] = tiktok_order(tiktok.now - 60, "1")
    tiktok.fake.orders["2"] = tiktok_order(tiktok.now - 60, "2", shop_id="9999")
    tiktok.run()
    assert sorted(tiktok.lines()) == ["1-1", "1-2"]
    ((_, ref, _, _, error),) = tiktok.asks()
    assert (ref, error) == ("2", "no_shop 9999")


def test_a_fault_of_ours_pauses_the_account_and_the_page_says_so(tiktok, monkeypatch):
    tiktok.fake.orders["1"] = tiktok_order(tiktok.now, "1")
    to_tiktok(tiktok.client, tiktok.path, notice(tiktok.now, order_id="1"))

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(pulling, "ingest", broken)
        tiktok.run()
        state = tiktok.health()
        assert (state.error, state.paused_until is not None, state.details_waiting) == ("failed", True, 1)
        before = len(tiktok.fake.asked)
        connectors.pull()
        assert len(tiktok.fake.asked) == before, "asked while it was to pause"
    tiktok.run()
    assert (len(tiktok.lines()), tiktok.health().error) == (2, None)


def test_an_order_pushed_again_while_it_is_asked_for_is_asked_for_again(tiktok):
    tiktok.fake.orders[ORDER] = tiktok_order(tiktok.now)
    to_tiktok(tiktok.client, tiktok.path, notice(tiktok.now, order_id=ORDER))
    usual = tiktok.fake.answer

    def pushed_meanwhile(method: str, path: str, *rest: Any) -> Any:
        told = usual(method, path, *rest)
        if method == "GET" and tiktok.fake.times(path) == 1:
            told = json.loads(json.dumps(told))
            with_second = notice(tiktok.now + 1, "n2", order_id=ORDER)
            to_tiktok(tiktok.client, tiktok.path, with_second)
            tiktok.fake.orders[ORDER] = tiktok_order(tiktok.now + 1, status="IN_TRANSIT")
            for line in tiktok.fake.orders[ORDER]["line_items"]:
                line["display_status"] = "IN_TRANSIT"
        return told

    tiktok.fake.answer = pushed_meanwhile
    tiktok.run()
    tiktok.run()
    assert {one["status"] for one in tiktok.lines().values()} == {"shipped"}
    assert tiktok.asks() == []


def test_a_detail_stands_above_the_pushes_of_its_line(douyin):
    number = "6920000000000000001"
    douyin.fake.orders[number] = douyin_order(douyin.now)
    body = messages(("101", "m1", {"p_id": int(number), "shop_id": 4463798, "pay_time": douyin.now}))
    assert to_douyin(douyin.client, douyin.path, body).status_code == 200
    douyin.run()
    (line,) = douyin.lines().values()
    assert (line["paid_fen"], line["order_fen"], line["shipping_fen"]) == (128_000, 128_000, 1_000)
    assert (line["list_fen"], line["qty"], line["author_id"], line["room_id"]) == (140_000, 2, "99", ROOM)
    assert douyin.fake.refused == []
    assert_reconciled(douyin.database)


def test_a_case_of_douyin_tells_the_goods_apart_from_the_freight_that_its_push_adds_up(douyin):
    number = "6920000000000000001"
    douyin.fake.orders[number] = douyin_order(douyin.now)
    douyin.fake.cases["7001"] = douyin_case(douyin.now)
    told = {"p_id": int(number), "s_id": 6920000000000000009, "shop_id": 4463798, "success_time": douyin.now}
    body = messages(
        ("101", "m1", told),
        ("206", "m2", told | {"aftersale_id": 7001, "refund_amount": 51_000, "reason_code": 3}),
    )
    assert to_douyin(douyin.client, douyin.path, body).status_code == 200
    fold_all(douyin.database)
    douyin.run()
    ((state,),) = douyin.sql("SELECT state FROM refund")
    decided = {name: value for layer in state["layers"] for name, value in layer[4].items()}
    assert (decided["amount_fen"], decided["shipping_fen"], decided["status"]) == (50_000, 1_000, "success")
    assert_reconciled(douyin.database)


@pytest.mark.parametrize(("main", "stage"), [(21, "pre_ship"), (22, "post_ship"), (39, "post_receipt")])
def test_a_line_of_douyin_that_was_paid_back_whole_is_refunded_by_what_was_paid(douyin, main, stage):
    number = "6920000000000000001"
    douyin.fake.orders[number] = douyin_order(douyin.now, main_status=main, order_status=4)
    to_douyin(douyin.client, douyin.path, messages(("106", "m1", {"p_id": int(number), "shop_id": 4463798})))
    douyin.run()
    (line,) = douyin.lines().values()
    assert (line["refunded_whole"], line["refunded_stage"], line["paid_fen"]) == (True, stage, 128_000)
    query = f"SELECT sum(paid_fen), sum(refund_{stage}_fen) FROM sales_day WHERE basis = 'cohort'"
    assert douyin.sql(query) == [(128_000, 128_000)]
    assert_reconciled(douyin.database)


def test_the_test_button_says_whether_the_platform_answers(douyin):
    def tried() -> health.Health:
        with douyin.database.transaction(SYSTEM) as db:
            health.ask_test(db, SYSTEM, db.get_one(Connector, douyin.id))
        assert douyin.health().test_pending
        connectors.pull()
        return douyin.health()

    state = tried()
    assert (state.test_pending, state.test_error, state.tested_at is not None) == (False, None, True)
    douyin.fake.end_token()
    douyin.fake.refresh_token = "another"
    state = tried()
    assert (state.test_error, "refresh_token" in state.test_said) == ("refused", True)


def test_an_account_is_asked_by_one_worker_at_a_time_and_free_again_after_a_kill(tiktok, database):
    with database.transaction(SYSTEM) as db:
        assert turns.begin(db, SYSTEM, tiktok.id) is not None
        assert turns.begin(db, SYSTEM, tiktok.id) is None
        db.execute(text("UPDATE connector_pull SET busy_until = busy_until - :lease"), {"lease": turns.LEASE})
        assert turns.begin(db, SYSTEM, tiktok.id) is not None


def test_an_address_inside_the_network_is_refused_when_it_is_given_and_when_it_is_called(
    client, database, settings, call
):
    given = {"kind": "douyin", "name": "x", "app_key": KEY, "app_secret": SECRET, "access_token": "t"}
    answer = call(HUB, "POST", "/connectors", json=given | {"base_url": "http://10.0.0.1"})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "base_url"
