"""The board by hand: mouse, keys and search, in a real browser on the real product."""

import itertools
from datetime import timedelta

import pytest

from campaign.kit import ids
from campaign.schedule import changing
from campaign.schedule.schemas import SessionChange
from tests.browser.board_scene import Scene, database_of, far_day
from tests.factory import HUB

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

_days = itertools.count(40)
SLOT = 8


@pytest.fixture
def scene(site):
    with database_of(site) as database:
        yield Scene(database, far_day(next(_days)))


@pytest.fixture
def open_board(walk, scene):
    def opened(language="en-US", **query):
        walker = walk("hub", language=language)
        walker.go(scene.path(**query))
        if not walker.page.evaluate("typeof Board !== 'undefined'"):
            pytest.fail("the board's scripts did not load")
        return walker

    return opened


def drag(page, block, to_row, minutes, *, edge=False):
    """Press in the middle (or on the right edge), move in steps, and leave the button down."""
    element = page.locator(block)
    element.scroll_into_view_if_needed()
    # Away from the edges, where the board would scroll along.
    page.evaluate(
        "s => { const b = document.querySelector(s), r = Board.root;"
        " r.scrollLeft += b.getBoundingClientRect().left - r.getBoundingClientRect().left - 400; }",
        block,
    )
    box = element.bounding_box()
    x = box["x"] + (box["width"] - 3 if edge else 40)
    y = box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    target = page.locator(to_row).bounding_box()
    page.mouse.move(x + 10, y, steps=2)
    page.mouse.move(x + minutes / 5 * SLOT, target["y"] + target["height"] / 2, steps=6)
    page.wait_for_timeout(60)


def said(page, text):
    page.wait_for_function(
        "text => document.getElementById('board-say').textContent.includes(text)", arg=text
    )


def test_a_session_is_dragged_to_another_time_and_studio_and_taken_back(open_board, scene):
    view = scene.book(0, 14)
    walker = open_board()
    page = walker.page
    drag(page, scene.block(view), scene.row(1), 60)
    page.wait_for_selector(f"{scene.row(1)} .ghost.fits")
    page.mouse.up()
    said(page, "Moved.")
    after = scene.read(view)
    assert after.studio_id == scene.studios[1].id
    assert after.starts_at - view.starts_at == timedelta(hours=1)
    assert after.ends_at - after.starts_at == timedelta(hours=2)
    # The rows are read again right after it is said.
    page.wait_for_selector(f"{scene.row(0)} [data-s]", state="detached")
    page.wait_for_selector(f"{scene.row(1)} [data-s]")
    assert page.locator(f"{scene.row(1)} [data-s]").count() == 1
    page.click("#board-undo")
    said(page, "Taken back.")
    back = scene.read(view)
    assert (back.studio_id, back.starts_at, back.ends_at) == (view.studio_id, view.starts_at, view.ends_at)
    assert page.locator("#board-undo").is_hidden()
    assert walker.complaints == []


def test_the_right_edge_changes_the_end(open_board, scene):
    view = scene.book(0, 14)
    page = open_board().page
    drag(page, scene.block(view), scene.row(0), 45, edge=True)
    page.mouse.up()
    said(page, "Moved.")
    after = scene.read(view)
    assert after.starts_at == view.starts_at
    assert after.ends_at - view.ends_at == timedelta(minutes=45)


def test_a_conflict_shows_while_dragging_and_the_drop_is_refused(open_board, scene):
    view = scene.book(0, 10)
    in_the_way = scene.book(1, 12, host=1, title="挡路")
    walker = open_board("zh-CN")
    page = walker.page
    drag(page, scene.block(view), scene.row(1), 120)
    page.wait_for_selector(f"{scene.row(1)} .ghost.hard")
    said(page, "不可行")
    assert "挡路" in page.inner_text("#board-say")
    page.mouse.up()
    page.wait_for_selector(".ghost", state="detached")
    assert scene.read(view).version == view.version
    assert scene.read(in_the_way).version == in_the_way.version
    assert walker.complaints == []


def test_where_the_people_are_taken_is_drawn_over_the_board(open_board, scene):
    view = scene.book(0, 10)
    scene.book(2, 20, host=0, channels=[{"platform": "kuaishou"}])
    page = open_board().page
    drag(page, scene.block(view), scene.row(1), 60)
    band = page.wait_for_selector(".over .busy", state="attached")
    # 20:00 is fourteen hours after 06:00.
    assert band.get_attribute("class") == "busy s168 e192"
    page.keyboard.press("Escape")
    page.mouse.up()


def test_keys_move_a_session_and_say_so(open_board, scene):
    view = scene.book(0, 14)
    walker = open_board()
    page = walker.page
    page.focus(scene.block(view))
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    said(page, "14:35–16:35")
    assert "Board" in page.inner_text("#board-say")
    said(page, "Fits.")
    page.keyboard.press("Enter")
    said(page, "Moved.")
    after = scene.read(view)
    assert after.studio_id == scene.studios[1].id
    assert after.starts_at - view.starts_at == timedelta(minutes=35)
    block = page.locator(f"{scene.row(1)} [data-s]")
    assert block.evaluate("element => element === document.activeElement")
    page.keyboard.press("+")
    page.keyboard.press("Escape")
    said(page, "Left where it was.")
    assert scene.read(view).version == after.version
    assert page.locator(".ghost").count() == 0
    page.keyboard.press("+")
    page.keyboard.press("Enter")
    said(page, "Moved.")
    assert scene.read(view).ends_at - after.ends_at == timedelta(minutes=15)
    page.keyboard.press("Control+z")
    said(page, "Taken back.")
    page.keyboard.press("Control+z")
    page.wait_for_function("document.getElementById('board-undo').hidden")
    page.wait_for_function("id => document.querySelector(id + ' [data-s]')", arg=scene.row(0))
    assert scene.read(view).starts_at == view.starts_at
    assert walker.complaints == []


def test_several_move_and_come_back_as_one(open_board, scene):
    first = scene.book(0, 10)
    second = scene.book(0, 12.75)
    page = open_board().page
    for view in (first, second):
        page.focus(scene.block(view))
        page.keyboard.press(" ")
    said(page, "2 picked")
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    said(page, "Moved.")
    for view in (first, second):
        assert scene.read(view).starts_at - view.starts_at == timedelta(hours=2)
    page.click("#board-undo")
    said(page, "Taken back.")
    for view in (first, second):
        assert scene.read(view).starts_at == view.starts_at


def test_a_stale_move_is_refused_and_shown_with_what_changed(open_board, scene):
    view = scene.book(0, 14)
    page = open_board().page
    with scene.database.transaction(HUB) as db:
        changing.change(db, HUB, view.id, SessionChange(title="已被别人改过"))
    drag(page, scene.block(view), scene.row(1), 60)
    page.mouse.up()
    said(page, "hub tester changed it")
    assert "已被别人改过" in page.inner_text("#board-say")
    assert scene.read(view).studio_id == view.studio_id
    # The row has been read anew, so that the next try works.
    page.wait_for_function("s => document.querySelector(s).dataset.v === '2'", arg=scene.block(view))


def test_a_soft_rule_asks_for_a_reason_and_keeps_it(open_board, scene):
    view = scene.book(0, 8, hours=3.5, override=None)
    page = open_board().page
    page.focus(scene.block(view))
    for _ in range(8):
        page.keyboard.press("+")
    page.wait_for_selector(".ghost.soft")
    page.keyboard.press("Enter")
    page.wait_for_selector("#board-reason[open]")
    page.fill("#board-reason-text", "老板同意")
    page.click("#board-reason button.main")
    said(page, "Moved.")
    after = scene.read(view)
    assert after.ends_at - view.ends_at == timedelta(hours=2)
    assert [warning["reason"] for warning in after.warnings] == ["老板同意"] * len(after.warnings) != []


@pytest.mark.parametrize("typed", ["凌霄", "lingxiao", "lx"])
def test_search_while_typing_finds_characters_and_pinyin(open_board, scene, typed):
    view = scene.book(0, 14)
    other = scene.book(1, 14, host=1)
    page = open_board().page
    page.fill("#q", typed)
    said(page, "1 found")
    assert page.locator(scene.block(view)).is_visible()
    assert not page.locator(scene.block(other)).is_visible()
    page.fill("#q", "")
    page.wait_for_function("s => !document.querySelector(s).closest('.norow')", arg=scene.block(other))


def test_a_filter_is_chosen_from_what_stands_there(open_board, scene):
    view = scene.book(0, 14)
    other = scene.book(1, 14, host=1)
    page = open_board().page
    page.select_option("#by-host", ids.public("hst", scene.hosts[1].id))
    page.wait_for_selector(scene.block(view), state="detached")
    assert page.locator(scene.block(other)).count() == 1


def test_in_the_week_a_session_is_dragged_to_another_day(open_board, scene):
    view = scene.book(0, 14)
    page = open_board(view="week").page
    page.focus(scene.block(view))
    by = 1 if scene.day.weekday() < 6 else -1
    page.keyboard.press("ArrowRight" if by > 0 else "ArrowLeft")
    page.keyboard.press("Enter")
    said(page, "Moved.")
    assert scene.read(view).starts_at - view.starts_at == timedelta(days=by)
    day = scene.day.isoformat()
    beside = (scene.day + timedelta(days=by)).isoformat()
    page.wait_for_selector(f'{scene.row(0)} [data-day="{beside}"] [data-s][data-v="2"]')
    page.locator(scene.block(view)).scroll_into_view_if_needed()
    start = page.locator(scene.block(view)).bounding_box()
    cell = page.locator(f'{scene.row(1)} [data-day="{day}"]').bounding_box()
    page.mouse.move(start["x"] + 30, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(cell["x"] + 20, cell["y"] + 8, steps=8)
    page.wait_for_timeout(60)
    page.mouse.up()
    page.wait_for_selector(f'{scene.row(1)} [data-day="{day}"] [data-s]')
    after = scene.read(view)
    assert (after.starts_at, after.studio_id) == (view.starts_at, scene.studios[1].id)


def test_what_others_do_comes_by_itself(open_board, scene):
    view = scene.book(0, 14)
    page = open_board().page
    with scene.database.transaction(HUB) as db:
        changing.move(db, HUB, view.id, studio_id=scene.studios[2].id)
    page.evaluate("Board.follow()")
    page.wait_for_selector(f"{scene.row(2)} [data-s]")
    assert page.locator(f"{scene.row(0)} [data-s]").count() == 0


def test_by_host_another_row_hands_the_part_over(open_board, scene):
    view = scene.book(0, 14)
    page = open_board(by="host", every=1).page
    page.focus(scene.block(view))
    row = page.locator(f'.row[data-row="{ids.public("hst", scene.hosts[1].id)}"]')
    rows = page.evaluate("Board.rows().map(row => row.dataset.row)")
    by = rows.index(row.get_attribute("data-row")) - rows.index(ids.public("hst", scene.hosts[0].id))
    for _ in range(abs(by)):
        page.keyboard.press("ArrowDown" if by > 0 else "ArrowUp")
    page.keyboard.press("Enter")
    said(page, "Moved.")
    assert [person.host_id for person in scene.read(view).participants] == [scene.hosts[1].id]


# Up to 2560 px and all looks; the tour of every page looks at the board at 1440 and 390 each time.
@pytest.mark.nightly
@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_boards_pages_are_accessible_and_fit(walk, axe, scene, language, scheme):
    view = scene.book(0, 14)
    faults = []
    for width in (390, 1440, 2560):
        walker = walk("hub", width=width, scheme=scheme, language=language)
        walker.go("/hub/board/wall")
        wall = walker.page.locator("main a").get_attribute("href").removeprefix(walker.site.url)
        paths = (
            scene.path(), scene.path(rows=48), scene.path(by="host"), scene.path(view="week"),
            f"/hub/board/doors?day={scene.day.isoformat()}", "/hub/board/wall", "/hub",
            f"/hub/sessions/{ids.public('ses', view.id)}/move", wall[wall.index("/wall/"):],
        )  # fmt: skip
        for path in paths:
            walker.go(path)
            faults += [f"{width} {path}: {found}" for found in walker.audit(axe) + walker.complaints]
            walker.complaints.clear()
            if walker.overflows():
                faults.append(f"{width} {path}: wider than the window")
    assert faults == []


def test_on_a_phone_the_board_is_a_list_with_a_form_to_move(walk, scene):
    view = scene.book(0, 14)
    walker = walk("hub", width=390)
    page = walker.page
    walker.go(scene.path())
    assert not page.locator("#board").is_visible()
    item = page.locator("#board-list > li")
    assert item.count() == 1
    item.locator("a.btn").click()
    page.wait_for_load_state()
    page.fill("#starts", "15:00")
    page.fill("#ends", "17:00")
    page.click("main button.main")
    page.wait_for_load_state()
    assert scene.read(view).starts_at - view.starts_at == timedelta(hours=1)


def test_door_sheets_print_one_a4_each(walk, scene, tmp_path):
    for studio in (0, 1):
        scene.book(studio, 14, host=studio)
    walker = walk("hub")
    walker.go(f"/hub/board/doors?day={scene.day.isoformat()}")
    pdf = walker.page.pdf(prefer_css_page_size=True)
    assert pdf.count(b"/Type /Page\n") == 2
    assert (
        b"/MediaBox [0 0 594.95996 841.91998]" in pdf
        or b"/MediaBox [0 0 595" in pdf
        or b"/MediaBox [0 0 594" in pdf
    )
