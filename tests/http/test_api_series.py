"""Series by API: checked, booked, changed from a date on, skipped and re-added, ended."""

from datetime import timedelta

import pytest

from campaign.kit.ids import public
from tests.factory import HUB


@pytest.fixture
def body(stage):
    return {
        "title": "每晚专场",
        "studio_id": public("std", stage.studio.id),
        "brand_ids": [public("brd", stage.brand.id)],
        "starts": "22:00",
        "ends": "01:00",
        "first_on": (stage.now() + timedelta(days=1)).date().isoformat(),
        "rule": "FREQ=DAILY;COUNT=3",
        "channels": [{"platform": "douyin", "platform_account_id": public("acc", stage.account.id)}],
        "participants": [{"host_id": public("hst", stage.signed.id), "from": "22:30", "to": "00:30"}],
        "lineup": [{"product_id": public("prd", stage.product.id), "live_price_fen": 9900}],
    }


def test_a_series_from_the_rule_to_its_end(call, stage, body):
    checked = call(HUB, "POST", "/series/check", json=body)
    assert (checked.status_code, checked.json["ok"]) == (200, True)
    assert [one["code"] for one in checked.json["items"]] == [None] * 3
    made = call(HUB, "POST", "/series", json=body)
    assert made.status_code == 201, made.json
    one = made.json
    assert made.headers["Location"].endswith(one["id"])
    assert [day["state"] for day in one["dates"]] == ["draft"] * 3
    assert one["template"]["participants"] == [body["participants"][0] | {"role": "host", "agency_id": None}]
    assert one["template"]["lineup"][0]["live_price_fen"] == 9900
    assert (one["rule"], one["until_on"]) == ("FREQ=DAILY", one["dates"][-1]["date"])
    assert call(HUB, "GET", f"/series/{one['id']}").json == one
    session = one["dates"][1]["session_id"]
    assert call(HUB, "GET", f"/sessions/{session}").json["title"] == "每晚专场"
    listed = call(HUB, "GET", f"/series?session_id={session}").json["items"]
    assert [(line["id"], line["ahead"]) for line in listed] == [(one["id"], 3)]

    path, etag = f"/series/{one['id']}", made.headers["ETag"]
    second = one["dates"][1]["date"]
    skipped = call(
        HUB, "POST", f"{path}/skip", json={"on_date": second, "code": "weather"}, headers={"If-Match": etag}
    )
    assert skipped.json["dates"][1]["skipped"] == "weather"
    stale = call(HUB, "POST", f"{path}/re-add", json={"on_date": second}, headers={"If-Match": etag})
    assert stale.status_code == 412
    added = call(HUB, "POST", f"{path}/re-add", json={"on_date": second})
    assert [day["state"] for day in added.json["dates"]] == ["draft"] * 3
    later = call(HUB, "PATCH", path, json={"from_on": second, "title": "换名", "starts": "21:30"})
    assert later.status_code == 200, later.json
    assert later.json["id"] != one["id"]
    assert later.json["split_from"] == one["id"]
    assert len(later.json["dates"]) == 2
    until = (stage.now() + timedelta(days=6)).date().isoformat()
    longer = call(HUB, "POST", f"/series/{later.json['id']}/extend", json={"until_on": until})
    assert [day["state"] for day in longer.json["dates"]] == ["draft"] * 5
    ended = call(HUB, "POST", f"/series/{later.json['id']}/end", json={"code": "brand_request"})
    assert {day["skipped"] for day in ended.json["dates"]} == {"brand_request"}


def test_a_refusal_names_every_date_in_words(call, stage, body):
    call(HUB, "POST", "/series", json=body)
    again = call(HUB, "POST", "/series", json=body, headers={"Accept-Language": "zh"})
    assert (again.status_code, again.json["code"]) == (409, "series_refused")
    assert [one["date"] for one in again.json["dates"]] == [
        (stage.now() + timedelta(days=number)).date().isoformat() for number in (1, 2, 3)
    ]
    assert {one["code"] for one in again.json["dates"]} == {"conflict"}
    assert again.json["dates"][0]["conflicts"][0]["message"]
    assert len(call(HUB, "GET", "/series").json["items"]) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rule", "FREQ=DAILY"),
        ("rule", "FREQ=SECONDLY;COUNT=3"),
        ("first_on", "2026-01-01"),
        ("starts", "25:00"),
        ("channels", [{"platform": "douyin", "room_ids": ["7001"]}]),
    ],
)
def test_a_fault_is_named_at_its_field(call, body, field, value):
    answer = call(HUB, "POST", "/series", json=body | {field: value})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"].split(".")[0] == field


def test_agencies_and_brands_have_no_series(call, stage):
    assert call(stage.agent, "GET", "/series").status_code == 403
