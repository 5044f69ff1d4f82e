"""Signatures in and out, by the vectors of their specifications and a corpus of bad ones."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from campaign.kit import signing

DATA = Path(__file__).parent.parent / "data"
KEY = b"0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BAD = [json.loads(line) for line in (DATA / "bad_signatures.jsonl").read_text().splitlines()]
TIKTOK = (
    b'{"type":1,"tts_notification_id":"7380000000000000001","shop_id":"7494000000000000001",'
    b'"timestamp":1762848000,"data":{"order_id":"576461413038785752","order_status":"AWAITING_SHIPMENT",'
    b'"is_on_hold_order":false,"update_time":1762848000}}'
)
DOUYIN = (
    rb'[{"tag":"101","msg_id":"6970000000000000001:0:0:123456:0","data":"{\"biz\":2,\"order_status\":2,'
    rb"\"order_type\":0,\"p_id\":6920000000000000001,\"pay_amount\":128000,\"pay_time\":1762848000,"
    rb'\"pay_type\":2,\"s_ids\":[6920000000000000001],\"shop_id\":4463798}"}]'
)


def test_the_vector_of_the_specification():
    secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signature = signing.sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_vector_of_tiktok_shop():
    wanted = "a97450b8ef6e3587b798eb0d341fa58676ab749213314ff21c8b0f54a3777c7f"
    assert signing.tiktok_shop_signature("test_app_key", "test_app_secret", TIKTOK) == wanted


def test_the_vector_of_douyin():
    signature = signing.douyin_signature("test_app_key", "test_app_secret", DOUYIN)
    assert signature == "e0f3328434b17ab67ed54999634d8c2e"


@pytest.mark.parametrize("row", BAD, ids=lambda row: row["name"])
def test_only_the_rightly_signed_pass(row):
    secret = (DATA / "bad_signatures.key").read_text().strip()
    now = datetime.fromtimestamp(row["now"], UTC)

    def status() -> int:
        try:
            signing.verify([secret], row["headers"], row["body"].encode(), now)
        except signing.BadSignature as error:
            return error.status
        return 200

    assert status() == row["expect"]


def test_the_public_library_accepts_what_we_sign_under_each_of_two_secrets():
    old, new = signing.new_secret(), signing.new_secret()
    stamp = int(datetime.now(UTC).timestamp())
    headers = signing.signed_headers([new, old], "evt_1", stamp, b'{"a":1}')
    assert Webhook(old).verify(b'{"a":1}', headers) == {"a": 1}
    assert Webhook(new).verify(b'{"a":1}', headers) == {"a": 1}


def test_we_accept_what_the_public_library_signs():
    secret = signing.new_secret()
    stamp = datetime.now(UTC)
    signature = Webhook(secret).sign("evt_1", stamp, "{}")
    headers = {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(int(stamp.timestamp())),
        "Webhook-Signature": signature,
    }
    assert signing.verify([signing.new_secret(), secret], headers, b"{}", stamp) == "evt_1"


def test_the_tolerance_is_five_minutes_either_way():
    secret = signing.new_secret()
    headers = signing.signed_headers([secret], "evt_1", int(NOW.timestamp()), b"{}")
    for seconds in (-300, 300):
        signing.verify([secret], headers, b"{}", NOW + timedelta(seconds=seconds))
    for seconds in (-301, 301):
        with pytest.raises(signing.BadSignature):
            signing.verify([secret], headers, b"{}", NOW + timedelta(seconds=seconds))


def test_no_secret_accepts_nothing():
    headers = signing.signed_headers([signing.new_secret()], "evt_1", int(NOW.timestamp()), b"{}")
    with pytest.raises(signing.BadSignature):
        signing.verify([], headers, b"{}", NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!!", "whsec_a"])
def test_a_malformed_secret_is_refused(secret):
    with pytest.raises(ValueError, match="secret"):
        signing.key_of(secret)


def test_matching_takes_anything():
    assert signing.matches("abc", "abc")
    assert not signing.matches("abc", None)
    assert not signing.matches("abc", "皮革\ud800")


def test_a_link_token_gives_its_numbers_back():
    token = signing.link_token(KEY, "door", 2**62, 3)
    assert signing.read_link_token(KEY, "door", token, NOW) == (2**62, 3)
    assert len(token) < 50


@pytest.mark.parametrize(
    "token",
    ["", ".", "0-1", "0-2.", "x.y", "0-1.AAAAAAAAAAAAAAAAAAAAAA", "皮.革", "\ud800.a", "-.-"],
)
def test_a_forged_link_token_is_refused(token):
    with pytest.raises(signing.BadLink):
        signing.read_link_token(KEY, "door", token, NOW)


def test_a_link_token_opens_only_its_own_kind_until_it_expires():
    token = signing.link_token(KEY, "answer", 7, expires_at=NOW)
    assert signing.read_link_token(KEY, "answer", token, NOW - timedelta(seconds=1)) == (7,)
    with pytest.raises(signing.BadLink):
        signing.read_link_token(KEY, "answer", token, NOW)
    with pytest.raises(signing.BadLink):
        signing.read_link_token(KEY, "card", token, NOW - timedelta(seconds=1))
    with pytest.raises(signing.BadLink):
        signing.read_link_token(b"another key of this installation", "answer", token, NOW)
