"""200 studios with 600 sessions on one board: no stutter. Figures are printed."""

from datetime import datetime, time, timedelta
from statistics import median

import pytest
from sqlalchemy import text

from campaign.kit.actor import SYSTEM
from tests.browser.board_scene import ZONE, database_of, far_day
from tests.factory import Factory

pytestmark = [pytest.mark.browser, pytest.mark.nightly, pytest.mark.timeout(600)]

STUDIOS, PER_STUDIO = 200, 3
LONGEST_TASK_MS, LARGEST_SHIFT = 50, 0.1
ROUNDS = 5

# Set before the page's own scripts run, so that nothing is missed.
_WATCH = """
window.seen = {tasks: [], shift: 0};
const watch = (type, take) =>
  new PerformanceObserver(list => list.getEntries().forEach(take)).observe({type, buffered: true});
watch('longtask', one => { seen.tasks.push([one.startTime, one.duration]); });
watch('layout-shift', one => { if (!one.hadRecentInput) seen.shift += one.value; });
"""
_BUSY = "void setTimeout(() => { const until = performance.now() + 120; while (performance.now() < until); })"


@pytest.fixture
def full_day(site):
    """The day's path, filled straight into the tables: what is measured is the page, not booking."""
    day = far_day(90)
    with database_of(site) as database:
        brand = Factory(database).brand(name="满板", name_en="Full board").id
        hosts = [Factory(database).host(kind="in_house", name=f"满板主播 {n}").id for n in range(STUDIOS)]
        begin = datetime.combine(day, time(7), tzinfo=ZONE)
        with database.transaction(SYSTEM) as db:
            studios = db.execute(
                text(
                    "INSERT INTO studio (name, name_en, sort_key) SELECT '满 ' || n, 'Full ' || n, 'zz' || n"
                    " FROM generate_series(1, :count) n RETURNING id"
                ),
                {"count": STUDIOS},
            ).scalars()
            for number, studio in enumerate(studios.all()):
                for turn in range(PER_STUDIO):
                    starts_at = begin + timedelta(hours=turn * 5, minutes=number % 12 * 5)
                    values = {
                        "s": studio,
                        "a": starts_at,
                        "b": starts_at + timedelta(hours=3),
                        "h": hosts[number],
                        "x": brand,
                    }
                    db.execute(
                        text(
                            "WITH made AS (INSERT INTO live_session (title, studio_id, state, starts_at, ends_at,"
                            " brand_ids, host_ids) VALUES ('满板专场', :s, 'draft', :a, :b, ARRAY[:x]::bigint[],"
                            " ARRAY[:h]::bigint[]) RETURNING id), who AS (INSERT INTO participant (session_id,"
                            " host_id, starts_at, ends_at) SELECT id, :h, :a, :b FROM made), whose AS (INSERT INTO"
                            " session_brand (session_id, brand_id, position) SELECT id, :x, 1 FROM made)"
                            " INSERT INTO session_channel (session_id, platform) SELECT id, 'douyin' FROM made"
                        ),
                        values,
                    )
        yield f"/hub/board?day={day.isoformat()}&rows=24"


def longest(page, since):
    return max((task[1] for task in page.evaluate("seen.tasks") if task[0] >= since), default=0)


def drag_about(page):
    block = page.locator(".block[data-may~=move]").nth(1)
    block.scroll_into_view_if_needed()
    box = block.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 8)
    page.mouse.down()
    for step in range(40):
        page.mouse.move(box["x"] + 30 + step * 4, box["y"] + 8 + step * 9)
    page.keyboard.press("Escape")
    page.mouse.up()


ACTS = {
    "scrolling": lambda page: [
        (page.evaluate("Board.root.scrollBy(60, 100)"), page.wait_for_timeout(16)) for _ in range(60)
    ],
    "dragging": drag_about,
    "searching": lambda page: (page.fill("#q", "man"), page.wait_for_timeout(300), page.fill("#q", "")),
    "following": lambda page: page.evaluate("Board.follow()"),
}


def one_round(walker, path):
    """Longest task of each act in ms, and the layout shift of the whole, on a page opened anew."""
    page = walker.page
    walker.go(path)
    assert page.locator("#rows .block").count() == STUDIOS * PER_STUDIO
    page.wait_for_timeout(500)
    found = {"opening": longest(page, 0)}
    for name, act in ACTS.items():
        since = page.evaluate("performance.now()")
        act(page)
        page.wait_for_timeout(300)
        found[name] = longest(page, since)
    return found | {"shift": page.evaluate("seen.shift")}


def test_a_full_board_does_not_stutter(walk, full_day):
    walker = walk("hub", language="en-US")
    page = walker.page
    page.add_init_script(_WATCH)
    rounds = [one_round(walker, full_day) for _ in range(ROUNDS)]
    figures = {name: median(one[name] for one in rounds) for name in rounds[0]}
    print(f"\nmedian of {ROUNDS}: longest task in ms, and layout shift: {figures}; all: {rounds}")
    # The watch itself sees a task that is too long.
    since = page.evaluate("performance.now()")
    page.evaluate(_BUSY)
    page.wait_for_timeout(400)
    assert longest(page, since) > LONGEST_TASK_MS
    assert figures.pop("shift") <= LARGEST_SHIFT
    assert max(figures.values()) <= LONGEST_TASK_MS, figures
