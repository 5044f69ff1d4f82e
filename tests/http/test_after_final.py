"""What changed after a session's figures were final, in the API and on the session's pages: to each its own."""

import re

import pytest
from sqlalchemy import text

from campaign.kit import clock, ids
from campaign.kit.actor import SYSTEM
from tests.factory import HUB, keyed
from tests.sales_kit import add_session
from tests.visitor import visitor_as
from tests.workers.test_sales_final import CAP, refund
from tests.workers.test_sales_tasks import HOUR, event, now, push
from workers import sales as tasks

__all__ = ["now"]


@pytest.fixture
def show(now, database, make):
    """A show that sold two lines of 100 yuan and ended: its id, and its brand."""
    brand = make.brand()
    make.shop(brand, external_id="4001")
    account, began = make.account(external_id="a1"), (now - 3 * HOUR, now - HOUR)
    made = add_session(make, *began, brand=brand, account=account, actual=began)
    push(database, event(1, now - 2 * HOUR), event(2, now - 2 * HOUR))
    tasks.fold()
    return made, brand


def told(app, database, show, actor=HUB):
    path = f"/api/v1/sessions/{ids.public('ses', show[0])}/sales"
    bearer = {"Authorization": f"Bearer {keyed(database, actor)}"}
    return app.test_client().get(path, headers=bearer).json["after_final"]


def section_of(page):
    found = re.search(r"<h3>(?:After final|已定后变动).*?(?=<h3>|<details|</section>)", page, re.S)
    return found and re.findall(r"<dt>([^<]+)</dt><dd class=\"fig\">([^<]+)</dd>", found[0])


def test_nothing_is_said_of_it_before_and_noughts_where_nothing_changed(app, database, planner, show, now):
    path = f"/hub/sessions/{ids.public('ses', show[0])}"
    assert told(app, database, show) is None
    assert section_of(planner.get(path).text) is None
    # Weeks later the sign-in is over.
    admin = {"role": "hub", "hub_role": "manager"}
    with clock.travel(CAP):
        tasks.finish()
        found = told(app, database, show)
        (total,) = found["totals"]
        assert total.pop("currency") == "CNY"
        assert {*total.values()} == {0}
        assert found["since"] is not None
        page = visitor_as(app, database, **admin).get(path).text
        assert section_of(page) == []
        assert "Nothing came back or changed since." in page


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_what_came_back_is_signed_and_each_reads_its_own(app, database, show, now, language):
    path = f"sessions/{ids.public('ses', show[0])}"
    own = {"role": "brand", "brand_id": show[1].id}
    with clock.travel(CAP):
        tasks.finish()
        push(database, refund(1, now + CAP, 2500), refund(2, now + CAP, 10100))
        tasks.fold()
        (total,) = told(app, database, show)["totals"]
        changed = {name: value for name, value in total.items() if value and name != "currency"}
        assert changed == {
            "refund_fen": 12500,
            "refund_post_receipt_fen": 12500,
            "money_only_fen": 12500,
            "net_gmv_fen": -12500,
            "compensation_fen": 100,
            "refunded_lines": 2,
            "refunded_units": 1,
        }
        for visitor, place in (
            (visitor_as(app, database, "hub", language=language, hub_role="scheduler"), "hub"),
            (visitor_as(app, database, language=language, **own), "brand"),
        ):
            rows = section_of(visitor.get(f"/{place}/{path}").text)
            assert [amount for _, amount in rows] == [
                "−¥125.00",
                "+¥125.00",
                "+¥125.00",
                "+¥1.00",
                "+2",
                "+1",
            ]
            first = {"en": "Net amount", "zh-CN": "净成交额"}[language]
            assert rows[0][0] == first
            # What came back adds up: this is the part that was money only.
            assert rows[2][0] == {"en": "Money only", "zh-CN": "仅退款（含价保）"}[language]


def test_it_is_said_where_it_is_not_known_what_was_final(app, database, show, now):
    with clock.travel(CAP):
        tasks.finish()
        with database.transaction(SYSTEM) as db:
            sql = "UPDATE session_sales SET revision = 2, first_final_at = NULL, first_final_figures = NULL"
            db.execute(text(sql))
        assert told(app, database, show) is None
        visitor = visitor_as(app, database, "hub", hub_role="manager")
        page = visitor.get(f"/hub/sessions/{ids.public('ses', show[0])}").text
    assert section_of(page) is None
    assert "What it was by is not known" in page
