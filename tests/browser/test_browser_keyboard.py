"""Without a mouse: on every page Tab reaches all there is to press or fill, shows where it is, and comes out again."""

import pytest

from tests.browser.tour import ROLES, pages_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

# What a person presses or fills in, as far as it is shown. Of radio buttons one stop stands for its group.
_WATCH = """() => {
  const wanted = [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [contenteditable]')]
    .filter(e => !e.disabled && !e.closest('[inert]') && e.checkVisibility({visibilityProperty: true}));
  const groups = new Set();
  const kept = wanted.filter(e => {
    if (e.type !== 'radio') return true;
    const group = (e.form ? e.form.action : '') + e.name;
    return !groups.has(group) && groups.add(group);
  });
  const shows = e => {
    const style = getComputedStyle(e);
    return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
  };
  window.keys = {wanted: kept, met: new Set(), bare: new Set(), left: false};
  document.addEventListener('focusin', ({target}) => {
    const group = target.type === 'radio' && kept.find(e =>
      e.type === 'radio' && e.name === target.name && e.form === target.form);
    window.keys.met.add(group || target);
    const near = [target, target.closest('label'), target.nextElementSibling];
    if (!near.some(e => e && shows(e))) window.keys.bare.add(target);
  });
  document.activeElement.blur();
  // Seen when it happens: a look after every so many presses may pass it by for ever.
  document.addEventListener('focusout', ({relatedTarget}) => { window.keys.left ||= relatedTarget === null; });
  return kept.length;
}"""
_TOLD = """() => {
  const name = e => e.outerHTML.replace(/\\s+/g, ' ').slice(0, 120);
  const {wanted, met, bare} = window.keys;
  // Sessions on the board are one stop: the arrow keys go from one to the next.
  const missed = wanted.filter(e => !met.has(e) && !(e.tabIndex < 0 && e.closest('#board')));
  return [...missed.map(e => 'not reached: ' + name(e)), ...[...bare].map(e => 'focus not seen: ' + name(e))];
}"""
_AGAIN = (
    "() => window.keys.left || (window.keys.wanted.length > 0 && document.activeElement === document.body)"
)


def by_keyboard(page):
    """Tab from the top of the page until it is left; gives what was missed, and where focus could not be seen."""
    stops = page.evaluate(_WATCH)
    left = False
    # Dates and times hold several stops each, and scrolling regions are stops too.
    for _ in range(stops // 10 + 30):
        for _ in range(20):
            page.keyboard.press("Tab")
        if page.evaluate(_AGAIN) or page.evaluate("window.keys.met.size >= window.keys.wanted.length"):
            left = True
            if not page.evaluate(_TOLD):
                break
    return page.evaluate(_TOLD) + ([] if left else ["focus never came out of the page"])


@pytest.mark.longer
@pytest.mark.parametrize("role", ROLES)
def test_tab_reaches_everything_and_shows_where_it_is(walk, role):
    walker = walk(None if role == "stranger" else role)
    faults = [f"{path}: {fault}" for path in pages_of(walker, role) for fault in by_keyboard(walker.page)]
    assert faults == []


def test_the_walk_notices_what_it_cannot_reach_or_see(walk):
    """Negative control: a button out of the order, and one that does not show focus."""
    walker = walk()
    walker.go("/login")
    walker.page.evaluate("""() => {
      const main = document.querySelector('main');
      main.insertAdjacentHTML('beforeend', '<button id="out" tabindex="-1">x</button><button id="dark">y</button>');
      const sheet = new CSSStyleSheet();
      sheet.replaceSync('#dark:focus-visible { outline: none !important; box-shadow: none !important; }');
      document.adoptedStyleSheets = [sheet];
    }""")
    faults = by_keyboard(walker.page)
    assert [one.split(":")[0] for one in faults] == ["not reached", "focus not seen"]
    assert 'id="out"' in faults[0]
    assert 'id="dark"' in faults[1]
