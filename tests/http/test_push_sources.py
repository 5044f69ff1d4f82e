"""Where a platform's account may push from: off unless named, through one's own proxies, told where it is refused."""

import time
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from campaign.gate.current import parts
from campaign.kit.signing import douyin_signature
from tests.factory import HUB
from tests.http.test_platform_pushes import KEYS, messages

PLATFORM, STRANGER, PROXY = "203.0.113.9", "198.51.100.7", "10.1.2.3"
MESSAGE = ("101", "m1", {"p_id": 6920000000000000001, "shop_id": 4463798, "pay_time": int(time.time())})


@pytest.fixture
def douyin(call: Any) -> Any:
    given = {"kind": "douyin", "name": "抖店", "app_key": KEYS["app_key"], "app_secret": KEYS["app_secret"]}
    return call(HUB, "POST", "/connectors", json=given).json


@pytest.fixture
def push(client: Any, douyin: Any) -> Any:
    """push(from, forwarded, secret): the status that a push gets which comes from there."""

    def send(address: str, forwarded: str | None = None, secret: str = KEYS["app_secret"]) -> int:
        body = messages(MESSAGE)
        headers = {"app-id": KEYS["app_key"], "event-sign": douyin_signature(KEYS["app_key"], secret, body)}
        headers |= {"X-Forwarded-For": forwarded} if forwarded else {}
        where = {"REMOTE_ADDR": address}
        answer = client.post(
            douyin["push_path"],
            data=body,
            headers=headers,
            content_type="application/json",
            environ_base=where,
        )
        return int(answer.status_code)

    return send


@pytest.fixture
def behind_proxy(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """10.0.0.0/8 are our own proxies."""
    with app.app_context():
        joined = parts()
    trusting = replace(joined, settings=replace(joined.settings, trusted_proxies=(ip_network("10.0.0.0/8"),)))
    monkeypatch.setitem(app.extensions, "parts", trusting)


def restricted(call: Any, douyin: Any, *ranges: str) -> None:
    answer = call(HUB, "PATCH", f"/connectors/{douyin['id']}", json={"push_from": list(ranges)})
    assert (answer.status_code, answer.json["push_from"]) == (200, list(ranges))


def refused(call: Any, douyin: Any) -> tuple[int, str | None]:
    told = call(HUB, "GET", f"/connectors/{douyin['id']}/health").json
    return told["refused"], told["refused_why"]


def test_any_address_may_push_until_ranges_are_named(call, douyin, push):
    assert douyin["push_from"] == []
    assert push(STRANGER) == 200
    restricted(call, douyin, "203.0.113.0/24", "2001:db8::/32")
    assert (push(PLATFORM), push(f"::ffff:{PLATFORM}"), push("2001:db8::1")) == (200, 200, 200)
    assert refused(call, douyin) == (0, None)
    assert push(STRANGER) == 401
    assert refused(call, douyin) == (1, f"elsewhere {STRANGER}")
    restricted(call, douyin)
    assert push(STRANGER) == 200


def test_what_is_signed_wrongly_is_told_of_nowhere_wherever_it_comes_from(call, douyin, push):
    restricted(call, douyin, "203.0.113.0/24")
    assert (push(STRANGER, secret="guessed"), push(PLATFORM, secret="guessed")) == (401, 401)
    assert refused(call, douyin) == (0, None)


def test_what_a_client_writes_of_where_it_comes_from_is_not_believed(call, douyin, push):
    restricted(call, douyin, "203.0.113.0/24")
    assert push(STRANGER, PLATFORM) == 401
    assert push(PROXY, PLATFORM) == 401, "no proxy is trusted"


@pytest.mark.parametrize(
    ("heard", "status"),
    [
        (PLATFORM, 200),
        (f"{PLATFORM}, 10.9.9.9", 200),
        (f"{PLATFORM}, {STRANGER}", 401),
        (f"{STRANGER}, {PLATFORM}", 200),
        ("", 401),
        ("nonsense", 401),
        (f"{PLATFORM}, nonsense", 401),
    ],
)
@pytest.mark.usefixtures("behind_proxy")
def test_behind_a_proxy_it_is_whoever_the_outermost_trusted_one_heard(call, douyin, push, heard, status):
    restricted(call, douyin, "203.0.113.0/24")
    assert push(PROXY, heard) == status
    assert push(STRANGER, heard) == 401, "no proxy of ours"


@pytest.mark.parametrize("odd", ["203.0.113.9/24", "nowhere", "203.0.113.0/33"])
def test_what_is_no_range_is_refused_by_its_field(call, douyin, page, odd):
    answer = call(HUB, "PATCH", f"/connectors/{douyin['id']}", json={"push_from": [odd]})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "push_from")
    shown = page(HUB, f"/hub/connectors/{douyin['id']}/sources", {"push_from": odd})
    assert shown.status_code == 422
    assert "Address ranges look like 203.0.113.0/24." in shown.text
    assert odd in shown.text


def test_the_page_takes_one_a_line_and_shows_what_was_refused(call, douyin, page, push):
    where = f"/hub/connectors/{douyin['id']}"
    assert page(HUB, f"{where}/sources", {"push_from": "203.0.113.0/24\r\n198.18.0.1\r\n"}).status_code == 303
    shown = page(HUB, where).text
    assert ("203.0.113.0/24\n198.18.0.1/32" in shown, "Saved." in shown) == (True, True)
    assert push(STRANGER) == 401
    assert f"It came from {STRANGER}, from where this account may not push." in page(HUB, where).text


def test_a_push_of_ones_own_is_not_restricted(call):
    own = call(HUB, "POST", "/connectors", json={"name": "ERP"}).json
    assert call(HUB, "PATCH", f"/connectors/{own['id']}", json={"push_from": []}).status_code == 409
