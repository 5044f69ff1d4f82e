"""Parties over the API: made by name alone, changed with If-Match, archived, listed by cursor."""

from datetime import UTC, datetime, timedelta

import pytest
from jsonschema import Draft202012Validator, SchemaError

from campaign.kit import ids
from campaign.kit.actor import Actor
from tests.factory import HUB


def test_a_name_is_enough_to_make_a_studio(call):
    answer = call(HUB, "POST", "/studios", json={"name": "直播间 A"})
    assert answer.status_code == 201, answer.json
    assert answer.json["name"] == "直播间 A"
    assert answer.json["id"].startswith("std_")
    assert answer.headers["Location"] == f"/api/v1/studios/{answer.json['id']}"
    again = call(HUB, "GET", f"/studios/{answer.json['id']}")
    assert again.json == answer.json
    assert again.headers["ETag"] == '"v1"'


@pytest.mark.parametrize("kind", ["studios", "hosts", "agencies", "brands", "campaigns"])
def test_each_kind_is_made_read_changed_listed_and_archived(call, kind):
    made = call(HUB, "POST", f"/{kind}", json={"name": "甲"}).json
    changed = call(HUB, "PATCH", f"/{kind}/{made['id']}", json={"name": "乙"}, headers={"If-Match": '"v1"'})
    assert (changed.status_code, changed.json["name"], changed.headers["ETag"]) == (200, "乙", '"v2"')
    assert [item["name"] for item in call(HUB, "GET", f"/{kind}").json["items"]] == ["乙"]
    assert call(HUB, "DELETE", f"/{kind}/{made['id']}").status_code == 204
    assert call(HUB, "GET", f"/{kind}").json == {"items": [], "next_cursor": None}


def test_a_stale_change_is_refused_with_412(call):
    made = call(HUB, "POST", "/brands", json={"name": "甲"}).json
    call(HUB, "PATCH", f"/brands/{made['id']}", json={"name": "乙"})
    answer = call(HUB, "PATCH", f"/brands/{made['id']}", json={"name": "丙"}, headers={"If-Match": '"v1"'})
    assert (answer.status_code, answer.json["code"]) == (412, "stale")
    assert call(HUB, "GET", f"/brands/{made['id']}").json["name"] == "乙"


def test_fields_at_fault_are_named(call):
    answer = call(HUB, "POST", "/studios", json={"name": " ", "setup_minutes": "5", "colour": "red"})
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert {(fault["field"], fault["code"]) for fault in answer.json["errors"]} == {
        ("name", "missing"),
        ("setup_minutes", "number"),
        ("colour", "unknown_field"),
    }


def test_ids_in_bodies_are_texts_alone(call, make):
    brand = make.brand()
    answer = call(HUB, "POST", "/products", json={"brand_id": brand.id, "sku": "A", "name": "皮衣"})
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "unknown_id")


def test_a_list_is_stable_under_inserts(call, make):
    names = [make.brand(name=f"品牌{number}").name for number in range(3)]
    first = call(HUB, "GET", "/brands?limit=2").json
    make.brand(name="品牌9")
    rest = call(HUB, "GET", f"/brands?limit=2&cursor={first['next_cursor']}").json
    assert [item["name"] for item in first["items"] + rest["items"]] == [*names, "品牌9"]
    assert rest["next_cursor"] is None


def test_the_same_key_and_body_give_the_first_answer_again(call):
    send = {"json": {"name": "甲"}, "headers": {"Idempotency-Key": "k1"}}
    first, second = call(HUB, "POST", "/brands", **send), call(HUB, "POST", "/brands", **send)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json == first.json
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(call(HUB, "GET", "/brands").json["items"]) == 1


def test_the_same_key_with_another_body_is_422(call):
    call(HUB, "POST", "/brands", json={"name": "甲"}, headers={"Idempotency-Key": "k1"})
    answer = call(HUB, "POST", "/brands", json={"name": "乙"}, headers={"Idempotency-Key": "k1"})
    assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")


def test_a_refusal_is_replayed_too_and_leaves_nothing(call, make):
    shop = make.shop()
    body = {"name": "同号", "platform": shop.platform, "external_id": shop.external_id}
    first = call(HUB, "POST", "/shops", json=body, headers={"Idempotency-Key": "k2"})
    second = call(HUB, "POST", "/shops", json=body, headers={"Idempotency-Key": "k2"})
    assert (first.status_code, first.json["code"]) == (409, "already_there")
    assert (second.status_code, second.headers["Idempotent-Replayed"]) == (409, "true")
    assert len(call(HUB, "GET", "/shops").json["items"]) == 1


def test_without_a_key_401_and_with_the_wrong_role_403(call, make):
    assert call(None, "GET", "/studios").status_code == 401
    brand_user = Actor(kind="key", role="brand", id=9, brand_id=make.brand().id)
    assert call(brand_user, "GET", "/studios").status_code == 403


def test_another_brand_answers_byte_for_byte_as_if_it_were_absent(call, make):
    mine, theirs = make.brand(), make.brand()
    actor = Actor(kind="key", role="brand", id=9, brand_id=mine.id)
    from campaign.kit.ids import public

    own = call(actor, "GET", f"/brands/{public('brd', mine.id)}")
    foreign = call(actor, "GET", f"/brands/{public('brd', theirs.id)}")
    absent = call(actor, "GET", f"/brands/{public('brd', 5)}")
    assert own.status_code == 200
    assert (foreign.status_code, foreign.data) == (absent.status_code, absent.data)
    assert foreign.status_code == 404
    assert [item["name"] for item in call(actor, "GET", "/brands").json["items"]] == [mine.name]


def test_a_host_with_an_agency_has_a_contract_from_today(call, make):
    from campaign.kit.ids import public

    agency = public("agc", make.agency().id)
    host = call(HUB, "POST", "/hosts", json={"name": "小糖", "agency_id": agency}).json
    assert host["kind"] == "signed"
    contracts = call(HUB, "GET", f"/hosts/{host['id']}/contracts").json["items"]
    assert [(item["agency_id"], item["ends_on"]) for item in contracts] == [(agency, None)]


def test_overlapping_contracts_are_refused(call, make):
    from campaign.kit.ids import public

    agency, host = public("agc", make.agency().id), public("hst", make.host().id)
    items = [
        {"agency_id": agency, "starts_on": "2026-01-01", "ends_on": "2026-06-01"},
        {"agency_id": agency, "starts_on": "2026-05-31"},
    ]
    answer = call(HUB, "PUT", f"/hosts/{host}/contracts", json={"items": items})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "items.1")


def test_the_document_is_openapi_3_1_with_every_route(client):
    document = client.get("/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0"
    assert "post" in document["paths"]["/api/v1/studios"]
    assert document["paths"]["/api/v1/studios"]["post"]["requestBody"]["required"] is True


def test_every_shape_in_the_document_is_a_json_schema(client):
    shapes = client.get("/api/v1/openapi.json").json["components"]["schemas"]
    for shape in shapes.values():
        Draft202012Validator.check_schema(shape)
    assert shapes["MonthIn"]["properties"]["month"]["type"] == "string"
    with pytest.raises(SchemaError):
        Draft202012Validator.check_schema({"properties": {"month": {"format": None}}})


def test_a_shop_and_an_account_keep_whom_they_belong_to(call, make):
    from campaign.kit.ids import public

    brand, host = public("brd", make.brand().id), public("hst", make.host().id)
    shop = call(
        HUB,
        "POST",
        "/shops",
        json={"name": "店", "platform": "douyin", "external_id": "1", "brand_id": brand},
    )
    account = call(
        HUB,
        "POST",
        "/platform-accounts",
        json={"name": "号", "platform": "douyin", "external_id": "1", "host_id": host},
    )
    assert (shop.status_code, shop.json["brand_id"]) == (201, brand)
    assert (account.status_code, account.json["host_id"]) == (201, host)


AHEAD = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()


def brands_of(answer):
    return [(one["brand_id"], one["starts_on"], one["ends_on"]) for one in answer.json["items"]]


def test_a_product_is_of_another_brand_since_a_day(call, make):
    one, other = make.brand(), make.brand()
    ours, theirs = ids.public("brd", one.id), ids.public("brd", other.id)
    path = f"/products/{ids.public('prd', make.product(one).id)}"
    assert brands_of(call(HUB, "GET", f"{path}/brands")) == [(ours, None, None)]
    given = {"items": [{"brand_id": ours}, {"brand_id": theirs, "starts_on": "2026-01-05"}]}
    put = call(HUB, "PUT", f"{path}/brands", json=given, headers={"If-Match": '"v1"'})
    assert put.status_code == 200, put.json
    assert brands_of(put) == [(ours, None, "2026-01-05"), (theirs, "2026-01-05", None)]
    assert call(HUB, "GET", path).json["brand_id"] == theirs
    stale = call(HUB, "PUT", f"{path}/brands", json=given, headers={"If-Match": '"v1"'})
    assert (stale.status_code, stale.json["code"]) == (412, "stale")
    # Who had it no longer sees it, and nobody but the hub learns whose it was.
    brand = Actor(kind="key", role="brand", brand_id=other.id, name="brand tester")
    former = Actor(kind="key", role="brand", brand_id=one.id, name="former tester")
    assert (call(brand, "GET", path).status_code, call(former, "GET", path).status_code) == (200, 404)
    assert call(brand, "GET", f"{path}/brands").status_code == 403


def test_another_brand_by_patch_has_it_from_today_on(call, make):
    one, other = make.brand(), make.brand()
    path = f"/products/{ids.public('prd', make.product(one).id)}"
    changed = call(HUB, "PATCH", path, json={"brand_id": ids.public("brd", other.id), "name": "新款"})
    assert (changed.status_code, changed.json["name"]) == (200, "新款")
    before, after = call(HUB, "GET", f"{path}/brands").json["items"]
    assert (before["brand_id"], after["brand_id"]) == (ids.public("brd", one.id), ids.public("brd", other.id))
    assert before["ends_on"] == after["starts_on"] is not None
    # The same brand again is no change of hands.
    call(HUB, "PATCH", path, json={"brand_id": ids.public("brd", other.id)})
    assert len(call(HUB, "GET", f"{path}/brands").json["items"]) == 2


@pytest.mark.parametrize(
    ("days", "faults"),
    [
        (["2026-01-05"], [("items.0.starts_on", "first_is_open")]),
        ([None, None], [("items.1.starts_on", "missing")]),
        ([None, AHEAD], [("items.1.starts_on", "in_future")]),
        ([None, "2026-01-05", "2026-01-05"], [("items.2.starts_on", "not_in_order")]),
    ],
)
def test_brands_of_a_product_follow_each_other(call, make, days, faults):
    brand = make.brand()
    path = f"/products/{ids.public('prd', make.product(brand).id)}/brands"
    items = [{"brand_id": ids.public("brd", brand.id), "starts_on": day} for day in days]
    answer = call(HUB, "PUT", path, json={"items": items})
    assert answer.status_code == 422
    assert [(fault["field"], fault["code"]) for fault in answer.json["errors"]] == faults
