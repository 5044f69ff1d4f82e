"""A show, and a brand's days, in two currencies: curves share one time, and a revision tells each."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest

from campaign.kit import clock, ids
from campaign.web.show import fen
from tests.http.test_after_final import show
from tests.visitor import visitor_as
from tests.workers.test_sales_final import CAP, refund
from tests.workers.test_sales_tasks import HOUR, event, now, push
from workers import sales as tasks

__all__ = ["now", "show"]

MINUTE = timedelta(minutes=1)


@pytest.fixture
def dollars(database, show, now):
    """Beside its yuan the show takes dollars, half an hour later and a quarter of an hour after those."""
    began = now - 2 * HOUR
    later = {"currency": "USD", "paid_fen": 3000}
    push(database, event(3, began + 30 * MINUTE, **later), event(4, began + 45 * MINUTE, **later))
    tasks.fold()


def charts(page):
    """Each chart's points, by currency."""
    found = re.findall(r'data-unit="(\w+)"[^>]*?data-points="([^"]*)"', page, re.S)
    assert [unit for unit, _ in found] == ["CNY", "USD"]
    return {unit: json.loads(unescape(points)) for unit, points in found}


def test_charts_of_two_currencies_have_one_time(app, database, show, dollars):
    brand = visitor_as(app, database, "brand", language="en", brand_id=show[1].id)
    # 45 minutes from the first yuan to the last dollar, both of them told by the minute.
    found = charts(brand.get(f"/brand/sessions/{ids.public('ses', show[0])}").text)
    assert [at for at, _ in found["CNY"]] == [at for at, _ in found["USD"]]
    assert [(place, paid) for place, (_, paid) in enumerate(found["CNY"]) if paid] == [(0, 200)]
    assert [(place, paid) for place, (_, paid) in enumerate(found["USD"]) if paid] == [(30, 30), (45, 30)]
    page = brand.get("/brand?days=7").text
    found = charts(page)
    assert [at for at, _ in found["CNY"]] == [at for at, _ in found["USD"]]
    assert [sum(paid for _, paid in found[unit]) for unit in ("CNY", "USD")] == [200, 60]
    assert re.findall(r"<h2>Paid amount over time <small>(\w+)</small></h2>", page) == ["CNY", "USD"]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_revision_says_what_it_was_in_each_currency(app, database, show, dollars, now, language):
    """25 yuan come back after final; then 5 dollars as well: each by itself, and what is the same too."""

    def told(visitor):
        page = visitor.get(f"/brand/sessions/{ids.public('ses', show[0])}").text
        below = re.search(r"<h3>(?:After final|已定后变动).*?(?=<h3>|<details|</section>)", page, re.S)[0]
        heads = [
            one for one in re.findall(r'<p class="soft">([^<]*)</p>', below) if one[:3] in ("CNY", "USD")
        ]
        return re.findall(r"(?:Revision \d|第 \d 次修订)[^<]*", page), heads

    with clock.travel(CAP):
        tasks.finish()
        visitor = visitor_as(app, database, "brand", language=language, brand_id=show[1].id)
        push(database, refund(1, now + CAP, 2500))
        tasks.fold()
        tasks.finish()
        first = told(visitor)
        push(database, refund(3, now + CAP, 500) | {"currency": "USD"})
        tasks.fold()
        tasks.finish()
        second = told(visitor)
    yuan, cents = fen(-2500, "CNY"), fen(-500, "USD")
    if language == "en":
        same = "Nothing came back or changed since."
        net = "the net amount has changed by {} since the figures were first final."
        assert first[0] == [
            f"Revision 2: {net.format(yuan)}",
            "Revision 2: in USD the figures are as they were first final.",
        ]
        assert second[0] == [f"Revision 3: {net.format(yuan)}", f"Revision 3: {net.format(cents)}"]
    else:
        same = "此后无退款或变更。"
        net = "自首次已定以来，净成交额变动 {}。"
        assert first[0] == [
            f"第 2 次修订：{net.format(yuan)}",
            "第 2 次修订：USD 各项数据与首次已定时相同。",
        ]
        assert second[0] == [f"第 3 次修订：{net.format(yuan)}", f"第 3 次修订：{net.format(cents)}"]
    assert first[1] == ["CNY", f"USD: {same}"]
    assert second[1] == ["CNY", "USD"]
