"""Pushes of platforms at the door: durable before the answer, once each, and only from whom they claim."""

import json
import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from campaign.connectors import turns
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.ids import internal, public
from campaign.kit.signing import douyin_signature, signed_headers, tiktok_shop_signature
from campaign.sales.merging_in import merge_waiting
from tests.factory import HUB
from tests.sales_kit import fold_all

KEYS = {"app_key": "test_app_key", "app_secret": "test_app_secret"}
NEW_KEYS = {"app_key": "test_app_key", "app_secret": "another_secret"}


@pytest.fixture
def account(call: Any) -> Any:
    """account(kind, …): an account on a platform, as the answer that shows its address this once."""

    def add(kind: str, **given: Any) -> Any:
        made = call(HUB, "POST", "/connectors", json={"kind": kind, "name": kind} | KEYS | given)
        assert made.status_code == 201, made.json
        return made.json

    return add


@pytest.fixture
def stored(database: Any) -> Any:
    """stored(): what the raw log holds once all is merged, as (type, id, verdict, payload)."""

    def rows() -> list[Any]:
        query = text("SELECT type, event_id, verdict, payload FROM sale_event ORDER BY type, event_id")
        with database.transaction(SYSTEM) as db:
            merge_waiting(db, SYSTEM)
            return [tuple(row) for row in db.execute(query)]

    return rows


def seconds(database: Any) -> int:
    with database.transaction(SYSTEM) as db:
        return int(clock.now(db).timestamp())


def notice(at: int, number: str = "n1", **data: Any) -> bytes:
    told = {"type": 1, "tts_notification_id": number, "shop_id": "7494", "timestamp": at}
    return json.dumps(told | {"data": {"order_id": "5764", "order_status": "UNPAID"} | data}).encode()


def messages(*given: tuple[str, str, dict[str, Any]]) -> bytes:
    told = [{"tag": tag, "msg_id": msg_id, "data": json.dumps(data)} for tag, msg_id, data in given]
    return json.dumps(told).encode()


def to_tiktok(client: Any, path: str, body: bytes, secret: str = KEYS["app_secret"]) -> Any:
    sign = tiktok_shop_signature(KEYS["app_key"], secret, body)
    return client.post(path, data=body, headers={"Authorization": sign}, content_type="application/json")


def to_douyin(client: Any, path: str, body: bytes, secret: str = KEYS["app_secret"]) -> Any:
    sign = douyin_signature(KEYS["app_key"], secret, body)
    headers = {"app-id": KEYS["app_key"], "event-sign": sign}
    return client.post(path, data=body, headers=headers, content_type="application/json")


def test_a_notice_is_in_the_raw_log_once_however_often_it_comes(client, account, stored, database):
    path = account("tiktok_shop")["push_path"]
    body = notice(seconds(database), recipient_address="Nanjing Road 1")
    for _ in range(3):
        answer = to_tiktok(client, path, body)
        assert (answer.status_code, answer.json["code"]) == (200, 0), answer.json
    ((kind, number, verdict, payload),) = stored()
    assert (kind, number, verdict) == ("tiktok_shop.1", "n1", "accepted")
    assert payload["data"] == {"order_id": "5764", "order_status": "UNPAID"}


def test_the_same_notification_with_other_content_is_answered_and_kept_as_a_conflict(
    client, account, stored, database
):
    path, at = account("tiktok_shop")["push_path"], seconds(database)
    assert to_tiktok(client, path, notice(at)).status_code == 200
    assert to_tiktok(client, path, notice(at, order_status="CANCEL")).status_code == 200
    ((_, _, _, payload),) = stored()
    assert payload["data"]["order_status"] == "UNPAID"
    with database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT count(*) FROM sale_conflict")).scalar_one() == 1


def test_a_message_that_names_no_shop_is_of_the_accounts_only_one(client, account, stored, database, make):
    shop = make.shop(make.brand())
    at = seconds(database)
    body = messages(("101", "m1", {"p_id": 5, "pay_time": at}))
    assert to_douyin(client, account("douyin")["push_path"], body).status_code == 422
    own = account("douyin", shop_ids=[public("shp", shop.id)])
    assert to_douyin(client, own["push_path"], body).status_code == 200
    ((kind, number, _, payload),) = stored()
    assert (kind, number, payload["shop_id"]) == ("douyin.101", "m1", shop.external_id)


def test_what_is_not_signed_leaves_nothing(client, account, stored, database):
    tiktok, douyin = account("tiktok_shop"), account("douyin")
    at = seconds(database)
    one, many = notice(at), messages(("101", "m1", {"shop_id": 4, "pay_time": at}))
    absent = public("con", 987654321)
    tries = [
        to_tiktok(client, tiktok["push_path"], one, "wrong"),
        client.post(tiktok["push_path"], data=one),
        to_tiktok(client, f"/api/v1/connectors/tiktok-shop/{absent}", one),
        to_tiktok(client, f"/api/v1/connectors/tiktok-shop/{douyin['id']}", one),
        to_douyin(client, douyin["push_path"], many, "wrong"),
        to_douyin(client, f"/api/v1/connectors/douyin/{douyin['id']}/another", many),
        to_douyin(client, f"/api/v1/connectors/douyin/{absent}/another", many),
    ]
    assert [(answer.status_code, answer.json["code"]) for answer in tries] == [(401, "bad_signature")] * 7
    assert len({answer.data for answer in tries}) == 1
    assert stored() == []
    # The same bytes, signed: the ground of the refusals was the signature alone.
    assert to_tiktok(client, tiktok["push_path"], one).status_code == 200
    assert to_douyin(client, douyin["push_path"], many).status_code == 200
    assert len(stored()) == 2


def test_an_account_of_a_platform_is_no_door_for_our_own_push(client, account):
    made = account("tiktok_shop")
    body = b'{"events":[{}]}'
    headers = signed_headers(["whsec_" + "c2VjcmV0" * 4], "m1", 1, body)
    answer = client.post(f"/api/v1/ingest/{made['id']}/events", data=body, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (401, "bad_signature")


def test_a_refund_douyin_tells_of_is_merged_to_the_fen_and_counted_once(client, account, stored, database):
    path, at = account("douyin")["push_path"], seconds(database)
    refund = {"aftersale_id": 71, "p_id": 1, "s_id": 6920000000000000002, "refund_amount": 4201}
    paid = ("101", "m1", {"shop_id": 4463798, "pay_time": at, "p_id": 1, "s_ids": [6920000000000000002]})
    back = ("206", "m2", refund | {"shop_id": 4463798, "success_time": at})
    probe = ("0", "0", {})
    for body in (messages(back), messages(probe, paid, back), messages(probe)):
        answer = to_douyin(client, path, body)
        assert (answer.status_code, answer.json) == (200, {"code": 0, "msg": "success"})
    assert [(kind, number) for kind, number, _, _ in stored()] == [("douyin.101", "m1"), ("refund", "m2")]
    fold_all(database)
    with database.transaction(SYSTEM) as db:
        rows = db.execute(text("SELECT refund_id, line_id, amount_fen, status FROM refund")).all()
        progress = db.execute(text("SELECT count(*) FROM shop_progress")).scalar_one()
    assert [tuple(row) for row in rows] == [("71", "6920000000000000002", 4201, "success")]
    # Notices without an order's money do not make the shop complete up to them.
    assert progress == 0


def test_what_cannot_be_kept_is_told_to_the_platform_and_its_neighbours_are_kept(
    client, account, stored, database
):
    path, at = account("douyin")["push_path"], seconds(database)
    body = messages(("101", "m1", {"pay_time": at}), ("101", "m2", {"shop_id": 4, "pay_time": at}))
    answer = to_douyin(client, path, body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json["errors"]] == ["0.shop_id"]
    assert [number for _, number, _, _ in stored()] == ["m2"]


def test_an_account_feeds_its_own_shops_alone(client, account, make, stored, database):
    mine = make.shop(external_id="4001")
    path = account("douyin", shop_ids=[public("shp", mine.id)])["push_path"]
    at = seconds(database)
    told = [("101", f"m{shop}", {"shop_id": shop, "pay_time": at}) for shop in (4001, 4002)]
    assert to_douyin(client, path, messages(*told)).status_code == 403
    assert [number for _, number, _, _ in stored()] == ["m4001"]


def test_out_of_use_its_pushes_are_a_strangers_and_what_it_brought_stays(
    client, call, page, account, stored, database
):
    tokens = {"access_token": "t", "base_url": "http://127.0.0.1:9009"}
    made = account("douyin", **tokens)
    where, number = f"/connectors/{made['id']}", internal("con", made["id"])
    body = messages(("100", "m1", {"p_id": 5764, "shop_id": 4001, "create_time": 1762430400}))
    assert to_douyin(client, made["push_path"], body).status_code == 200
    version = call(HUB, "GET", where).headers["ETag"]
    call(HUB, "POST", f"{where}/credentials", json=KEYS | tokens)
    assert call(HUB, "DELETE", where, headers={"If-Match": version}).status_code == 412
    with database.transaction(SYSTEM) as db:
        assert turns.due_accounts(db, SYSTEM) == [number]
    assert call(HUB, "DELETE", where).status_code == 204
    refused = to_douyin(client, made["push_path"], body)
    stranger = to_douyin(client, made["push_path"].replace(made["id"], public("con", 1)), body)
    assert (refused.status_code, refused.json) == (401, stranger.json)
    with database.transaction(SYSTEM) as db:
        assert turns.due_accounts(db, SYSTEM) == []
        assert turns.begin(db, SYSTEM, number) is None
    assert [one[1] for one in stored()] == ["m1"]
    for answer in (call(HUB, "GET", where), call(HUB, "DELETE", where), call(HUB, "POST", f"{where}/test")):
        assert answer.status_code == 404
    other = account("tiktok_shop")
    assert [one["id"] for one in call(HUB, "GET", "/connectors").json["items"]] == [other["id"]]
    assert page(HUB, f"/hub/connectors/{other['id']}/archive", {}).status_code == 303
    assert "no longer in use" in page(HUB, f"/hub/connectors/{other['id']}").text
    assert to_tiktok(client, other["push_path"], notice(seconds(database))).status_code == 401


def test_a_new_path_is_told_once_and_the_old_one_is_a_strangers(client, call, page, account, stored):
    made = account("douyin")
    where, first = f"/connectors/{made['id']}", made["push_path"]
    body = messages(("100", "m1", {"p_id": 5764, "shop_id": 4001, "create_time": 1762430400}))
    # Credentials that overlap have the same path: of both the old one ends.
    assert call(HUB, "POST", f"{where}/credentials", json=NEW_KEYS).status_code == 200
    renewed = call(HUB, "POST", f"{where}/rotate-path")
    assert renewed.status_code == 200, renewed.json
    second = renewed.json["push_path"]
    assert second != first
    assert "push_path" not in call(HUB, "GET", where).json
    for secret in (KEYS["app_secret"], NEW_KEYS["app_secret"]):
        assert to_douyin(client, first, body, secret).status_code == 401
    assert stored() == []
    for secret in (KEYS["app_secret"], NEW_KEYS["app_secret"]):
        assert to_douyin(client, second, body, secret).status_code == 200
    shown = page(HUB, f"/hub/connectors/{made['id']}/address", {})
    (third,) = re.findall(r"/api/v1/connectors/douyin/con_\w+/[\w-]+", shown.text)
    assert (shown.status_code, third in (first, second)) == (201, False)
    assert to_douyin(client, second, body, NEW_KEYS["app_secret"]).status_code == 401
    assert to_douyin(client, third, body, NEW_KEYS["app_secret"]).status_code == 200
    assert third not in page(HUB, f"/hub/connectors/{made['id']}").text
    for other in (account("tiktok_shop"), call(HUB, "POST", "/connectors", json={"name": "ERP"}).json):
        assert call(HUB, "POST", f"/connectors/{other['id']}/rotate-path").json["code"] == "wrong_state"
        assert "New push address" not in page(HUB, f"/hub/connectors/{other['id']}").text


def test_credentials_are_sealed_never_shown_again_and_change_with_a_days_overlap(
    client, call, account, database
):
    made = account("tiktok_shop")
    changed = call(HUB, "POST", f"/connectors/{made['id']}/credentials", json=NEW_KEYS)
    assert changed.status_code == 200, changed.json
    shown = call(HUB, "GET", f"/connectors/{made['id']}")
    for answer in (changed, shown):
        assert set(answer.json) == {
            "id",
            "kind",
            "name",
            "shop_ids",
            "push_from",
            "created_at",
            "updated_at",
            "archived_at",
        }
    with database.transaction(SYSTEM) as db:
        sealed = db.execute(text("SELECT secret_sealed, previous_sealed FROM connector")).one()
        told = db.execute(text("SELECT CAST(audit_entry AS text) FROM audit_entry")).scalars().all()
    for secret in (KEYS["app_secret"], NEW_KEYS["app_secret"]):
        assert all(secret.encode() not in bytes(one) for one in sealed)
        assert all(secret not in one for one in told)
    path, at = made["push_path"], seconds(database)
    assert to_tiktok(client, path, notice(at, "n1"), NEW_KEYS["app_secret"]).status_code == 200
    assert to_tiktok(client, path, notice(at, "n2"), KEYS["app_secret"]).status_code == 200
    with clock.travel(timedelta(hours=25)):
        at = seconds(database)
        assert to_tiktok(client, path, notice(at, "n3"), NEW_KEYS["app_secret"]).status_code == 200
        assert to_tiktok(client, path, notice(at, "n4"), KEYS["app_secret"]).status_code == 401


def test_a_new_secret_is_made_for_a_push_and_given_for_a_platform(call, account):
    push = call(HUB, "POST", "/connectors", json={"name": "ERP"}).json
    shop = account("douyin")
    tried = [
        call(HUB, "POST", f"/connectors/{shop['id']}/rotate-secret"),
        call(HUB, "POST", f"/connectors/{push['id']}/credentials", json=KEYS),
    ]
    assert [(one.status_code, one.json["code"]) for one in tried] == [(409, "wrong_state")] * 2
    bare = call(HUB, "POST", "/connectors", json={"kind": "douyin", "name": "x"})
    assert [one["field"] for one in bare.json["errors"]] == ["app_key", "app_secret"]
    much = call(HUB, "POST", "/connectors", json={"kind": "push", "name": "x"} | KEYS)
    assert (much.status_code, len(much.json["errors"])) == (422, 2)


BODIES = sorted((Path(__file__).parents[1] / "data" / "bad_json").iterdir())


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.name)
def test_a_hostile_body_that_is_rightly_signed_is_refused_in_time_and_keeps_the_door_open(
    path, client, account, stored
):
    body = path.read_bytes()
    for kind, send in (("tiktok_shop", to_tiktok), ("douyin", to_douyin)):
        where = account(kind)["push_path"]
        began = time.monotonic()
        answer = send(client, where, body)
        assert time.monotonic() - began < 2
        # An empty list of messages tells nothing, and there is nothing wrong with it.
        assert answer.status_code in ((200, 400, 422) if body.strip() == b"[]" else (400, 422)), answer.data
    assert stored() == []
