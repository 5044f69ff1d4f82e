"""A single resource carries its ETag; a verb with an older one in If-Match is 412 and changes nothing."""

from datetime import timedelta

import pytest

from campaign.kit import clock, ids
from tests.factory import HUB
from tests.http.test_pages_sales import DATA, evening, taken

__all__ = ["evening"]
ACCOUNT = {"app_key": "k", "app_secret": "s"}


def read(call, path):
    answer = call(HUB, "GET", path)
    assert answer.status_code == 200, answer.json
    return answer.json, answer.headers["ETag"]


def post(call, path, version=None, body=None):
    headers = {} if version is None else {"If-Match": version}
    return call(HUB, "POST", path, headers=headers, **({} if body is None else {"json": body}))


@pytest.mark.parametrize(
    ("made", "verb", "body"),
    [
        ({}, "rotate-secret", None),
        ({"kind": "douyin"} | ACCOUNT, "credentials", {"app_key": "k2", "app_secret": "s2"}),
        ({"kind": "douyin", "access_token": "t"} | ACCOUNT, "test", None),
        ({"kind": "douyin", "access_token": "t"} | ACCOUNT, "ask-again", None),
    ],
)
def test_a_connectors_verbs(call, made, verb, body):
    answer = call(HUB, "POST", "/connectors", json={"name": "ERP"} | made)
    assert answer.status_code == 201, answer.json
    where = f"/connectors/{answer.json['id']}"
    first = answer.headers["ETag"]
    assert read(call, where)[1] == first
    changer = ("rotate-secret", None) if not made else ("credentials", ACCOUNT | {"access_token": "t"})
    with clock.travel(timedelta(minutes=1)):
        changed = post(call, f"{where}/{changer[0]}", first, changer[1])
    assert changed.status_code == 200, changed.json
    assert changed.headers["ETag"] == read(call, where)[1] != first
    health = call(HUB, "GET", f"{where}/health").json
    stale = post(call, f"{where}/{verb}", first, body)
    assert (stale.status_code, stale.json["code"]) == (412, "stale")
    assert read(call, where)[1] == changed.headers["ETag"]
    assert call(HUB, "GET", f"{where}/health").json == health
    assert post(call, f"{where}/{verb}", changed.headers["ETag"], body).status_code in (200, 202)
    assert post(call, f"{where}/{verb}", None, body).status_code in (200, 202)


def upload(call, shop, name="douyin_orders.csv"):
    given = {
        "file": ((DATA / name).open("rb"), name),
        "kind": "douyin_orders",
        "shop_id": ids.public("shp", shop.id),
        "dry_run": "true",
    }
    answer = call(HUB, "POST", "/imports", data=given)
    assert answer.status_code == 201, answer.json
    assert answer.json["state"] == "checked"
    return answer


def test_an_imports_verbs(call, make):
    shop = make.shop()
    answer = upload(call, shop)
    where, first = f"/imports/{answer.json['id']}", answer.headers["ETag"]
    assert read(call, where) == (answer.json, first)
    with clock.travel(timedelta(minutes=1)):
        pointed = post(call, f"{where}/mapping", first, {"mapping": {}})
    assert pointed.status_code == 200, pointed.json
    second = pointed.headers["ETag"]
    assert read(call, where)[1] == second != first
    for verb, body in (("commit", None), ("mapping", {"mapping": {}})):
        stale = post(call, f"{where}/{verb}", first, body)
        assert (stale.status_code, stale.json["code"]) == (412, "stale")
    assert read(call, where) == (pointed.json, second)
    with clock.travel(timedelta(minutes=2)):
        done = post(call, f"{where}/commit", second)
    assert (done.status_code, done.json["state"]) == (200, "committed")
    assert done.headers["ETag"] == read(call, where)[1] != second
    assert post(call, f"{where}/commit").json["code"] == "wrong_state"
    other = upload(call, shop, "douyin_orders_gbk.csv")
    assert post(call, f"/imports/{other.json['id']}/commit").status_code == 200


def test_a_closed_months_tag_moves_with_its_figures_of_now(call, database, planner, evening):
    brand = f"/brands/{ids.public('brd', evening.brand.id)}"
    month = f"{evening.day:%Y-%m}"
    with clock.travel(timedelta(days=62)):
        made = call(HUB, "POST", f"{brand}/months", json={"month": month})
        assert made.status_code == 201, made.json
        where = f"{brand}/months/{month}"
        assert read(call, where) == (made.json, made.headers["ETag"])
    taken(planner, evening, database)
    found, tag = read(call, where)
    assert found != made.json
    assert tag != made.headers["ETag"]
