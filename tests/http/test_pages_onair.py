"""A show on air on its page: followed by polling, alerts seen to, refunds as they come, each to whom it belongs."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import text

from campaign.insight.onair import detail_of
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.live.alerts import ring
from tests.factory import HUB
from tests.sales_kit import add_session, change_session
from tests.visitor import visitor_as
from tests.workers.test_sales_final import refund
from tests.workers.test_sales_tasks import HOUR, event, now, push
from workers import sales as tasks

__all__ = ["now"]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def show(now, database, make):
    """A show of four hours that began an hour ago; its id and its brand."""
    brand = make.brand()
    make.shop(brand=brand, external_id="4001")
    began = now - HOUR
    account = make.account(external_id="a1")
    found = add_session(
        make, began, began + 4 * HOUR, brand=brand, account=account, state="live", actual=(began, None)
    )
    return found, brand


@pytest.fixture
def path(show):
    return f"/hub/sessions/{ids.public('ses', show[0])}"


def folded():
    tasks.fold()
    tasks.project()


def part_of(page, name):
    return re.search(rf'data-part="{name}".*?(?=<div data-part|<details|<h3>|$)', page, re.S)[0]


def test_who_polls_is_told_of_changes_and_of_nothing_else(now, database, planner, show, path):
    push(database, event(1, now - MINUTE))
    folded()
    first = planner.get(f"{path}/now")
    assert first.status_code == 200
    assert "¥100" in part_of(first.text, "figures")
    assert 'title="1 order line"' in first.text
    known = {"If-None-Match": first.headers["ETag"]}
    same = planner.client.get(f"{path}/now", headers=known | {"Accept-Language": "en"})
    assert (same.status_code, same.data) == (304, b"")
    push(database, event(2, now - MINUTE))
    folded()
    other = planner.client.get(f"{path}/now", headers=known | {"Accept-Language": "en"})
    assert other.status_code == 200
    assert "¥200" in part_of(other.text, "figures")
    assert 'title="2 order lines"' in other.text
    assert other.headers["ETag"] != first.headers["ETag"]


def test_the_page_holds_the_part_as_it_is_polled(now, database, planner, show, path):
    push(database, event(1, now - MINUTE))
    folded()
    page, part = planner.get(path).text, planner.get(f"{path}/now").text
    assert part.split("<div data-part", 1)[1].strip() in page
    assert f'data-stream="{path}/stream"' in page
    assert "/js/live." in page


def test_the_ladder_and_who_bought_stand_there_while_on_air(now, database, planner, show, path):
    push(database, event(1, now - MINUTE, buyer_hash="b1"), event(2, now - MINUTE, buyer_hash="b1"))
    push(database, event(3, now - MINUTE, traffic="unknown", buyer_hash="b2", paid_fen=60000))
    with database.transaction(HUB) as db:
        db.execute(text("UPDATE session_channel SET room_ids = ARRAY['r1']"))
        db.execute(
            text(
                "INSERT INTO metric_sample (platform, room_id, at, kind, viewers, shop_id)"
                " SELECT 'douyin', 'r1', :at, 'cumulative', 40, id FROM shop"
            ),
            {"at": now - MINUTE},
        )
    folded()
    told = planner.get(f"{path}/now").text
    # 200 of 800 yuan are sure, 600 wait for the platform's word; two of forty viewers bought.
    rungs = re.findall(
        r"(provisional)?</span><span class=\"end\"><b class=\"fig\">([^<]+)</b>", part_of(told, "rungs")
    )
    assert sorted(share for _, share in rungs) == ["25.0%", "75.0%"]
    assert ">5.0%<" in told
    # Who bought is not told of one line: then nobody knows how many there were.
    push(database, event(4, now - MINUTE, paid_fen=1))
    folded()
    assert ">5.0%<" not in planner.get(f"{path}/now").text


@pytest.mark.parametrize("role", ["brand", "agency"])
def test_a_brand_and_an_agency_follow_what_is_their_own(now, database, make, app, show, role):
    """Two brands and two agencies in one show: each asks for its own figures, and reads no others."""
    other, agencies = make.brand(), [make.agency(), make.agency()]
    make.shop(brand=other, external_id="4002")
    hosts = [make.host(agency=agency) for agency in agencies]
    began = now - HOUR
    with database.transaction(HUB) as db:
        for host, agency, since in zip(hosts, agencies, (began, now - 30 * MINUTE), strict=True):
            db.execute(
                text(
                    "INSERT INTO participant (session_id, host_id, agency_id, starts_at, ends_at)"
                    " VALUES (:id, :host, :agency, :begins, :ends)"
                ),
                {
                    "id": show[0], "host": host.id, "agency": agency.id, "begins": since,
                    "ends": now - 30 * MINUTE if since == began else began + 4 * HOUR,
                },
            )  # fmt: skip
    change_session(
        database, show[0], brand_ids=[show[1].id, other.id], agency_ids=[one.id for one in agencies],
        host_ids=[one.id for one in hosts],
    )  # fmt: skip
    push(database, event(1, now - 45 * MINUTE, paid_fen=11100))
    push(database, event(2, now - MINUTE, shop_id="4002", paid_fen=22200))
    folded()
    theirs = [{"brand_id": show[1].id}, {"brand_id": other.id}]
    if role == "agency":
        theirs = [{"agency_id": agency.id} for agency in agencies]
    path = f"/{role}/sessions/{ids.public('ses', show[0])}"
    for scope, own, foreign in ((theirs[0], "¥111", "¥222"), (theirs[1], "¥222", "¥111")):
        visitor = visitor_as(app, database, role, **scope)
        page = visitor.get(path).text
        assert f'data-follows="{path}/now"' in page
        assert {"brand": "of the reader's own brand", "agency": "of the reader's own hosts"}[
            role
        ] in unescape(page)
        assert "data-stream" not in page
        told = visitor.get(f"{path}/now")
        for text_told in (page, told.text):
            assert own in text_told
            assert foreign not in text_told
        again = visitor.client.get(
            f"{path}/now", headers={"If-None-Match": told.headers["ETag"], "Accept-Language": "en"}
        )
        assert (again.status_code, again.data) == (304, b"")
    change_session(database, show[0], state="ended", actual_ends_at=now)
    assert visitor.get(f"{path}/now").headers["X-Over"] == "1"
    over = unescape(visitor.get(path).text)
    assert "data-follows" not in over
    assert "the reader's own" in over


def test_who_polls_is_told_when_the_show_is_over(now, database, planner, show, path):
    assert "X-Over" not in planner.get(f"{path}/now").headers
    change_session(database, show[0], state="ended", actual_ends_at=now)
    assert planner.get(f"{path}/now").headers["X-Over"] == "1"
    assert "data-follows" not in planner.get(path).text


def test_refunds_stand_there_as_they_come_the_latest_first(now, database, planner, show, path):
    push(database, event(1, now - 9 * MINUTE), event(2, now - 9 * MINUTE), event(3, now - 9 * MINUTE))
    push(database, refund(1, now - 2 * MINUTE, 2500), refund(2, now - MINUTE, 4000))
    folded()
    told = part_of(planner.get(f"{path}/now").text, "refunds")
    assert re.findall(r"−¥([\d.]+)", told) == ["40.00", "25.00"]


def test_products_are_the_most_paid_first(now, database, make, planner, show, path):
    make.product(brand=show[1], sku="COAT", name="大衣")
    push(database, *(event(number, now - MINUTE, merchant_sku="COAT") for number in (1, 2)))
    push(database, event(3, now - MINUTE, paid_fen=12345))
    folded()
    told = part_of(planner.get(f"{path}/now").text, "products")
    assert re.findall(r"¥([\d.]+)", told) == ["200.00", "123.45"]


def test_an_alert_stands_there_until_somebody_sees_to_it(now, database, app, planner, show, path):
    app.config["WTF_CSRF_ENABLED"] = False
    with database.transaction(HUB) as db:
        ring(db, HUB, "no_sales", f"session:{show[0]}", session_id=show[0], minutes=20, title="", studio="")
    told = planner.get(f"{path}/now").text
    assert "Nothing is sold" in part_of(told, "alerts")
    press = re.search(r'formaction="([^"]+/acknowledge)"', told)[1]
    assert planner.post(press, next=path).headers["Location"] == path
    told = part_of(planner.get(f"{path}/now").text, "alerts")
    assert "sees to it" in told
    assert "formaction" not in told


def test_leading_back_leads_to_no_other_site(database, app, planner, show):
    app.config["WTF_CSRF_ENABLED"] = False
    with database.transaction(HUB) as db:
        ring(db, HUB, "no_sales", "session:1", session_id=show[0], minutes=20, title="", studio="")
        alert = db.execute(text("SELECT id FROM alert")).scalar_one()
    press = f"/hub/alerts/{ids.public('alr', alert)}/acknowledge"
    assert planner.post(press, next="//elsewhere.example").headers["Location"] == "/hub/alerts"


def test_pace_is_the_part_of_the_target_that_the_time_gone_makes_due(
    now, database, make, planner, show, path
):
    campaign = make.campaign(target_paid_fen=800_000)
    change_session(database, show[0], campaign_id=campaign.id)
    push(database, event(1, now - MINUTE, paid_fen=240_000))
    folded()
    head = part_of(planner.get(f"{path}/now").text, "head")
    # The only show of its campaign, an hour of four: 2,000 are due of 8,000.
    assert "30.0%" in head
    assert "¥400 ahead" in head
    with clock.travel(HOUR):
        assert "¥1.6k behind" in part_of(planner.get(f"{path}/now").text, "head")


def test_a_brand_sees_its_own_refunds_and_no_others(now, database, make, show):
    other = make.brand()
    make.shop(brand=other, external_id="4002")
    change_session(database, show[0], brand_ids=[show[1].id, other.id])
    push(database, event(1, now - MINUTE), refund(1, now, 2500))
    push(database, event(2, now - MINUTE, shop_id="4002"), refund(2, now, 4000) | {"shop_id": "4002"})
    folded()
    for brand, expected in ((show[1], [2500]), (other, [4000])):
        actor = Actor(kind="user", role="brand", id=1, name="brand", brand_id=brand.id)
        with database.transaction(actor) as db:
            assert [one.amount_fen for one in detail_of(db, actor, show[0], ()).refunds] == expected
