"""What people come to do, done in a browser."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaign.cli.demo import people
from tests.browser.tour import pages_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

ZONE = ZoneInfo("Asia/Shanghai")


def book(walker, title, *, days, studio=1, host=5, starts="02:00", ends="04:00"):
    """Fill in the booking form and send it; options are counted from the top of their list."""
    page = walker.page
    walker.go("/hub/sessions/new")
    page.fill("#title", title)
    page.select_option("#studio_id", index=studio)
    page.fill("#day", (datetime.now(UTC).astimezone(ZONE) + timedelta(days=days)).date().isoformat())
    page.fill("#starts", starts)
    page.fill("#ends", ends)
    page.check('input[name="brand_ids"] >> nth=0')
    page.select_option('[name="participants.0.host_id"]', index=host)
    page.select_option('[name="lineup.0.product_id"]', index=1)
    page.fill('[name="lineup.0.live_price"]', "999.00")
    with page.expect_navigation():
        page.click("main .acts button.main")


def test_a_session_is_booked_collides_moves_and_is_cancelled(walk):
    walker = walk("hub", language="en-US")
    page = walker.page
    book(walker, "Browser walk", days=20)
    if page.locator("#override_reason").count():
        page.fill("#override_reason", "a walk in a browser")
        with page.expect_navigation():
            page.click("main .acts button.main")
    first = page.url
    assert re.search(r"/hub/sessions/ses_\w+$", first), page.inner_text("main")
    assert "Booked as a draft" in page.inner_text("main")

    book(walker, "In its way", days=20, host=6)
    assert page.locator("text=What is in the way").count()
    assert page.locator(f'a[href="{first.removeprefix(walker.site.url)}"]').count()
    with page.expect_navigation():
        page.locator('button[name="_take"]').first.click()
    if page.locator("#override_reason").count():
        page.fill("#override_reason", "a walk in a browser")
        with page.expect_navigation():
            page.click("main > form > .acts button.main")
    assert re.search(r"/hub/sessions/ses_\w+$", page.url), page.inner_text("main")
    assert page.url != first

    page.goto(first)
    with page.expect_navigation():
        page.click("text=Edit…")
    page.fill("#ends", "04:30")
    with page.expect_navigation():
        page.click("main > form > .acts button.main")
    if page.locator("#override_reason").count():
        page.fill("#override_reason", "a walk in a browser")
        with page.expect_navigation():
            page.click("main > form > .acts button.main")
    assert "04:30" in page.inner_text("main")

    page.click("summary:has-text('Cancel the session')")
    page.select_option("#cancel-code", "weather")
    with page.expect_navigation():
        page.click("details[open] button.danger")
    assert page.locator("#detail .chip.is-cancelled").count() == 1
    assert walker.complaints == []


def test_the_board_opens_a_session_beside_itself_and_closes_it_by_key(walk):
    walker = walk("hub")
    walker.go("/hub/board")
    page = walker.page
    if not page.evaluate("typeof htmx"):
        pytest.skip("page scripts are not installed")
    now = page.locator(".now").first.bounding_box()
    board = page.locator(".board").bounding_box()
    # At a quarter of the width; right after six, and after midnight, as near to it as a board that begins and ends
    # at six can be pushed.
    left = page.locator(".board").evaluate(
        "b => Math.min(b.scrollLeft, b.scrollWidth - b.clientWidth - b.scrollLeft)"
    )
    assert left < 2 or 0.2 < (now["x"] - board["x"] - 148) / (board["width"] - 148) < 0.3
    block = page.locator(".block").first
    block.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel #detail")
    assert page.url.endswith("/hub/board")
    page.keyboard.press("Escape")
    page.wait_for_selector("#panel #detail", state="detached")
    assert block.evaluate("element => element === document.activeElement")
    assert walker.complaints == []


@pytest.mark.parametrize("role", ["agency", "hub"])
def test_what_was_given_up_is_found_with_every_answer_to_it(walk, role):
    walker = walk(role, language="en-US")
    page = walker.page
    walker.go("/webhooks")
    with page.expect_navigation():
        page.click("a:has-text('hooks.starbridge.example')")
    assert "Paused" in page.inner_text("main")
    with page.expect_navigation():
        page.click(".tabs a:has-text('Given up')")
    page.fill("#about", "422")
    with page.expect_navigation():
        page.click(".search button")
    rows = page.locator("#log tbody tr")
    assert rows.count() >= 1
    assert {rows.nth(place).locator(".chip").inner_text() for place in range(rows.count())} == {"Given up"}
    title = rows.first.locator("small").inner_text().split(" · ")[0]
    with page.expect_navigation():
        rows.first.locator("a").click()
    assert page.locator("main li b").all_inner_texts() == ["422"] * 5
    assert "unknown studio" in page.inner_text("main")
    with page.expect_navigation():
        page.click(f"dd a:has-text('{title}')")
    assert title in page.inner_text("h1")
    page.go_back()
    with page.expect_navigation():
        page.click("text=Back to the endpoint")
    page.fill("#about", title)
    with page.expect_navigation():
        page.click(".search button")
    assert rows.count() >= 1
    assert all(title in rows.nth(place).inner_text() for place in range(rows.count()))
    with page.expect_navigation():
        page.click("text=Clear")
    assert page.input_value("#about") == ""
    assert walker.complaints == []


def test_the_live_floor_follows_by_itself(walk):
    walker = walk("hub")
    walker.go("/hub/live")
    page = walker.page
    asked = page.get_attribute("[data-follows]", "data-follows")
    for _ in range(2):
        with page.expect_response(lambda answer: answer.url.endswith(asked), timeout=8000) as found:
            pass
        assert found.value.status in (200, 304)
    page.wait_for_selector("[data-following=asks]:not([hidden])", timeout=4000)
    assert walker.complaints == []


def test_language_and_colours_are_switched_and_kept(walk):
    walker = walk("brand")
    walker.go("/brand")
    page = walker.page
    assert "支付金额" in page.inner_text("main")
    page.click('button[name="locale"][value="en"]')
    page.wait_for_load_state()
    assert "Paid amount" in page.inner_text("main")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click('button[name="theme"][value="dark"]')
    page.wait_for_load_state()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    walker.go("/brand/sessions")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    page.click('button[name="locale"][value="zh_CN"]')


@pytest.mark.parametrize("role", [pytest.param("hub", marks=pytest.mark.longer), "brand", "agency"])
def test_pages_work_without_scripts(walk, role):
    walker = walk(role, scripts=False)
    for path in pages_of(walker, role):
        assert walker.page.locator("h1").count() == 1, path
        assert walker.page.locator("main").inner_text().strip(), path


def test_a_curve_stands_there_with_and_without_the_chart_library(walk):
    for scripts in (True, False):
        walker = walk("brand", scripts=scripts)
        walker.go("/brand?days=14")
        page = walker.page
        if page.locator("[data-fallback]").count():
            assert page.locator("[data-fallback] svg:visible, [data-curve] canvas:visible").count() >= 1
        assert walker.complaints == []


def test_phone_buttons_are_large_enough_for_a_thumb(walk):
    walker = walk("host", width=390, scheme="dark")
    walker.go("/host")
    small = walker.page.evaluate(
        "[...document.querySelectorAll('main button, main summary, main .btn')]"
        ".filter(e => e.offsetParent && e.getBoundingClientRect().height < 48).map(e => e.outerHTML)"
    )
    assert small == []


def test_a_brand_reads_the_name_of_no_other(walk):
    walker = walk("brand")
    others = [name for brand in people.BRANDS[1:] for name in (brand.name, brand.name_en)]
    for path in pages_of(walker, "brand"):
        shown = walker.page.content()
        assert [name for name in others if name in shown] == [], path


def test_one_box_ticks_all_lines_of_a_page(walk, tmp_path):
    header = "主订单编号,商品数量,商品金额,订单提交时间,支付完成时间,订单状态,订单应付金额,达人ID,流量体裁"
    at = (datetime.now(ZONE) - timedelta(minutes=10)).strftime("%Y-%m-%d %H:%M:%S")
    rows = (f"69{number},1,9.00,{at},{at},待发货,9.00,70000001,直播" for number in range(3))
    file = tmp_path / "orders.csv"
    file.write_text("\n".join((header, *rows)), encoding="utf-8")
    walker = walk("hub", language="en")
    page = walker.page
    walker.go("/hub/imports")
    page.select_option("#shop_id", index=1)
    page.set_input_files("input[type=file]", file)
    page.click("main form[enctype] button")
    page.click("form[action$=commit] button")
    page.wait_for_load_state()
    walker.go("/hub/data")
    lines, box = page.locator("input[name=line]"), page.get_by_label("Tick all of this page")
    assert lines.count() >= 3
    box.check()
    assert page.locator("input[name=line]:checked").count() == lines.count()
    lines.first.uncheck()
    assert box.evaluate("one => [one.checked, one.indeterminate]") == [False, True]
    box.check()
    box.uncheck()
    assert page.locator("input[name=line]:checked").count() == 0
    assert walker.complaints == []
