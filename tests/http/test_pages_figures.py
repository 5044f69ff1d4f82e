"""The summary in groups, the lines below a figure, sheets, shared links: each audience its own, in both languages."""

import csv
import html
import io
import re
import zipfile
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from campaign.kit import clock, ids
from campaign.kit.actor import SYSTEM
from campaign.kit.tabular import read_table
from campaign.web.show import fen
from tests import zones
from tests.factory import HUB, keyed
from tests.http.test_pages_sales import CANARY, EXPECTED, evening, taken
from tests.visitor import visitor_as

__all__ = ["evening"]
LATER = ("7", "15", "30", "45")
GROUPS = ("day", "session", "host", "product", "platform", "shop", "campaign")
PAID = EXPECTED["session"]["paid_gmv_fen"]
REFUND = EXPECTED["session"]["refund_fen"]


def brand_of(app, database, evening, language="en"):
    return visitor_as(app, database, "brand", language=language, brand_id=evening.brand.id)


def foot_of(page):
    """The money of the page's last line."""
    return re.findall(r"<td class=\"num\"[^>]*>([^<]*)</td>", re.search(r"<tfoot>.*?</tfoot>", page, re.S)[0])


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_each_grouping_adds_up_on_the_page_and_opens_its_lines(app, database, planner, evening, language):
    taken(planner, evening, database)
    own = brand_of(app, database, evening, language)
    for group in GROUPS:
        page = own.get(f"/brand?{evening.range}&group={group}").text
        table = re.search(r'id="groups".*?</section>', page, re.S)[0]
        assert fen(PAID) in table
        assert CANARY not in page
        link = re.search(r'href="(/brand/lines[^"]*)"', table)[1].replace("&amp;", "&")
        lines = own.get(link)
        assert lines.status_code == 200
        assert foot_of(lines.text)
    for basis in ("cohort", "cash"):
        found = own.get(f"/brand?{evening.range}&basis={basis}&age=7")
        assert found.status_code == 200
        assert fen(PAID) in found.text
        # By cash nothing matures: no word of it.
        matured = "What became of the paid amount" if language == "en" else "支付金额的去向"
        assert (matured in found.text) is (basis == "cohort")


def test_the_foot_of_the_lines_is_the_figure(app, database, planner, evening):
    taken(planner, evening, database)
    own = brand_of(app, database, evening)
    assert foot_of(own.get(f"/brand/lines?{evening.range}").text)[-3:] == [
        fen(PAID),
        fen(REFUND),
        fen(PAID - REFUND),
    ]
    only = own.get(f"/brand/lines?{evening.range}&only=refunded").text
    assert foot_of(only)[-2] == fen(REFUND)
    session = ids.public("ses", evening.session_id)
    assert foot_of(own.get(f"/brand/lines?{evening.range}&by=session&key={session}").text)[-3] == fen(PAID)
    assert "<tfoot>" not in own.get(f"/brand/lines?{evening.range}&by=session&key=").text


@pytest.mark.parametrize(
    "query", ["by=session&key=x", "by=day&key=1999-01-01", "by=day&key=x", "only=some", "cursor=x"]
)
def test_a_figure_that_is_none_is_refused(app, database, evening, query):
    own = brand_of(app, database, evening)
    assert own.get(f"/brand/lines?{evening.range}&{query}").status_code == 422


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_sheets_hold_the_figures_and_no_formula(app, database, planner, evening, language, form):
    taken(planner, evening, database)
    own = brand_of(app, database, evening, language)
    for what, lines in (("summary", 1), ("lines", EXPECTED["session"]["lines"])):
        answer = own.get(f"/brand/sheet?{evening.range}&what={what}&format={form}&group=session&only=paid")
        assert answer.status_code == 200
        assert f"{what}-" in answer.headers["Content-Disposition"]
        content = answer.data
        table = read_table(content)
        assert len(table.rows) >= lines
        assert len({len(row) for _, row in table.rows}) == 1
        titles = {"en": ("Paid amount", "Refunds"), "zh-CN": ("支付金额", "退款")}[language]
        paid, refund = (table.header.index(title) for title in titles)
        rows = [row for _, row in table.rows][: -1 if what == "summary" else None]
        assert round(sum(float(row[paid]) for row in rows) * 100) == PAID
        assert round(sum(float(row[refund]) for row in rows) * 100) == REFUND
        if form == "csv":
            assert content.startswith(b"\xef\xbb\xbf")
            cells = [cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for cell in row]
            assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


HOSTILE = ("=1+1", "+1", "-1", "@SUM(1)", "\t=1", "=cmd|' /C calc'!A0")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_becomes_a_formula(app, database, planner, evening, make, form, name):
    """Names of products, sessions, shops and hosts, and what a platform sent: none starts a formula in either form."""
    make.product(evening.brand, sku="XJ-2")
    taken(planner, evening, database)
    with database.transaction(SYSTEM) as db:
        for sql in (
            "UPDATE live_session SET title = :name",
            "UPDATE shop SET name = :name",
            "UPDATE product SET name = :name, name_en = :name",
            "UPDATE host SET name = :name, name_en = :name",
            "UPDATE order_line SET merchant_sku = :name, parent_order_id = :name WHERE known",
        ):
            db.execute(text(sql), {"name": name})
    own = brand_of(app, database, evening)
    asked = [f"what=summary&group={group}" for group in GROUPS] + ["what=lines"]
    met = 0
    for query in asked:
        content = own.get(f"/brand/sheet?{evening.range}&{query}&format={form}").data
        if form == "csv":
            cells = [cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for cell in row]
        else:
            with zipfile.ZipFile(io.BytesIO(content)) as book:
                parts = {one: book.read(one).decode() for one in book.namelist()}
            sheets = [part for one, part in parts.items() if one.startswith("xl/worksheets/")]
            assert not any(re.search(r"<f[ >/]", part) for part in sheets)
            assert not any("hyperlink" in part for part in sheets)
            cells = [
                html.unescape(one) for part in sheets for one in re.findall(r"<t[^>]*>([^<]*)</t>", part)
            ]
        assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
        met += sum(cell == f"'{name}" or cell.strip() == f"'{name.strip()}" for cell in cells)
    assert met > len(asked) / 2


def test_a_net_below_nought_is_still_a_number_in_a_sheet(app, database, planner, evening):
    """By cash the refunds of a later day stand alone: the sheet's days still add up."""
    taken(planner, evening, database)
    own = brand_of(app, database, evening)
    days = f"first={evening.day - timedelta(days=1)}&last={evening.day + timedelta(days=60)}"
    for form in ("csv", "xlsx"):
        table = read_table(own.get(f"/brand/sheet?{days}&basis=cash&group=day&format={form}").data)
        nets = [float(row[table.header.index("Net amount")]) for _, row in table.rows]
        assert min(nets) < 0
        assert round(sum(nets[:-1]) * 100) == round(nets[-1] * 100)


def test_the_hub_sees_the_same_lines_and_another_brand_none(app, database, planner, evening):
    taken(planner, evening, database)
    brand = ids.public("brd", evening.brand.id)
    page = planner.get(f"/hub/brands/{brand}/lines?{evening.range}").text
    assert foot_of(page)[-3] == fen(PAID)
    assert planner.get(f"/hub/brands/{brand}/sheet?{evening.range}").status_code == 200
    other = visitor_as(app, database, "brand", brand_id=evening.other.id)
    session = ids.public("ses", evening.session_id)
    shop = ids.public("shp", evening.shop.id)
    for query in ("", f"&by=session&key={session}", f"&by=shop&key={shop}"):
        for path in ("/brand/lines", "/brand/sheet"):
            found = other.get(
                f"{path}?{evening.range}&what=lines&format=csv{query}"
                if path.endswith("sheet")
                else f"{path}?{evening.range}{query}"
            )
            assert found.status_code == 200
            assert "辛皮记" not in found.text
            assert evening.shop.name not in found.text
    assert other.get(f"/hub/brands/{brand}/lines").status_code == 403


@pytest.mark.parametrize(
    ("language", "left_out", "none", "unreached"),
    [
        (
            "en",
            "Only days that are over are compared: today and its counterpart are left out.",
            "Nothing to compare yet: none of these days is over.",
            "These days have not passed yet",
        ),
        (
            "zh-CN",
            "仅对比已结束的日期：今天及其对应日期未计入。",
            "暂无对比：所选日期中还没有已结束的一天。",
            "尚未满该天数",
        ),
    ],
)
def test_the_page_says_which_days_are_compared(
    app, database, planner, evening, language, left_out, none, unreached
):
    taken(planner, evening, database)
    # Ten in the morning three days on: of two days one is over, and its counterpart is the evening's.
    today = evening.day + timedelta(days=3)
    morning = datetime(today.year, today.month, today.day, 10, tzinfo=ZoneInfo(zones.hub_zone()))
    days = f"first={today - timedelta(days=1)}&last={today}"
    own = brand_of(app, database, evening, language)
    with clock.travel(morning - datetime.now(UTC) - zones.offset()):
        page = own.get(f"/brand?{days}").text
        assert page.count(left_out) == 2  # beneath the figures and in the table
        panel = re.search(r'id="compared".*?</section>', page, re.S)[0]
        ages = re.findall(r'<(a|span) class="btn small[^"]*"([^>]*)>(\d+)<', panel)
        assert [(tag, age) for tag, _, age in ages] == [("a", "0"), *(("span", age) for age in LATER)]
        assert all(unreached in given and 'aria-disabled="true"' in given for _, given, _ in ages[1:])
        dates = re.findall(r"<small>(\d\d-\d\d)[^<]*</small></th>", panel)
        assert dates == [f"{evening.day:%m-%d}", f"{today - timedelta(days=1):%m-%d}"]
        alone = own.get("/brand?days=1").text
        assert (none in alone, left_out in alone, 'id="compared"' in alone) == (True, False, False)
    with clock.travel(morning + timedelta(days=9) - datetime.now(UTC) - zones.offset()):
        page = own.get(f"/brand?{days}").text
        assert (left_out in page, none in page) == (False, False)
        assert re.findall(r'<a class="btn small[^>]*age=(\d+)', page) == ["0", "7"]


def api(client, database, path, actor=HUB):
    return client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {keyed(database, actor)}"})


def test_the_api_opens_a_figure_page_by_page(app, database, planner, evening):
    taken(planner, evening, database)
    client = app.test_client()
    days = f"from={evening.day - timedelta(days=1)}&to={evening.day + timedelta(days=2)}"
    path = f"/brands/{ids.public('brd', evening.brand.id)}"
    found = api(client, database, f"{path}/summary?{days}&group_by=session&compare_age=7").json
    (one,) = found["items"]
    assert f"from={found['from']}&to={found['to']}" == days
    assert found["comparison"]["year_before"][0]["paid_gmv_fen"] == 0
    seen, cursor = [], ""
    while cursor is not None:
        more = f"&cursor={cursor}" if cursor else ""
        page = api(
            client, database, f"{path}/lines?{days}&group_by=session&key={one['key']}&limit=100{more}"
        ).json
        seen += page["items"]
        cursor = page["next_cursor"]
    (total,) = page["totals"]
    assert total["paid_gmv_fen"] == one["totals"][0]["paid_gmv_fen"] == sum(row["paid_fen"] for row in seen)
    assert total["net_gmv_fen"] == one["totals"][0]["net_gmv_fen"] == sum(row["net_fen"] for row in seen)
    assert total["rows"] == len(seen) == len({row["id"] for row in seen})
    sheet = api(client, database, f"{path}/summary/sheet?{days}&format=csv")
    assert sheet.data.startswith(b"\xef\xbb\xbf")
    assert api(client, database, f"{path}/lines?from={evening.day}&to=2020-01-01").status_code == 422
    for where in ("summary", "lines", "summary/sheet"):
        refused = api(client, database, f"{path}/{where}?{days}&basis=cash&age=7")
        assert refused.status_code == 422, where
        assert [(one["field"], one["code"]) for one in refused.json["errors"]] == [("age", "age_by_cash")]


def test_a_shared_link_shows_one_summary_and_nothing_else(app, database, planner, evening):
    taken(planner, evening, database)
    own = brand_of(app, database, evening)
    own.get(f"/brand/shares?{evening.range}")
    first, last = (part.partition("=")[2] for part in evening.range.split("&"))
    made = own.post("/brand/shares", first=first, last=last, group="product", basis="cohort", valid_days="30")
    assert made.status_code == 201, made.text
    link = re.search(r'href="[^"]*(/s/[\w-]{43})"', made.text)[1]
    assert link not in own.get("/brand/shares").text
    stranger = app.test_client()
    page = stranger.get(link, headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert fen(PAID) in page.text
    assert fen(REFUND) in page.text
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in page.headers
    for never in (
        "/brand/lines",
        "/brand/sessions",
        "csrf",
        "/login",
        "tester",
        CANARY,
        "<form",
        "/static/js",
    ):
        assert never not in page.text, never
    assert re.findall(r"<a ", page.text) == []
    more = stranger.get(f"{link}?first=2000-01-01&group=session", headers={"Accept-Language": "en"})
    strip = re.compile(r"As of [^<]*")
    assert strip.sub("", more.text) == strip.sub("", page.text)
    with clock.travel(timedelta(days=31)):
        assert stranger.get(link).status_code == 404
    ended = re.search(r'action="(/brand/shares/shr_\w+/revoke)"', own.get("/brand/shares").text)[1]
    other = visitor_as(app, database, "brand", brand_id=evening.other.id)
    other.get("/brand/shares")
    assert other.post(ended).status_code == 404
    assert stranger.get(link).status_code == 200
    own.get("/brand/shares")
    assert own.post(ended).status_code == 303
    assert stranger.get(link).status_code == 404
    assert stranger.get("/s/nothing").status_code == 404


def test_a_month_is_closed_by_the_hub_and_shown_to_the_brand(app, database, planner, evening):
    taken(planner, evening, database)
    month = str(evening.day.replace(day=1))
    path = f"/hub/brands/{ids.public('brd', evening.brand.id)}/months"
    planner.get(path)
    with clock.travel(timedelta(days=62)):
        manager = visitor_as(app, database, "hub", hub_role="manager")
        manager.get(path)
        assert manager.post(path, month=month).status_code == 303
        assert "The month is closed." in manager.follow().text
        manager.post(path, month=month)
        assert "closed already" in manager.follow().text
        assert manager.post(path, month="soon").status_code == 422
        viewer = visitor_as(app, database, "hub", hub_role="viewer")
        viewer.get(path)
        assert viewer.post(path, month=month).status_code == 403
    own = brand_of(app, database, evening)
    assert fen(PAID) in own.get("/brand/months").text
    other = visitor_as(app, database, "brand", brand_id=evening.other.id)
    assert fen(PAID) not in other.get("/brand/months").text


def test_rankings_and_returns_by_page_and_by_the_api(app, database, planner, evening):
    taken(planner, evening, database)
    brand = ids.public("brd", evening.brand.id)
    days = f"from={evening.day - timedelta(days=1)}&to={evening.day + timedelta(days=2)}"
    client = app.test_client()
    for kind in ("brand", "host", "studio"):
        for order in ("per_hour", "paid", "refund_rate", "on_time"):
            found = planner.get(f"/hub/rankings?{evening.range}&kind={kind}&order={order}")
            assert found.status_code == 200
    found = api(client, database, f"/rankings?{days}").json
    first = found["items"][0]
    assert (first["id"], first["paid_fen"], first["refund_fen"]) == (brand, PAID, REFUND)
    assert found["quality"][0]["live_fen"] == PAID
    (told,) = [one for one in found["shops"] if one["shop_id"] == ids.public("shp", evening.shop.id)]
    assert (told["has_brand"], told["orphan_refunds"], told["held"], told["contradicted"]) == (True, 0, 0, 0)
    assert told["loose_lines"] > 0
    returned = api(client, database, f"/brands/{brand}/returns?{days}").json
    whole = returned["curves"][0]
    assert whole["part"] is None
    assert (whole["points"][1]["paid_fen"], whole["points"][0]["age"]) == (PAID, 0)
    assert api(client, database, f"/rankings?{days[:15]}&to=1990-01-01").status_code == 422
    own = brand_of(app, database, evening)
    assert own.get("/hub/rankings").status_code == 403
    assert "What comes back" in own.get(f"/brand?{evening.range}").text


def test_a_closed_month_is_told_on_the_summary_and_in_its_sheet(app, database, planner, evening):
    taken(planner, evening, database)
    first, last = evening.day.replace(day=1), evening.day + timedelta(days=1)
    days = f"first={first}&last={last}"
    summary = f"/hub/brands/{ids.public('brd', evening.brand.id)}"
    own = brand_of(app, database, evening)
    assert 'id="closed"' not in own.get(f"/brand?{days}").text
    header, *_ = own.get(f"/brand/sheet?{days}&format=csv").text.splitlines()
    assert "changed since" not in header
    with clock.travel(timedelta(days=62)):
        manager = visitor_as(app, database, "hub", hub_role="manager")
        manager.get(f"{summary}/months")
        assert manager.post(f"{summary}/months", month=str(first)).status_code == 303
    # Somebody pays for one more order of the month, and one gets its money back.
    with database.transaction(SYSTEM) as db:
        db.execute(
            text("UPDATE sales_day SET paid_fen = paid_fen + 1200, refund_post_ship_fen = refund_post_ship_fen + 500"
                 " WHERE ctid = (SELECT ctid FROM sales_day WHERE basis = 'cohort' AND bucket = 'live'"
                 " AND brand_id = :brand AND day BETWEEN :first AND :last AND currency = 'CNY' LIMIT 1)"),
            {"brand": evening.brand.id, "first": first, "last": last},
        )  # fmt: skip
    for visitor, path in ((own, f"/brand?{days}"), (planner, f"{summary}?{days}")):
        panel = re.search(r'<section class="panel" id="closed">.*?</section>', visitor.get(path).text, re.S)[
            0
        ]
        assert first.strftime("%Y-%m") in panel
        assert re.findall(r">([+−]¥[\d.,]+)<", panel) == ["+¥12.00", "+¥5.00", "+¥7.00"]
        assert "noprint" not in panel
    # The same amounts with their signs, and the same words, where the month itself stands.
    months = own.get("/brand/months").text
    assert re.findall(r">([+−]¥[\d.,]+)<", months) == ["+¥12.00", "+¥5.00", "+¥7.00"] * 2
    own.post("/language", locale="zh_CN")
    both = own.get(f"/brand?{days}").text + own.get("/brand/months").text
    own.post("/language", locale="en")
    assert ("已封账月份" in both, "封账后退款变动" in both, "关账" in both) == (True, True, False)
    header, *rows = own.get(f"/brand/sheet?{days}&format=csv").text.lstrip("\ufeff").splitlines()
    assert header.count("changed since") == 3
    assert rows[-1].endswith("12.00,5.00,7.00")
    assert own.get(f"/brand/sheet?{days}&format=xlsx").status_code == 200
    # A part of the month of which nothing changed, by cash.
    panel = own.get(f"/brand?{days}&basis=cash").text
    assert "nothing has changed since" in panel
