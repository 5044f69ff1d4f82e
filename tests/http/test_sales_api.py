"""Sales over the API: push by key and by signature, files, figures, and who may see what."""

import io
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from campaign.accounts.actions import Scope, create_key
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.kit.ids import public
from campaign.kit.parts import Parts
from campaign.kit.signing import signed_headers
from tests.factory import HUB, Factory
from tests.sales_kit import add_session, fold_all

DATA = Path(__file__).parents[1] / "data"
CONNECTOR = Actor(kind="key", role="connector", name="push")
T0 = datetime(2026, 11, 6, 12, tzinfo=UTC)


def event(number: int, **given: Any) -> dict[str, Any]:
    return {
        "type": "order.line",
        "event_id": f"e{number}",
        "occurred_at": "2026-11-06T20:05:00+08:00",
        "platform": "douyin",
        "shop_id": "4001",
        "line_id": f"l{number}",
        "parent_order_id": f"o{number}",
        "status": "paid",
        "ordered_at": "2026-11-06T20:05:00+08:00",
        "paid_at": "2026-11-06T20:06:00+08:00",
        "currency": "CNY",
        "qty": 1,
        "paid_fen": 10000,
        "author_id": "a1",
        "traffic": "live",
    } | given


@pytest.fixture
def evening() -> Any:
    """The clock stands on the evening of the events."""
    with clock.travel(T0 + timedelta(minutes=10) - datetime.now(UTC)):
        yield


@pytest.fixture
def show(make: Factory) -> dict[str, Any]:
    """A brand with its shop, account and a session from 20:00 to 22:00 of two hosts' shifts."""
    brand, agency = make.brand(), make.agency()
    host, other = make.host(agency=agency), make.host()
    account = make.account(external_id="a1")
    session_id = add_session(
        make,
        T0,
        T0 + timedelta(hours=2),
        brand=brand,
        account=account,
        shifts=(
            (host, agency, T0, T0 + timedelta(hours=1)),
            (other, None, T0 + timedelta(hours=1), T0 + timedelta(hours=2)),
        ),
    )
    return {
        "brand": brand,
        "shop": make.shop(brand, external_id="4001"),
        "session": public("ses", session_id),
        "agency": agency,
        "host": host,
    }


def brand_actor(show: dict[str, Any]) -> Actor:
    return Actor(kind="key", role="brand", name="brand", brand_id=show["brand"].id)


def summary(call: Any, actor: Actor, show: dict[str, Any], **query: Any) -> Any:
    given = {"from": "2026-11-06", "to": "2026-11-06"} | query
    return call(actor, "GET", f"/brands/{public('brd', show['brand'].id)}/summary", query_string=given)


def test_a_push_is_answered_with_a_verdict_and_shows_in_every_figure(
    call: Any, show: dict[str, Any], database: Database, evening: Any
) -> None:
    batch = [event(1), event(2, qty="x"), event(3, ordered_at="2026-11-06T21:05:00+08:00")]
    batch[2] |= {"occurred_at": "2026-11-06T20:09:00+08:00", "ordered_at": "2026-11-06T20:08:00+08:00"}
    answer = call(CONNECTOR, "POST", "/ingest/events", json={"events": batch})
    assert answer.status_code == 200
    assert answer.json["accepted"] == 2
    assert answer.json["rejected"][0] | {"message": ""} == {
        "index": 1,
        "code": "wrong_type",
        "field": "qty",
        "message": "",
    }
    again = call(CONNECTOR, "POST", "/ingest/events", json={"events": batch[:1]})
    assert again.json == {"accepted": 0, "duplicates": 1, "quarantined": 0, "rejected": []}
    fold_all(database)
    found = call(HUB, "GET", f"/sessions/{show['session']}/sales").json
    assert (found["totals"][0]["paid_gmv_fen"], found["totals"][0]["orders"]) == (20000, 2)
    assert found["attribution"] == [
        {
            "rung": "author",
            "provisional": False,
            "lines": 2,
            "paid_gmv_fen": 20000,
            "currency": "CNY",
            "share": 10000,
        }
    ]
    assert [minute["at"] for minute in found["by_minute"]] == ["2026-11-06T12:05:00Z", "2026-11-06T12:08:00Z"]
    assert found["complete_through"] == "2026-11-06T12:09:00Z"
    live = call(HUB, "GET", f"/sessions/{show['session']}/live").json
    assert live["totals"][0]["paid_gmv_fen"] == 20000


def test_ndjson_is_read_line_by_line(call: Any, show: dict[str, Any], evening: Any) -> None:
    body = "\n".join([json.dumps(event(1)), "{broken", "", json.dumps(event(2))])
    answer = call(CONNECTOR, "POST", "/ingest/events", data=body, content_type="application/x-ndjson")
    assert (answer.json["accepted"], [r["code"] for r in answer.json["rejected"]]) == (2, ["malformed"])
    assert answer.json["rejected"][0]["index"] == 1


@pytest.mark.parametrize("name", sorted(path.name for path in (DATA / "bad_json").iterdir()))
def test_a_body_that_is_no_batch_is_a_4xx(name: str, call: Any) -> None:
    body = (DATA / "bad_json" / name).read_bytes()
    began = time.monotonic()
    answer = call(CONNECTOR, "POST", "/ingest/events", data=body, content_type="application/json")
    assert answer.status_code in (400, 422), answer.data
    assert answer.content_type == "application/problem+json"
    # As NDJSON a line may be at fault by itself: then its neighbours are judged, and it is named.
    answer = call(CONNECTOR, "POST", "/ingest/events", data=body, content_type="application/x-ndjson")
    assert answer.status_code == 422 or (answer.status_code, answer.json["accepted"]) == (200, 0), answer.data
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_holds_one_to_a_thousand(count: int, call: Any) -> None:
    answer = call(CONNECTOR, "POST", "/ingest/events", json={"events": [event(1)] * count})
    assert answer.status_code == 422


def test_others_may_not_push_and_a_connector_reads_nothing(call: Any, show: dict[str, Any]) -> None:
    assert call(HUB, "POST", "/ingest/events", json={"events": [event(1)]}).status_code == 403
    assert call(None, "POST", "/ingest/events", json={"events": [event(1)]}).status_code == 401
    for path in (f"/sessions/{show['session']}/sales", "/imports", "/unattributed"):
        assert call(CONNECTOR, "GET", path).status_code == 403


@pytest.fixture
def connector(database: Database, parts: Parts) -> tuple[str, str]:
    """(public id, secret) of a connector."""
    with database.transaction(SYSTEM) as db:
        made = create_key(
            db,
            SYSTEM,
            secret_key=parts.settings.secret_key,
            name="signed",
            scope=Scope("connector"),
            shop_ids=[],
        )
    assert made.connector_id is not None
    assert made.secret is not None
    return public("con", made.connector_id), made.secret


def test_a_signed_push_needs_no_bearer(
    client: FlaskClient, connector: tuple[str, str], show: dict[str, Any], evening: Any
) -> None:
    path = f"/api/v1/ingest/{connector[0]}/events"
    body = json.dumps({"events": [event(1)]}).encode()
    now = int((T0 + timedelta(minutes=10)).timestamp())
    headers = signed_headers([connector[1]], "msg_1", now, body)
    answer = client.post(path, data=body, headers=headers, content_type="application/json")
    assert (answer.status_code, answer.json["accepted"]) == (200, 1)
    for wrong in (
        {"data": body + b" ", "headers": headers},
        {"data": body, "headers": signed_headers([connector[1]], "msg_1", now - 301, body)},
        {"data": body, "headers": {}},
    ):
        assert client.post(path, content_type="application/json", **wrong).status_code == 401
    elsewhere = client.post("/api/v1/ingest/con_0000000000000/events", data=body, headers=headers)
    assert elsewhere.status_code == 401


def test_a_file_is_looked_at_then_committed(
    call: Any, show: dict[str, Any], database: Database, make: Factory
) -> None:
    def post(**fields: Any) -> Any:
        form = {"kind": "douyin_orders", "shop_id": public("shp", show["shop"].id)} | fields
        content = (DATA / "douyin" / "douyin_orders.csv").read_bytes()
        form["file"] = (io.BytesIO(content), "douyin_orders.csv")
        return call(HUB, "POST", "/imports", data=form, content_type="multipart/form-data")

    looked = post(dry_run="true")
    assert (looked.status_code, looked.json["state"], looked.json["new"]) == (201, "checked", 314)
    assert {"column": "商家编码", "field": "merchant_sku"} in looked.json["mapping"]
    done = call(HUB, "POST", f"/imports/{looked.json['id']}/commit")
    assert (done.status_code, done.json["state"], done.json["new"]) == (200, "committed", 314)
    assert call(HUB, "POST", f"/imports/{looked.json['id']}/commit").status_code == 409
    assert post().json["same"] == 314
    assert len(call(HUB, "GET", "/imports").json["items"]) == 2
    assert call(HUB, "GET", f"/imports/{looked.json['id']}").json["rows"] == 314
    assert call(brand_actor(show), "GET", "/imports").status_code == 403
    assert post(shop_id="").status_code == 422
    assert post(kind="secrets").status_code == 422


ODD = "主订单编号,商品数量,商品金额,订单提交时间,支付完成时间,订单状态,应收,款号\n"
ODD_ROW = "6900001,1,100.00,2026-11-06 20:10:00,2026-11-06 20:11:00,待发货,100.00,A-1\n"


def test_columns_are_pointed_out_with_the_file_and_for_one_that_waits(
    call: Any, show: dict[str, Any]
) -> None:
    def post(**fields: Any) -> Any:
        form = {"kind": "douyin_orders", "shop_id": public("shp", show["shop"].id)} | fields
        form["file"] = (io.BytesIO((ODD + ODD_ROW).encode()), "odd.csv")
        return call(HUB, "POST", "/imports", data=form, content_type="multipart/form-data")

    assert post().status_code == 422
    looked = post(dry_run="true", mapping=json.dumps({"应收": "payable"}))
    assert (looked.status_code, looked.json["state"], looked.json["missing"]) == (201, "checked", [])
    where = f"/imports/{looked.json['id']}/mapping"
    for wrong in ({"应收": "price"}, {"应收": 5}, {"收件人": "payable"}):
        assert call(HUB, "POST", where, json={"mapping": wrong}).status_code == 422
    undone = call(HUB, "POST", where, json={"mapping": {"应收": None}})
    assert (undone.status_code, undone.json["state"], undone.json["missing"]) == (
        200,
        "unmapped",
        ["payable"],
    )
    assert call(HUB, "POST", f"/imports/{looked.json['id']}/commit").status_code == 409
    again = call(HUB, "POST", where, json={"mapping": {"应收": "payable", "款号": "merchant_sku"}})
    assert (again.json["state"], again.json["new"]) == ("checked", 1)
    assert {"column": "款号", "field": "merchant_sku"} in again.json["mapping"]
    assert call(HUB, "POST", f"/imports/{looked.json['id']}/commit").json["state"] == "committed"
    assert call(HUB, "POST", where, json={"mapping": {}}).status_code == 409
    assert call(brand_actor(show), "POST", where, json={"mapping": {}}).status_code == 403
    # The next one of the shop is known.
    assert post().json["same"] == 1


def test_a_brand_sees_its_figures_and_never_anothers(
    call: Any, show: dict[str, Any], database: Database, make: Factory, evening: Any
) -> None:
    rival = make.brand(name="对手皮业")
    make.shop(rival, external_id="4002", name="对手旗舰店")
    batch = [event(1), event(2, shop_id="4002", paid_fen=77777), event(3, author_id="stranger")]
    assert call(CONNECTOR, "POST", "/ingest/events", json={"events": batch}).status_code == 200
    fold_all(database)
    own = summary(call, brand_actor(show), show)
    assert own.json["totals"][0]["paid_gmv_fen"] == 10000
    assert own.json["totals"][0]["maturing"] is True
    assert own.json["beneath"][0]["unattributed_fen"] == 10000
    assert [item["key"] for item in own.json["items"]] == ["2026-11-06"]
    by_session = summary(call, brand_actor(show), show, group_by="session").json["items"]
    assert [(item["key"], item["totals"][0]["paid_gmv_fen"]) for item in by_session] == [
        (show["session"], 10000)
    ]
    session = call(brand_actor(show), "GET", f"/sessions/{show['session']}/sales").json
    assert session["totals"][0]["paid_gmv_fen"] == 10000
    for answer in (own.text, json.dumps(by_session), json.dumps(session)):
        assert "77777" not in answer
        assert "对手" not in answer
    foreign = call(
        brand_actor(show),
        "GET",
        f"/brands/{public('brd', rival.id)}/summary",
        query_string={"from": "2026-11-06", "to": "2026-11-06"},
    )
    absent = call(
        brand_actor(show),
        "GET",
        "/brands/brd_0000000000000/summary",
        query_string={"from": "2026-11-06", "to": "2026-11-06"},
    )
    assert foreign.status_code == absent.status_code == 404
    assert foreign.data == absent.data


@pytest.mark.parametrize("group", ["day", "session", "host", "product", "platform", "shop", "campaign"])
@pytest.mark.parametrize("basis", ["cohort", "cash"])
def test_groups_of_a_summary_add_up_to_its_total(
    group: str, basis: str, call: Any, show: dict[str, Any], database: Database, make: Factory, evening: Any
) -> None:
    make.product(show["brand"], sku="XJ-1")
    batch = [event(1, merchant_sku="XJ-1"), event(2), event(3, ordered_at="2026-11-06T20:01:00+08:00")]
    assert call(CONNECTOR, "POST", "/ingest/events", json={"events": batch}).status_code == 200
    fold_all(database)
    for actor in (HUB, brand_actor(show)):
        found = summary(call, actor, show, group_by=group, basis=basis).json
        assert found["totals"][0]["paid_gmv_fen"] == 30000
        assert sum(item["totals"][0]["paid_gmv_fen"] for item in found["items"]) == 30000


def test_an_agency_sees_what_its_hosts_shifts_sold(
    call: Any, show: dict[str, Any], database: Database
) -> None:
    agency = Actor(kind="key", role="agency", name="agency", agency_id=show["agency"].id)
    with clock.travel(T0 + timedelta(hours=2) - datetime.now(UTC)):
        late = {"ordered_at": "2026-11-06T21:30:00+08:00", "paid_fen": 55555}
        call(CONNECTOR, "POST", "/ingest/events", json={"events": [event(1), event(2, **late)]})
        fold_all(database)
        found = call(agency, "GET", f"/sessions/{show['session']}/sales")
    assert found.json["totals"][0]["paid_gmv_fen"] == 10000
    assert "55555" not in found.text
    assert call(agency, "GET", f"/brands/{public('brd', show['brand'].id)}/summary").status_code == 403


def test_an_unattributed_line_is_shown_and_assigned(
    call: Any, show: dict[str, Any], database: Database, evening: Any
) -> None:
    call(CONNECTOR, "POST", "/ingest/events", json={"events": [event(1, author_id="stranger")]})
    fold_all(database)
    (item,) = call(HUB, "GET", "/unattributed").json["items"]
    assert (item["line_id"], item["amount_fen"], item["kind"]) == ("l1", 10000, "line")
    body = {"session_id": show["session"], "reason": "主播换号"}
    assert call(HUB, "POST", f"/unattributed/{item['id']}/assign", json=body).status_code == 204
    fold_all(database)
    assert call(HUB, "GET", "/unattributed").json["items"] == []
    found = call(HUB, "GET", f"/sessions/{show['session']}/sales").json
    assert found["attribution"][0]["rung"] == "manual"
    assert found["totals"][0]["paid_gmv_fen"] == 10000


def test_periods_are_compared_at_equal_age(
    call: Any, show: dict[str, Any], database: Database, make: Factory
) -> None:
    refund = {
        "type": "refund",
        "event_id": "r1",
        "occurred_at": "2026-11-10T20:05:00+08:00",
        "platform": "douyin",
        "shop_id": "4001",
        "refund_id": "f1",
        "line_id": "l1",
        "status": "success",
        "stage": "post_ship",
        "amount_fen": 4000,
        "succeeded_at": "2026-11-10T20:05:00+08:00",
    }
    with clock.travel(datetime(2026, 11, 14, tzinfo=UTC) - datetime.now(UTC)):
        call(CONNECTOR, "POST", "/ingest/events", json={"events": [event(1), refund]})
        fold_all(database)
        whole = summary(call, HUB, show).json
        young = summary(call, HUB, show, age=3).json
        cash = summary(call, HUB, show, basis="cash").json
    with clock.travel(datetime(2026, 11, 6, 15, tzinfo=UTC) - datetime.now(UTC)):
        running = summary(call, HUB, show).json["comparison"]
        cut = summary(call, HUB, show, **{"from": "2026-11-05", "to": "2026-11-06"}).json["comparison"]
    assert whole["totals"][0]["refund_fen"] == 4000
    assert whole["comparison"]["age"] == 7
    assert whole["comparison"]["running_day_left_out"] is False
    assert running == {
        "age": None,
        "now": [],
        "before": [],
        "year_before": [],
        "days": None,
        "before_days": None,
        "year_before_days": None,
        "running_day_left_out": True,
    }, "the 6th is not over at 23:00"
    assert cut["running_day_left_out"] is True
    assert cut["days"] == {"from": "2026-11-05", "to": "2026-11-05"}
    assert cut["before_days"] == {"from": "2026-11-03", "to": "2026-11-03"}
    assert cut["year_before_days"] == {"from": "2025-11-05", "to": "2025-11-05"}
    assert cut["now"][0]["paid_gmv_fen"] == 0
    assert young["totals"][0]["refund_fen"] == 0
    assert cash["totals"][0]["refund_fen"] == 0, "the money went back on another day"
