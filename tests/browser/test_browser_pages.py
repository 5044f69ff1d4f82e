"""Every page in both languages, wide and narrow, light and dark: nothing is wrong with any of them."""

import pytest

from tests.browser.tour import ROLES, pages_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

LOOKS = {
    "zh-wide-light": {"width": 1440, "scheme": "light", "language": "zh-CN"},
    "en-narrow-dark": {"width": 390, "scheme": "dark", "language": "en-US"},
    "zh-narrow-light": {"width": 390, "scheme": "light", "language": "zh-CN"},
    "en-wide-dark": {"width": 1440, "scheme": "dark", "language": "en-US"},
    "zh-widest-light": {"width": 2560, "scheme": "light", "language": "zh-CN"},
}
# Two looks meet each language, width and colouring once; the other pairings are for the night.
_MARKS = {look: [pytest.mark.nightly] for look in LOOKS} | {
    "zh-wide-light": [],
    "en-narrow-dark": [pytest.mark.longer],
}


@pytest.mark.parametrize("look", [pytest.param(name, marks=marks) for name, marks in _MARKS.items()])
@pytest.mark.parametrize("role", ROLES)
def test_every_page_is_accessible_fits_and_breaks_no_policy(walk, axe, role, look):
    walker = walk(None if role == "stranger" else role, **LOOKS[look])
    if role == "stranger":
        walker.go("/login")
        walker.speak(walker.language)
    faults = []
    seen = 0
    for path in pages_of(walker, role):
        seen += 1
        faults += [f"{path}: {found}" for found in walker.audit(axe)]
        faults += [f"{path}: {complaint}" for complaint in walker.complaints]
        walker.complaints.clear()
        if walker.overflows():
            faults.append(f"{path}: wider than the window")
        language = walker.page.locator("html").get_attribute("lang")
        if language != {"en": "en", "zh_CN": "zh-CN"}[walker.language]:
            faults.append(f"{path}: speaks {language}")
    assert seen
    assert faults == []


def test_the_watch_itself_sees_a_broken_policy_and_a_missing_label(walk, axe):
    walker = walk()
    walker.go("/login")
    walker.page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p><input>')"
    )
    walker.page.wait_for_timeout(100)
    assert any("style-src" in complaint for complaint in walker.complaints)
    assert any(found.startswith("label") for found in walker.audit(axe))
