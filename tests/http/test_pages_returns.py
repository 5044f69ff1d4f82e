"""What comes back by days since the order: page and API say the same, and which ages are of a few old days alone."""

import re
from datetime import timedelta

import pytest

from campaign.kit import ids
from campaign.web.show import rate
from tests.factory import HUB, keyed
from tests.sales_kit import add_session
from tests.visitor import visitor_as
from tests.workers.test_sales_final import refund
from tests.workers.test_sales_tasks import HOUR, event, now, push
from workers import sales as tasks

__all__ = ["now"]
DAY = timedelta(days=1)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_early_ages_are_told_apart_on_the_page_and_by_the_api(app, database, make, now, language):
    """By hand: 300 yuan five days ago, half of it back on the second day after; 700 yesterday, of which nothing is.

    Both days have reached age 0; the older alone has reached 1 to 4: 300 of 1,000.
    """
    brand, account = make.brand(), make.account(external_id="a1")
    make.shop(brand, external_id="4001")
    for back in (5, 1):
        began = (now - back * DAY - HOUR, now - back * DAY + HOUR)
        add_session(make, *began, brand=brand, account=account, actual=began)
    push(
        database,
        event(1, now - 5 * DAY, paid_fen=30000),
        event(2, now - DAY, paid_fen=70000),
        refund(1, now - 3 * DAY, 15000),
    )
    tasks.fold()
    own = visitor_as(app, database, "brand", language=language, brand_id=brand.id)
    days = f"first={(now - 7 * DAY).date()}&last={(now + DAY).date()}"
    page = own.get(f"/brand?{days}").text
    table = re.search(r'<table class="returns-table">.*?</table>', page, re.S)[0]
    rows = [
        re.findall(r'<td class="num">(.*?)</td>', row, re.S)
        for row in re.findall(r"<tr>.*?</tr>", table, re.S)
    ]
    rates = [
        re.findall(r'<span( class="early")? title="([^"]*)">([^<]*)</span>', cell) for cell in rows[1][:4]
    ]
    told = {
        "en": (
            "of ¥300.00 paid: 30.0% of it all is that old",
            "Pale, and slanted in the table: ages that less than 80.0%",
        ),
        "zh-CN": (
            "基数：支付 ¥300.00；已满该天数的占 30.0%",
            "浅色（表中为斜体）：已满该天数的订单不足支付金额的 80.0%",
        ),
    }[language]
    # 0, 1, 3, 7 days.
    assert [(early != "", shown) for cell in rates for early, _, shown in cell] == [
        (False, "0.0%"),
        (True, "0.0%"),
        (True, "50.0%"),
    ]
    assert rates[2][0][1] == told[0]
    assert rows[-1] == ["100.0%", "30.0%", "30.0%", "—", "—", "—", "—", "—"]
    assert told[1] in page
    assert len(re.findall(r'<path class="r\d early" d="M0\.0', page)) >= 1
    path = f"/api/v1/brands/{ids.public('brd', brand.id)}/returns?{days}".replace("first", "from").replace(
        "last", "to"
    )
    found = app.test_client().get(path, headers={"Authorization": f"Bearer {keyed(database, HUB)}"}).json
    points = found["curves"][0]["points"]
    assert [(one["paid_fen"], one["refund_fen"], one["reached"], one["early"]) for one in points] == [
        (100000, 0, 10000, False),
        (30000, 0, 3000, True),
        (30000, 15000, 3000, True),
        (30000, 15000, 3000, True),
        (30000, 15000, 3000, True),
    ]
    assert [rate(one["rate"]) for one in points if one["age"] in (0, 1, 3)] == [
        shown for cell in rates for _, _, shown in cell
    ]
