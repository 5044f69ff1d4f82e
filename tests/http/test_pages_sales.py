"""Imports, summaries, the live floor and campaigns as pages: each audience its own figures, in both languages."""

import io
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from campaign.connectors import carrying, imports
from campaign.kit import ids
from campaign.kit.actor import SYSTEM, Actor
from campaign.sales.batches import Batch
from campaign.sales.intake import Intake
from campaign.web.show import fen
from tests.factory import HUB
from tests.sales_kit import add_session, fold_all, total_of
from tests.visitor import visitor_as

DATA = Path(__file__).parents[1] / "data" / "douyin"
EXPECTED = json.loads((DATA / "douyin_orders.expected.json").read_text())
CANARY = "绝密竞品"


@pytest.fixture
def evening(make):
    """A session that a sample export belongs to, the shop it is from, and another brand beside."""
    brand, other = make.brand(name="辛皮记", name_en="Xinpi"), make.brand(name=CANARY)
    account = make.account(external_id=EXPECTED["author"])
    starts_at, ends_at = (datetime.fromisoformat(EXPECTED[key]) for key in ("starts_at", "ends_at"))
    number = add_session(make, starts_at, ends_at, brand=brand, account=account, actual=(starts_at, ends_at))
    add_session(make, starts_at, ends_at, brand=other, account=make.account(), actual=(starts_at, ends_at))
    return SimpleNamespace(
        brand=brand,
        other=other,
        shop=make.shop(brand),
        session_id=number,
        day=starts_at.date(),
        range=f"first={starts_at.date() - timedelta(days=1)}&last={ends_at.date() + timedelta(days=1)}",
    )


def upload(visitor, shop_id, name="douyin_orders.csv"):
    visitor.get("/hub/imports")
    return visitor.post(
        "/hub/imports",
        file=(io.BytesIO((DATA / name).read_bytes()), name),
        kind="douyin_orders",
        shop_id=shop_id,
    )


def taken(planner, evening, database):
    """The sample checked, looked at and taken over by the page; gives the import's address."""
    answer = upload(planner, ids.public("shp", evening.shop.id))
    assert answer.status_code == 303, answer.text
    where = answer.headers["Location"]
    assert "Nothing has been taken over yet" in planner.follow().text
    planner.post(f"{where}/commit")
    fold_all(database)
    return where


def test_a_file_is_looked_at_first_and_again_changes_nothing(planner, evening, database):
    where = taken(planner, evening, database)
    page = planner.follow().text
    assert "Taken over" in page
    assert f"{EXPECTED['rows']:,}" in page
    assert where in planner.get("/hub/imports").text
    upload(planner, ids.public("shp", evening.shop.id))
    tiles = re.findall(r"<dt>(\w+)</dt><dd class=\"fig\">([\d,]+)</dd>", planner.follow().text)
    assert dict(tiles)["New"] == "0"
    assert dict(tiles)["Same"] == f"{EXPECTED['rows']:,}"


ODD = "主订单编号,商品数量,商品金额,订单提交时间,支付完成时间,订单状态,应收\n"
ODD_ROW = "6900001,1,100.00,2026-11-06 20:10:00,2026-11-06 20:11:00,待发货,100.00\n"


def test_a_column_that_is_not_known_is_pointed_out_on_the_page_and_known_the_next_time(planner, evening):
    def bring(row):
        planner.get("/hub/imports")
        file = (io.BytesIO((ODD + row).encode()), "odd.csv")
        shop = ids.public("shp", evening.shop.id)
        return planner.post("/hub/imports", kind="douyin_orders", shop_id=shop, file=file).headers["Location"]

    where = bring(ODD_ROW)
    page = planner.follow().text
    assert "Columns that are needed were not found" in page
    assert f"{where}/commit" not in page
    columns = dict.fromkeys(re.findall(r'name="(field\.\w+)"', page), "")
    shown = re.findall(
        r'name="(field\.\w+)">.*?<option selected>(.*?)</option>', page.replace("</select>", "\n")
    )
    planner.post(f"{where}/mapping", **(columns | dict(shown) | {"field.payable": "应收"}))
    page = planner.follow().text
    assert "Kept for this file and the next ones of the shop" in page
    assert f"{where}/commit" in page
    assert f'action="{bring(ODD_ROW)}/commit"' in planner.follow().text


def test_what_was_pointed_out_is_listed_changed_renamed_and_forgotten(planner, evening):
    shop = ids.public("shp", evening.shop.id)
    here = "/hub/imports/mappings"

    def bring():
        planner.get("/hub/imports")
        file = (io.BytesIO((ODD + ODD_ROW).encode()), "odd.csv")
        return planner.post("/hub/imports", kind="douyin_orders", shop_id=shop, file=file).headers["Location"]

    def kept():
        page = planner.get(here).text
        return dict(
            re.findall(r'name="renamed"[^>]* value="([^"]+)".*?<option value="(\w+)" selected>', page, re.S)
        )

    assert here in planner.get("/hub/imports").text
    assert "No column has been pointed out" in planner.get(here).text
    where = bring()
    planner.follow()
    planner.post(f"{where}/mapping", **{"field.payable": "应收"})
    assert kept() == {"应收": "payable"}
    key = {"kind": "douyin_orders", "shop_id": shop, "header": "应收"}
    assert planner.post(here, **key, renamed="应收", field="order_id").status_code == 303
    assert kept() == {"应收": "order_id"}
    planner.post(here, **key, renamed="应 收款", field="payable")
    assert kept() == {"应收款": "payable"}
    # By its new name the file's column is not found any more.
    bring()
    assert "Columns that are needed were not found" in planner.follow().text
    planner.get(here)
    gone = planner.post(here, **key, renamed="应收", field="payable")
    assert gone.status_code == 404
    planner.get(here)
    key["header"] = "应收款"
    for wrong in ({"renamed": "收件人"}, {"field": "price"}):
        assert (
            planner.post(here, **(key | {"renamed": "应收", "field": "payable"} | wrong)).status_code == 303
        )
        assert 'class="flash is-bad"' in planner.follow().text or "bad" in planner.page.text
        assert kept() == {"应收款": "payable"}
    planner.post(f"{here}/forget", **key)
    assert kept() == {}


def test_rows_that_were_refused_are_counted_where_the_data_is_looked_after(planner, evening, call):
    planner.get("/hub/imports")
    faulty = (
        ODD.replace("应收", "订单应付金额")
        + ODD_ROW
        + ODD_ROW.replace("6900001", "6900002").replace(",1,", ",x,", 1)
    )
    shop = ids.public("shp", evening.shop.id)
    file = (io.BytesIO(faulty.encode()), "faulty.csv")
    where = planner.post("/hub/imports", kind="douyin_orders", shop_id=shop, file=file).headers["Location"]
    planner.follow()
    counted = r'data-th="Rows refused in 30 days">(?:<a [^>]+>)?(\d+)'
    assert set(re.findall(counted, planner.get("/hub/data").text)) == {"0"}
    planner.get(where)
    planner.post(f"{where}/commit")
    assert re.findall(counted, planner.get("/hub/data").text).count("1") == 1
    days = "from=2026-11-01&to=2026-11-30"
    shops = call(HUB, "GET", f"/rankings?{days}").json["shops"]
    assert [one["refused_rows"] for one in shops if one["shop_id"] == shop] == [1]


def test_a_session_leads_to_where_its_report_is_brought(planner, evening, database):
    taken(planner, evening, database)
    page = planner.get(f"/hub/sessions/{ids.public('ses', evening.session_id)}").text
    link = re.search(r'href="(/hub/imports\?kind=douyin_session_report[^"]+)"', page)[1].replace("&amp;", "&")
    form = planner.get(link).text
    assert f'value="{ids.public("ses", evening.session_id)}"' in form


def test_a_long_file_shows_how_far_it_is_until_it_is_through(planner, evening, database, monkeypatch):
    monkeypatch.setattr(imports, "PART_ROWS", 100)
    answer = upload(planner, ids.public("shp", evening.shop.id))
    where = answer.headers["Location"]
    page = planner.follow().text
    assert (f"0 of {EXPECTED['rows']} rows" in page, 'hx-trigger="every 1s"' in page) == (True, True)
    with database.transaction(SYSTEM) as db:
        carrying.carry(db, SYSTEM, ids.internal("imp", where.rsplit("/", 1)[1]))
    assert f"100 of {EXPECTED['rows']} rows" in planner.get(where).text
    for _ in range(4):
        with database.transaction(SYSTEM) as db:
            carrying.carry(db, SYSTEM, ids.internal("imp", where.rsplit("/", 1)[1]))
    page = planner.get(where).text
    assert (f"{where}/commit" in page, "hx-trigger" in page) == (True, False)


@pytest.mark.parametrize("wrong", ["no file", "no shop", "no table"])
def test_what_is_no_export_is_refused_in_words(planner, evening, wrong):
    planner.get("/hub/imports")
    shop = "" if wrong == "no shop" else ids.public("shp", evening.shop.id)
    content = b"\x00\x01" if wrong == "no table" else (DATA / "douyin_orders.csv").read_bytes()
    form = {} if wrong == "no file" else {"file": (io.BytesIO(content), "orders.csv")}
    answer = planner.post("/hub/imports", kind="douyin_orders", shop_id=shop, **form)
    assert 400 <= answer.status_code < 500
    assert 'role="alert"' in answer.text
    words = re.search(r'role="alert">\s*<p>(.*?)</p>', answer.text)[1]
    assert " " in words, f"a bare code: {words}"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_brands_summary_shows_its_figures_and_never_anothers(
    app, database, planner, evening, language, make
):
    taken(planner, evening, database)
    own = visitor_as(app, database, "brand", language=language, brand_id=evening.brand.id)
    page = own.get(f"/brand?{evening.range}").text
    assert fen(EXPECTED["session"]["paid_gmv_fen"]) in page
    assert fen(EXPECTED["session"]["refund_fen"]) in page
    assert ("支付金额" if language == "zh-CN" else "Paid amount") in page
    assert CANARY not in page
    assert "<svg" in page
    number = ids.public("ses", evening.session_id)
    assert fen(EXPECTED["session"]["paid_gmv_fen"]) in own.get(f"/brand/sessions/{number}").text
    other = visitor_as(app, database, "brand", language=language, brand_id=evening.other.id)
    for path in (f"/brand?{evening.range}", "/brand/sessions"):
        found = other.get(path)
        assert found.status_code == 200
        assert "辛皮记" not in found.text
        assert fen(EXPECTED["session"]["paid_gmv_fen"]) not in found.text
    assert other.get(f"/brand/sessions/{number}").status_code == 404


def test_the_hub_sees_every_brands_summary_as_the_brand_does(planner, evening, database):
    taken(planner, evening, database)
    listed = planner.get("/hub/brands").text
    path = f"/hub/brands/{ids.public('brd', evening.brand.id)}"
    assert path in listed
    assert fen(EXPECTED["session"]["paid_gmv_fen"]) in planner.get(f"{path}?{evening.range}").text
    assert planner.get(f"/hub/brands/{ids.public('brd', 77)}").status_code == 404


@pytest.mark.parametrize(
    "query", ["days=0", "days=x", "first=2026-11-20&last=2026-11-01", "first=soon", "a=1"]
)
def test_a_range_that_is_none_is_refused_in_words(app, database, make, query):
    visitor = visitor_as(app, database, "brand", brand_id=make.brand().id)
    assert visitor.get(f"/brand?{query}").status_code == 422


def test_a_campaign_is_made_by_the_form_and_shows_its_sessions(planner, evening):
    planner.get("/hub/campaigns/new")
    assert planner.post("/hub/campaigns/new", name="双十一", target_paid="much").status_code == 422
    made = planner.post(
        "/hub/campaigns/new",
        name="双十一",
        starts_on="2026-11-01",
        ends_on="2026-11-30",
        target_paid="1,000,000",
        brand_ids=[ids.public("brd", evening.brand.id)],
    )
    assert made.status_code == 303, made.text
    page = planner.follow().text
    assert "双十一" in page
    assert "No sessions yet." in page


def test_the_live_floor_shows_what_is_on_air(planner, make):
    now = datetime.fromisoformat("2026-11-06T12:00:00+00:00")
    add_session(make, now, now + timedelta(hours=3), brand=make.brand(), state="live", actual=(now, None))
    page = planner.get("/hub/live").text
    assert "皮衣专场" in page
    assert "¥0.00" in page


def test_parties_are_added_by_the_form_and_faults_stand_by_the_field(planner, make):
    agency = make.agency(name="南星机构")
    planner.get("/hub/parties/hosts")
    assert planner.post("/hub/parties/hosts", name="").status_code == 422
    made = planner.post("/hub/parties/hosts", name="新主播", agency_id=ids.public("agc", agency.id))
    assert made.status_code == 303
    assert "新主播" in planner.follow().text
    assert planner.post("/hub/parties/studios", name="直播间 Z", setup_minutes="many").status_code == 422
    planner.get("/hub/parties/studios")
    assert planner.post("/hub/parties/studios", name="直播间 Z", setup_minutes="20").status_code == 303
    planner.get("/hub/parties/products")
    brand = ids.public("brd", make.brand().id)
    assert (
        planner.post(
            "/hub/parties/products", brand_id=brand, sku="P-1", name="皮带", price="dear"
        ).status_code
        == 422
    )
    assert (
        planner.post(
            "/hub/parties/products", brand_id=brand, sku="P-1", name="皮带", price="99.5"
        ).status_code
        == 303
    )
    assert "¥99.50" in planner.follow().text
    assert planner.get("/hub/parties/nothing").status_code == 404


def _loose_line(number, shop):
    at = "2026-11-06T12:30:00+00:00"
    return {
        "type": "order.line",
        "event_id": f"loose{number}",
        "occurred_at": at,
        "platform": shop.platform,
        "shop_id": shop.external_id,
        "line_id": f"loose{number}",
        "status": "paid",
        "ordered_at": at,
        "paid_at": at,
        "currency": "CNY",
        "qty": 1,
        "paid_fen": 12900,
        "traffic": "live",
    }


def test_lines_without_a_session_are_placed_by_hand(planner, make, database):
    brand = make.brand(name="辛皮记")
    shop = make.shop(brand)
    starts_at = datetime.fromisoformat("2026-11-06T12:00:00+00:00")
    session_id = add_session(make, starts_at, starts_at + timedelta(hours=3), brand=brand)
    connector = Actor(kind="key", role="connector", id=5, name="push")
    Intake(database, b"k" * 32).take_in(
        connector,
        Batch([_loose_line(1, shop), _loose_line(2, shop), {**_loose_line(3, shop), "type": "x"}], []),
    )
    fold_all(database)
    page = planner.get("/hub/data").text
    lines = re.findall(r'name="line" value="(lin_\w+)"', page)
    assert len(lines) == 2
    assert ids.public("ses", session_id) in page
    refused = planner.post("/hub/data", session_id=ids.public("ses", session_id), reason="")
    assert refused.status_code == 422
    placed = planner.post(
        "/hub/data", line=lines[:1], session_id=ids.public("ses", session_id), reason="账号未登记"
    )
    assert placed.status_code == 303, placed.text
    fold_all(database)
    assert total_of(database, session_id)["paid_gmv_fen"] == 12900
    assert re.findall(r'name="line" value="(lin_\w+)"', planner.get("/hub/data").text) == lines[1:]


def test_lines_that_no_session_was_near_have_no_box_to_tick(planner, make, database):
    connector = Actor(kind="key", role="connector", id=5, name="push")
    Intake(database, b"k" * 32).take_in(connector, Batch([_loose_line(1, make.shop(make.brand()))], []))
    fold_all(database)
    page = planner.get("/hub/data").text
    assert "No session was on around these times." in page
    assert 'name="line"' not in page


def test_a_viewer_sees_what_is_loose_and_places_nothing(app, database):
    viewer = visitor_as(app, database, "hub", hub_role="viewer")
    assert "Every line has its session." in viewer.get("/hub/data").text
    assert viewer.post("/hub/data", line=["lin_1"], session_id="ses_1", reason="x").status_code == 403
