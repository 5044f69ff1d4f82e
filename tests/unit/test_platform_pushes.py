"""Pushes of platforms: whose they are, and what they read as. The signatures are the platforms' published ones."""

import json

import pytest

from campaign.connectors.douyin.pushes import DOUYIN
from campaign.connectors.protocol import Credentials
from campaign.connectors.tiktok_shop.pushes import TIKTOK_SHOP
from campaign.kit.signing import BadSignature
from campaign.sales.batches import BadPush

KNOWN = Credentials("test_app_key", "test_app_secret", "token")
OTHER = Credentials("other_key", "other_secret", "token")

NOTICE = (
    b'{"type":1,"tts_notification_id":"7380000000000000001","shop_id":"7494000000000000001",'
    b'"timestamp":1762848000,"data":{"order_id":"576461413038785752","order_status":"AWAITING_SHIPMENT",'
    b'"is_on_hold_order":false,"update_time":1762848000}}'
)
NOTICE_SIGN = "a97450b8ef6e3587b798eb0d341fa58676ab749213314ff21c8b0f54a3777c7f"

MESSAGES = (
    rb'[{"tag":"101","msg_id":"6970000000000000001:0:0:123456:0","data":"{\"biz\":2,\"order_status\":2,'
    rb"\"order_type\":0,\"p_id\":6920000000000000001,\"pay_amount\":128000,\"pay_time\":1762848000,"
    rb'\"pay_type\":2,\"s_ids\":[6920000000000000001],\"shop_id\":4463798}"}]'
)
MESSAGES_SIGN = "e0f3328434b17ab67ed54999634d8c2e"
HEADERS = {"app-id": "test_app_key", "event-sign": MESSAGES_SIGN}


def test_a_notice_of_tiktok_shop_is_verified_over_its_raw_body():
    TIKTOK_SHOP.verify([OTHER, KNOWN], {"authorization": NOTICE_SIGN}, "", NOTICE)
    for known, sign, body in (
        ([OTHER], NOTICE_SIGN, NOTICE),
        ([KNOWN], NOTICE_SIGN, NOTICE + b" "),
        ([KNOWN], NOTICE_SIGN.upper(), NOTICE),
        ([KNOWN], "", NOTICE),
        ([], NOTICE_SIGN, NOTICE),
    ):
        with pytest.raises(BadSignature):
            TIKTOK_SHOP.verify(known, {"authorization": sign}, "", body)


def test_a_push_of_douyin_needs_its_sign_its_app_and_the_token_of_the_path():
    DOUYIN.verify([OTHER, KNOWN], HEADERS, "token", MESSAGES)
    for known, headers, token, body in (
        ([OTHER], HEADERS, "token", MESSAGES),
        ([KNOWN], HEADERS, "other", MESSAGES),
        ([KNOWN], HEADERS, "", MESSAGES),
        ([KNOWN], HEADERS | {"app-id": "other_key"}, "token", MESSAGES),
        ([KNOWN], HEADERS, "token", MESSAGES + b" "),
        ([KNOWN], {}, "token", MESSAGES),
    ):
        with pytest.raises(BadSignature):
            DOUYIN.verify(known, headers, token, body)


def test_a_notice_is_kept_as_it_came_under_its_notification_id():
    assert TIKTOK_SHOP.read(NOTICE).raws == [
        {
            "type": "tiktok_shop.1",
            "event_id": "7380000000000000001",
            "occurred_at": "2025-11-11T08:00:00+00:00",
            "platform": "tiktok_shop",
            "shop_id": "7494000000000000001",
            "data": json.loads(NOTICE)["data"],
        }
    ]


def test_a_message_keeps_every_digit_of_its_ids():
    (event,) = DOUYIN.read(MESSAGES).raws
    assert (event["type"], event["event_id"]) == ("douyin.101", "6970000000000000001:0:0:123456:0")
    assert (event["shop_id"], event["occurred_at"]) == ("4463798", "2025-11-11T08:00:00+00:00")
    assert event["data"]["p_id"] == 6920000000000000001


def message(tag: str, msg_id: str, data: object) -> dict[str, object]:
    return {"tag": tag, "msg_id": msg_id, "data": data if isinstance(data, str) else json.dumps(data)}


def test_a_refund_that_succeeded_is_one_and_one_that_says_too_little_is_only_kept():
    told = {"aftersale_id": 71, "p_id": 1, "s_id": 6920000000000000002, "refund_amount": 4200, "shop_id": 4}
    body = [
        message("206", "m1", told | {"success_time": 1762848000}),
        message("206", "m2", told | {"refund_amount": "4200", "success_time": 1762848000}),
    ]
    whole, bare = DOUYIN.read(json.dumps(body).encode()).raws
    said = [whole[name] for name in ("type", "refund_id", "line_id", "status", "amount_fen", "succeeded_at")]
    assert said == ["refund", "71", "6920000000000000002", "success", 4200, "2025-11-11T08:00:00+00:00"]
    assert (bare["type"], "amount_fen" in bare) == ("douyin.206", False)


def test_one_message_that_cannot_be_read_stands_alone_and_a_probe_is_nothing_to_keep():
    body = [message("0", "0", "probe"), message("100", "m1", "{"), message("999", "m2", {"shop_id": 4})]
    batch = DOUYIN.read(json.dumps(body).encode())
    assert [(one.index, one.code) for one in batch.unreadable] == [(0, "malformed")]
    assert [event and event["type"] for event in batch.raws] == [None, "douyin.999"]


@pytest.mark.parametrize("platform", [TIKTOK_SHOP, DOUYIN], ids=lambda one: one.kind)
def test_a_body_of_another_shape_is_refused(platform):
    for body in (b"", b"null", b"7", b'"x"', b"{", b"\xff", b"[" * 100):
        with pytest.raises(BadPush):
            platform.read(body)
