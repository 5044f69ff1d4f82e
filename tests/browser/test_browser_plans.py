"""A week is planned beside the board and released, in a browser, at a desk and on a phone."""

import os
import re
from pathlib import Path

import pytest

LOOKS = {
    "desk": {"width": 1440, "scheme": "light", "language": "zh-CN"},
    "phone": {"width": 390, "scheme": "dark", "language": "en-US"},
}
PICTURES = os.environ.get("PLAN_PICTURES")


def looked_at(walker, axe, name):
    if PICTURES:
        walker.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
        walker.page.locator("section.panel").nth(1).screenshot(path=Path(PICTURES) / f"{name}-part.png")
    assert walker.audit(axe) == []
    assert not walker.overflows()
    assert walker.complaints == []


@pytest.mark.parametrize("look", LOOKS)
def test_a_week_is_copied_changed_and_released(walk, axe, look):
    walker = walk("hub", **LOOKS[look])
    page = walker.page
    page.set_default_timeout(10_000)
    walker.go("/hub/plans")
    looked_at(walker, axe, f"{look}-list")
    page.fill("#name", "大促周")
    page.select_option("#copy", "7")
    page.locator("main .acts button.main").last.click()
    page.wait_for_url(re.compile(r"/hub/plans/pln_\w+"))
    entries = page.locator("tr[id^=ple_]")
    assert entries.count() > 3
    looked_at(walker, axe, f"{look}-plan")
    address = page.url
    page.locator("tr[id^=ple_] a.btn").first.click()
    page.wait_for_url(re.compile("entries/ple_"))
    page.fill("#title", "改过的专场")
    page.locator("main .acts button.main").last.click()
    page.wait_for_url(address)
    assert page.get_by_text("改过的专场").count()
    page.locator("form[action$=release] button.main").click()
    page.wait_for_load_state()
    looked_at(walker, axe, f"{look}-released")
