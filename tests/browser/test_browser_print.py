"""A summary on paper: A4, light whatever the screen was, without menus and buttons, no table cut."""

import re

import pytest

PAGES = ("/brand?days=30&group=session", "/brand?days=30&basis=cash", "/brand/months")
WIDTH = 703  # of A4 without its margins, in CSS pixels
_SEEN = """() => {
    const seen = one => one && getComputedStyle(one).display !== 'none';
    const style = getComputedStyle(document.body), tables = [...document.querySelectorAll('table')];
    return {
        paper: style.backgroundColor, ink: style.color,
        card: getComputedStyle(document.querySelector('.panel')).backgroundColor,
        chrome: [...document.querySelectorAll('.top, .head .acts, form, nav.acts, .noprint')].filter(seen).length,
        cut: tables.filter(one => one.offsetWidth && one.getBoundingClientRect().right > innerWidth + 1).length,
        tables: tables.length,
    };
}"""


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_a_summary_is_printed_light_and_whole(walk, language):
    for path in PAGES:
        window = walk("brand", width=WIDTH, scheme="dark", language=language)
        window.go(path)
        on_screen = window.page.evaluate(_SEEN)
        window.page.emulate_media(media="print", color_scheme="dark")
        printed = window.page.evaluate(_SEEN)
        assert on_screen["chrome"] > 0
        assert on_screen["ink"] != printed["ink"]
        assert printed == printed | {
            "paper": "rgb(255, 255, 255)", "card": "rgb(255, 255, 255)", "ink": "rgb(35, 32, 28)",
            "chrome": 0, "cut": 0,
        }  # fmt: skip
        if path.startswith("/brand?"):
            assert printed["tables"] > 2
            sheet = window.page.pdf(prefer_css_page_size=True, print_background=True)
            sizes = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox ?\[([^\]]*)\]", sheet)}
            assert {(round(one[2]), round(one[3])) for one in sizes} == {(595, 842)}
