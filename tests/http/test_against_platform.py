"""A platform's report of a session brought by page and API, and read beside our figures."""

import io
import re

import pytest

from campaign.kit import ids
from tests.db.test_against_platform import house, order, workbook
from tests.factory import HUB
from tests.visitor import visitor_as

__all__ = ["house"]


@pytest.fixture
def reported(house, planner):
    """The report brought on the page, looked at and taken over."""
    house.sell(order(1, "100.00"), order(2, "20.00", paid_at="-"))
    planner.get("/hub/imports?kind=douyin_session_report")
    told = {"用户支付金额": "121.00", "成交订单数": "2", "累计观看人数": "1.2万", "平均在线人数": "16.4"}
    told |= {"商品点击人数": "420", "成交人数": "21"}
    file = (io.BytesIO(workbook(told)), "report_20261107100000.xlsx")
    where = planner.post("/hub/imports", kind="douyin_session_report", file=file).headers["Location"]
    page = planner.follow().text
    assert "皮衣专场" in page
    planner.post(f"{where}/commit")
    assert "Taken over" in planner.follow().text
    return house


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("who", ["hub", "brand"])
def test_the_sessions_page_shows_the_gap_by_cause(reported, app, database, who, language):
    own = {"brand_id": reported.brand.id} if who == "brand" else {}
    visitor = visitor_as(app, database, who, language=language, **own)
    page = visitor.get(f"/{who}/sessions/{ids.public('ses', reported.session_id)}").text
    row = re.search(r"<tr><th scope=\"row\">[^<]*</th>\s*<td[^>]*>¥100.00</td>.*?</tr>", page, re.S)
    assert row is not None
    chips = re.findall(r'<span class="chip[^"]*">(.*?)</span>', row[0])
    wanted = {
        "en": ["placed and not paid ¥20.00", "other ¥1.00"],
        "zh-CN": ["下单未支付 ¥20.00", "其他 ¥1.00"],
    }
    assert chips == wanted[language]
    assert ("1.2万" in page or "12,000" in page) is True
    label = {"en": "Online on average", "zh-CN": "平均在线"}[language]
    rate = {"en": "Buyers per person who clicked", "zh-CN": "点击-成交转化率"}[language]
    assert f'<dt>{rate}</dt><dd class="fig">5.0%</dd>' in page
    assert re.search(rf"<dt>{label}[^<]*</dt><dd class=\"fig\">16\.4</dd>", page)


def test_the_api_gives_figures_that_add_up(reported, call):
    answer = call(HUB, "GET", f"/sessions/{ids.public('ses', reported.session_id)}/sales").json
    told = answer["against_platform"]
    assert [(one["figure"], one["ours"], one["platform"]) for one in told["gaps"]] == [
        ("paid_fen", 10_000, 12_100),
        ("orders", 1, 2),
    ]
    for one in told["gaps"]:
        assert one["ours"] + sum(part["amount"] for part in one["parts"]) == one["platform"]
    assert told["missing"] == {"viewers": 12_000, "product_clickers": 420, "buyers": 21}
    assert told["click_to_buy"] == 500
    assert (told["average_online_hundredths"], told["average_online"]) == (1_640, 16)


def test_a_report_that_is_of_no_session_is_refused_until_it_is_named(house, call):
    form = {"kind": "douyin_session_report"}

    def post(**more):
        file = (io.BytesIO(workbook({"成交金额": "1.00"}, room="9", author="b")), "r.xlsx")
        data = form | more | {"file": file}
        return call(HUB, "POST", "/imports", data=data, content_type="multipart/form-data")

    answer = post()
    assert (answer.status_code, answer.json["code"]) == (422, "session_not_found")
    named = ids.public("ses", house.session_id)
    answer = post(session_id=named)
    assert (answer.status_code, answer.json["state"], answer.json["session_id"]) == (201, "committed", named)
