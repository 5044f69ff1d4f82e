"""A show on air is handed over on a phone and by the keyboard alone, set right, and taken back."""

import re

import pytest

from tests.browser.walker import Walker

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture(scope="module", autouse=True)
def _free_hosts(chromium, site):
    """Who of the demo's hosts is free depends on the hour; these are, and each test puts one on air."""
    planner = Walker(chromium, site)
    planner.sign_in("hub")
    for name in ("甲", "乙", "丙"):
        planner.go("/hub/parties/hosts")
        planner.page.select_option("select[name=kind]", "in_house")
        planner.page.fill("input[name=name]", f"备用{name}")
        planner.page.keyboard.press("Enter")
        planner.page.wait_for_selector("#main > .note")
    planner.close()


def on_air(walker):
    """The page of a show of the demo that is on air."""
    walker.go("/hub/live")
    found = re.search(r"/hub/sessions/ses_\w+", walker.page.content())
    assert found, "the demo has a show on air"
    walker.go(found[0])
    return walker.page


def marks(page):
    return page.locator("#handover ol.list > li")


def test_one_tap_on_a_phone_hands_over_and_it_is_drawn(walk, axe):
    phone = walk("hub", width=390, language="en-US")
    page = on_air(phone)
    before = marks(page).count()
    page.locator("#handover details.ask summary", has_text="Another host").first.click()
    page.wait_for_selector("#handover details[open] button.main:visible")
    assert page.locator("#handover details[open] button.main").first.bounding_box()["height"] >= 40
    assert not phone.overflows()
    page.locator("#handover details[open] button.main").first.click()
    page.wait_for_selector("#main > .note")
    assert "Handed over." in page.inner_text("#main")
    assert marks(page).count() == before + 1
    assert page.locator("svg.curve line.turn").count() >= 1
    assert phone.audit(axe) == []
    assert not phone.overflows()
    assert phone.complaints == []


def test_by_the_keyboard_it_is_set_right_and_taken_back(walk):
    walker = walk("hub", language="en-US")
    page = on_air(walker)
    page.locator("#handover details.ask summary", has_text="Another host").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#handover details[open] select")
    page.locator("#handover details[open] select").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#main > .note")
    assert "Handed over." in page.inner_text("#main")
    page.wait_for_timeout(1100)
    first = marks(page).first
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    first.locator("input[name=reason]").focus()
    page.keyboard.type("not at all")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Take back"
    page.keyboard.press("Enter")
    page.wait_for_selector("#main > .note")
    assert "Taken back" in marks(page).first.inner_text()
    assert "not at all" in marks(page).first.inner_text()
    assert walker.complaints == []


def test_its_forms_open_within_the_page(walk):
    page = on_air(walk("hub"))
    opened = page.locator("#handover details.ask")
    assert opened.count() > 0
    for one in opened.all():
        one.locator("summary").click()
        box = one.locator("form").bounding_box()
        assert 0 <= box["x"] <= box["x"] + box["width"] <= 1440
        one.locator("summary").click()
