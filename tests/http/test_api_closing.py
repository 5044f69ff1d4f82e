"""Links, closed months and scheduled summaries by the API: each party its own, by version, once per key."""

import re
from datetime import timedelta

import pytest

from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from tests.factory import HUB, keyed
from tests.http.test_pages_sales import EXPECTED, evening, taken
from tests.http.test_pages_summaries import robot

__all__ = ["evening"]
PAID, REFUND = EXPECTED["session"]["paid_gmv_fen"], EXPECTED["session"]["refund_fen"]


@pytest.fixture
def call(app, database):
    """call(actor, method, path, body, **headers) under /api/v1."""
    client, keys = app.test_client(), {}

    def send(actor, method, path, body=None, **headers):
        key = keys.setdefault(actor, None) or keyed(database, actor)
        keys[actor] = key
        given = {"Authorization": f"Bearer {key}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        extra = {} if body is None else {"json": body}
        return client.open(f"/api/v1{path}", method=method, headers=given, **extra)

    return send


@pytest.fixture
def own(evening):
    return Actor(kind="key", role="brand", id=31, name="own", brand_id=evening.brand.id)


@pytest.fixture
def other(evening):
    return Actor(kind="key", role="brand", id=32, name="other", brand_id=evening.other.id)


@pytest.fixture
def brand(evening):
    return f"/brands/{ids.public('brd', evening.brand.id)}"


def test_a_link_is_made_once_listed_and_ended(app, call, database, planner, evening, own, other, brand):
    taken(planner, evening, database)
    body = {"from": str(evening.day), "to": str(evening.day + timedelta(days=1)), "valid_days": 3}
    made = call(own, "POST", f"{brand}/shares", body, Idempotency_Key="k1")
    assert made.status_code == 201
    again = call(own, "POST", f"{brand}/shares", body, Idempotency_Key="k1")
    assert (again.headers["Idempotent-Replayed"], again.json) == ("true", made.json)
    where, version = made.headers["Location"].removeprefix("/api/v1"), made.headers["ETag"]
    token = re.search(r"/s/([\w-]{43})$", made.json["url"])[1]
    assert "¥" in app.test_client().get(f"/s/{token}").text
    found = call(HUB, "GET", where)
    assert (found.json["state"], found.headers["ETag"]) == ("open", version)
    assert "url" not in found.json
    (one,) = call(own, "GET", f"{brand}/shares").json["items"]
    assert one == found.json
    for method in ("GET", "DELETE"):
        foreign = call(other, method, where)
        assert (foreign.status_code, foreign.json["code"]) == (404, "not_found")
    assert call(own, "DELETE", where, If_Match='"v9"').status_code == 412
    assert call(own, "DELETE", where, If_Match=version).status_code == 204
    assert app.test_client().get(f"/s/{token}").status_code == 404
    assert call(own, "GET", f"{brand}/shares").json["items"] == []
    assert [one["state"] for one in call(own, "GET", f"{brand}/shares?state=all").json["items"]] == ["ended"]


def test_links_expire_and_come_page_by_page(call, own, brand):
    day = {"from": "2026-11-01", "to": "2026-11-01"}
    made = [call(own, "POST", f"{brand}/shares", day | {"valid_days": n}).json["id"] for n in (1, 5, 9)]
    first = call(own, "GET", f"{brand}/shares?limit=2").json
    second = call(own, "GET", f"{brand}/shares?limit=2&cursor={first['next_cursor']}").json
    assert [one["id"] for one in [*first["items"], *second["items"]]] == made[::-1]
    assert second["next_cursor"] is None
    with clock.travel(timedelta(days=2)):
        assert [one["id"] for one in call(own, "GET", f"{brand}/shares").json["items"]] == made[:0:-1]
        every = call(own, "GET", f"{brand}/shares?state=all").json["items"]
        assert [one["state"] for one in every] == ["open", "open", "expired"]
    for wrong in (
        {"valid_days": 91},
        {"valid_days": "7"},
        {"to": "2025-01-01"},
        {"group_by": "x"},
        {"more": 1},
    ):
        assert call(own, "POST", f"{brand}/shares", day | wrong).status_code == 422, wrong


def test_a_month_is_closed_once_by_the_hub_and_read_by_the_brand(
    call, database, planner, evening, own, other, brand
):
    taken(planner, evening, database)
    month = f"{evening.day:%Y-%m}"
    assert call(own, "POST", f"{brand}/months", {"month": month}).status_code == 403
    early = call(HUB, "POST", f"{brand}/months", {"month": "2099-01"})
    assert (early.status_code, early.json["errors"][0]["code"]) == (422, "month_not_over")
    with clock.travel(timedelta(days=62)):
        made = call(HUB, "POST", f"{brand}/months", {"month": month})
        assert made.status_code == 201
        twice = call(HUB, "POST", f"{brand}/months", {"month": month})
        assert (twice.status_code, twice.json["code"]) == (409, "month_closed")
    where = made.headers["Location"].removeprefix("/api/v1")
    found = call(own, "GET", where).json
    (whole,) = found["cohort"]["whole"]
    assert (whole["frozen"]["paid_gmv_fen"], whole["current"]["paid_gmv_fen"]) == (PAID, PAID)
    assert (whole["paid_gmv_fen"], whole["refund_fen"], found["cohort"]["days"]) == (0, 0, [])
    assert whole["frozen"]["refund_fen"] == REFUND
    assert call(own, "GET", f"{brand}/months").json["items"] == [found]
    assert call(other, "GET", where).status_code == 404
    for absent in ("2020-01", "2026-13", "soon"):
        assert call(own, "GET", f"{brand}/months/{absent}").status_code == 404
    for wrong in ({"month": "2026-1"}, {"month": 202601}, {"month": "2026-11-01"}, {}):
        assert call(HUB, "POST", f"{brand}/months", wrong).status_code == 422


def test_a_summary_is_scheduled_changed_paused_and_ended(call, database, evening, own, other):
    channel, second, hubs = robot(database, own), robot(database, own), robot(database, HUB)
    body = {"channel_id": channel, "every": "day", "at": "09:00"}
    made = call(own, "POST", "/scheduled-summaries", body)
    assert made.status_code == 201
    brand_id = ids.public("brd", evening.brand.id)
    assert (made.json["brand_id"], made.json["state"], made.json["at"]) == (brand_id, "active", "09:00")
    where, version = made.headers["Location"].removeprefix("/api/v1"), made.headers["ETag"]
    changed = call(
        own, "PATCH", where, {"every": "week", "at": "08:30", "channel_id": second}, If_Match=version
    )
    assert (changed.json["every"], changed.json["at"], changed.json["channel_id"]) == (
        "week",
        "08:30",
        second,
    )
    assert changed.headers["ETag"] != version
    stale = call(own, "PATCH", where, {"state": "paused"}, If_Match=version)
    assert (stale.status_code, stale.json["code"]) == (412, "stale")
    assert call(own, "PATCH", where, {"state": "paused"}).json["state"] == "paused"
    assert call(own, "PATCH", where, {"state": "active"}).json["state"] == "active"
    for wrong in (
        {"at": "25:00"},
        {"every": None},
        {"state": "ended"},
        {"channel_id": hubs},
        {"brand_id": None},
    ):
        assert call(own, "PATCH", where, wrong).status_code in (404, 422), wrong
    assert call(other, "GET", where).status_code == call(HUB, "GET", where).status_code == 404
    assert call(other, "GET", "/scheduled-summaries").json["items"] == []
    foreign = body | {"brand_id": ids.public("brd", evening.other.id)}
    assert call(own, "POST", "/scheduled-summaries", foreign).status_code == 404
    assert call(own, "POST", "/scheduled-summaries", body | {"channel_id": hubs}).status_code == 404
    (listed,) = call(own, "GET", "/scheduled-summaries").json["items"]
    assert listed == call(own, "GET", where).json
    assert call(own, "DELETE", where, If_Match=version).status_code == 412
    assert call(own, "DELETE", where).status_code == 204
    assert call(own, "GET", where).status_code == 404


def test_the_hubs_scheduled_summary_is_of_one_brand_or_of_all(call, database, evening):
    channel = robot(database, HUB)
    brand_id = ids.public("brd", evening.brand.id)
    body = {"channel_id": channel, "every": "month", "at": "07:05"}
    made = [
        call(HUB, "POST", "/scheduled-summaries", body | one).json for one in ({}, {"brand_id": brand_id})
    ]
    assert [one["brand_id"] for one in made] == [None, brand_id]
    first = call(HUB, "GET", "/scheduled-summaries?limit=1").json
    rest = call(HUB, "GET", f"/scheduled-summaries?limit=1&cursor={first['next_cursor']}").json
    assert [*first["items"], *rest["items"]] == made
