"""The board as pages and as what its script asks for."""

import re
from datetime import timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from campaign.kit import ids
from campaign.kit.instants import written
from campaign.schedule import answering, changing, queries
from campaign.schedule.schemas import SessionChange
from campaign.schedule.spans import board_day_of
from tests import zones
from tests.factory import HUB
from tests.visitor import Visitor, visitor_as

ZONE = ZoneInfo(zones.hub_zone())


def ses(view):
    return ids.public("ses", view.id)


def std(studio):
    return ids.public("std", studio.id)


def hst(host):
    return ids.public("hst", host.id)


def board_of(visitor, session, **query):
    """The board's page on the day of a session."""
    words = "".join(f"&{name}={value}" for name, value in query.items())
    return visitor.get(f"/hub/board?day={board_day_of(session.starts_at, ZONE).isoformat()}{words}")


def blocks_in(text):
    """Session ids of the blocks on a board's page, by row."""
    found = {}
    for row in re.split(r'<div class="row" data-row="', text)[1:]:
        found[row[:17]] = re.findall(r'data-s="(ses_\w+)"', row.split("</aside>")[0])
    return found


def shown_in(text):
    """Session ids of all blocks, by row."""
    return [one for row in blocks_in(text).values() for one in row]


def ask(visitor, path, **body):
    """What the script does: JSON with the token of the page it stands on."""
    token = re.search(r'data-token="([^"]+)"', visitor.board)[1]
    return visitor.client.post(
        path, json=body, headers={"X-CSRFToken": unescape(token), "Accept-Language": visitor.language}
    )


@pytest.fixture
def board(planner):
    planner.board = planner.get("/hub/board").text
    return planner


def now_of(stage, view):
    with stage.database.transaction(HUB) as db:
        return queries.get_session(db, HUB, view.id)


def moved(view, minutes=60, **more):
    by = timedelta(minutes=minutes)
    return {
        "session_id": ses(view),
        "version": view.version,
        "starts_at": written(view.starts_at + by),
        "ends_at": written(view.ends_at + by),
    } | more


def test_rows_are_studios_or_hosts_of_a_day_or_a_week(board, stage):
    view = stage.book(participants=[{"host_id": stage.signed.id}, {"host_id": stage.in_house.id}])
    by_studio = blocks_in(board_of(board, view).text)
    assert by_studio[std(stage.studio)] == [ses(view)]
    assert by_studio[std(stage.other_studio)] == []
    by_host = blocks_in(board_of(board, view, by="host").text)
    assert by_host[hst(stage.signed)] == by_host[hst(stage.in_house)] == [ses(view)]
    assert by_host[hst(stage.independent)] == []
    week = board_of(board, view, view="week").text
    assert blocks_in(week)[std(stage.studio)] == [ses(view)]
    day = board_day_of(view.starts_at, ZONE).isoformat()
    assert ses(view) in week.split(f'data-day="{day}"', 1)[1].split('data-day="')[0]


def test_each_filter_leaves_the_others_out(board, stage, make):
    campaign = make.campaign(name="双十一")
    view = stage.book(campaign_id=campaign.id)
    other = stage.book(
        studio_id=stage.other_studio.id,
        brand_ids=[make.brand(name="鹿皮匠").id],
        channels=[{"platform": "kuaishou"}],
        participants=[{"host_id": stage.in_house.id}],
        title="第二场",
    )
    stage.act(answering.confirm, other.id)
    wanted = {
        "studio": std(stage.studio),
        "host": hst(stage.signed),
        "agency": ids.public("agc", stage.agency.id),
        "brand": ids.public("brd", stage.brand.id),
        "campaign": ids.public("cmp", campaign.id),
        "state": "draft",
        "platform": "douyin",
    }
    both = board_of(board, view).text
    assert ses(view) in both
    assert ses(other) in both
    for name, value in wanted.items():
        page = board_of(board, view, **{name: value}).text
        assert shown_in(page) == [ses(view)], name
        assert f'value="{value}" selected' in page, name
    assert board.get("/hub/board?studio=nonsense").status_code == 422
    assert board.get("/hub/board?studio=&q=&state=").status_code == 200


@pytest.mark.parametrize("typed", ["辛皮记", "xinpiji", "xpj", "XPJ", "nanxing zhuanchang", "A"])
def test_search_finds_by_characters_and_by_pinyin(board, stage, typed):
    view = stage.book()
    assert shown_in(board_of(board, view, q=typed).text) == [ses(view)]


def test_search_finds_nothing_where_nothing_fits(board, stage):
    view = stage.book()
    page = board_of(board, view, q="meiyou").text
    assert blocks_in(page) == {}
    assert "No sessions pass these filters." in page


def test_the_height_of_rows_is_kept(board, stage):
    view = stage.book()
    assert 'class="board roomy"' in board_of(board, view).text
    board_of(board, view, rows="24")
    assert 'class="board"' in board_of(board, view).text
    board_of(board, view, rows="48")
    assert 'class="board roomy"' in board_of(board, view).text


def test_a_move_is_made_told_and_taken_back(board, stage):
    view = stage.book()
    answer = ask(board, "/hub/board/move", moves=[moved(view, studio_id=std(stage.other_studio))])
    assert answer.status_code == 200, answer.text
    after = now_of(stage, view)
    assert after.studio_id == stage.other_studio.id
    assert after.starts_at - view.starts_at == timedelta(hours=1)
    assert "Studio" in answer.json["said"]
    undone = ask(board, "/hub/board/move", moves=answer.json["back"], reason="Undo")
    assert undone.status_code == 200, undone.text
    back = now_of(stage, view)
    assert (back.studio_id, back.starts_at, back.ends_at) == (view.studio_id, view.starts_at, view.ends_at)


def test_a_batch_moves_as_one_though_each_takes_the_others_place_and_is_taken_back_as_one(board, stage):
    first = stage.book(hours=2)
    second = stage.book(
        starts_at=first.ends_at + timedelta(minutes=45), hours=2, channels=[{"platform": "douyin"}]
    )
    both = [moved(first, 120), moved(second, 120)]
    alone = ask(board, "/hub/board/move", moves=both[:1])
    assert alone.status_code == 409
    answer = ask(board, "/hub/board/move", moves=both)
    assert answer.status_code == 200, answer.text
    assert now_of(stage, first).starts_at - first.starts_at == timedelta(hours=2)
    assert now_of(stage, second).starts_at - second.starts_at == timedelta(hours=2)
    assert ask(board, "/hub/board/move", moves=answer.json["back"]).status_code == 200
    assert now_of(stage, first).starts_at == first.starts_at
    assert now_of(stage, second).starts_at == second.starts_at


def test_a_batch_of_which_one_collides_moves_nothing(board, stage):
    first = stage.book(hours=1)
    in_the_way = stage.book(
        studio_id=stage.other_studio.id,
        participants=[{"host_id": stage.in_house.id}],
        channels=[{"platform": "kuaishou"}],
    )
    second = stage.book(
        starts_at=first.starts_at + timedelta(hours=6), hours=1,
        participants=[{"host_id": stage.independent.id}], channels=[{"platform": "taobao"}],
    )  # fmt: skip
    moves = [
        moved(first, 30),
        moved(second, -360, studio_id=std(stage.other_studio)),
    ]
    answer = ask(board, "/hub/board/move", moves=moves)
    assert answer.status_code == 409
    assert [one["session_id"] for one in answer.json["conflicts"]] == [ses(in_the_way)]
    assert now_of(stage, first).version == first.version
    assert now_of(stage, second).version == second.version


def test_a_stale_move_is_refused_and_says_who_changed_what(board, stage):
    view = stage.book()
    stage.act(changing.change, view.id, SessionChange(title="换了名字"))
    answer = ask(board, "/hub/board/move", moves=[moved(view)])
    assert answer.status_code == 412
    assert answer.json["code"] == "stale"
    assert "hub tester changed it at" in answer.json["detail"]
    assert "换了名字" in answer.json["detail"]
    assert now_of(stage, view).starts_at == view.starts_at


def test_the_check_names_hard_and_soft_conflicts_and_changes_nothing(board, stage):
    view = stage.book()
    blocker = stage.book(
        starts_at=view.starts_at + timedelta(hours=5), hours=2,
        participants=[{"host_id": stage.in_house.id}], channels=[{"platform": "kuaishou"}],
    )  # fmt: skip
    free = ask(board, "/hub/board/check", moves=[moved(view, 30)])
    assert free.json == {"hard": [], "soft": []}
    taken = ask(board, "/hub/board/check", moves=[moved(view, 240)])
    assert [one["session"] for one in taken.json["hard"]] == [ses(blocker)]
    past = ask(board, "/hub/board/check", moves=[moved(view, -60 * 24 * 3)])
    assert past.json["soft"]
    assert now_of(stage, view) == view


def test_what_stands_in_the_way_while_dragging_is_drawn_in_columns(board, stage):
    view = stage.book()
    stage.book(
        studio_id=stage.other_studio.id, starts_at=view.starts_at + timedelta(hours=5), hours=1,
        channels=[{"platform": "kuaishou"}],
    )  # fmt: skip
    day = board_day_of(view.starts_at, ZONE).isoformat()
    answer = board.client.get(
        f"/hub/board/spans?session={ses(view)}&day={day}", headers={"Accept-Language": "en"}
    )
    # From 20:00, five hours later 01:00: column 228.
    assert {"css": "s228 e240", "why": "南星 is taken"} in answer.json["bands"]
    assert not any("A is taken" in one["why"] for one in answer.json["bands"])


def test_another_row_by_host_hands_the_part_over(board, stage):
    view = stage.book(participants=[{"host_id": stage.signed.id}, {"host_id": stage.independent.id}])
    one = {"session_id": ses(view), "version": view.version}
    handed = one | {"host_id": hst(stage.signed), "to_host_id": hst(stage.in_house)}
    answer = ask(board, "/hub/board/move", moves=[handed])
    assert answer.status_code == 200, answer.text
    people = {person.host_id: person.agency_id for person in now_of(stage, view).participants}
    assert people == {stage.in_house.id: None, stage.independent.id: None}
    assert ask(board, "/hub/board/move", moves=answer.json["back"]).status_code == 200
    people = {person.host_id: person.agency_id for person in now_of(stage, view).participants}
    assert people == {stage.signed.id: stage.agency.id, stage.independent.id: None}
    nobody = one | {"host_id": hst(stage.in_house), "to_host_id": hst(stage.signed)}
    assert ask(board, "/hub/board/check", moves=[nobody]).status_code == 422


def test_a_week_moves_by_days_at_the_same_wall_time(board, stage):
    view = stage.book()
    day = board_day_of(view.starts_at, ZONE) + timedelta(days=2)
    answer = ask(
        board, "/hub/board/move", moves=[{"session_id": ses(view), "version": 1, "day": day.isoformat()}]
    )
    assert answer.status_code == 200, answer.text
    assert now_of(stage, view).starts_at - view.starts_at == timedelta(days=2)


def test_only_rows_that_changed_come_again(board, stage):
    view = stage.book()
    day = board_day_of(view.starts_at, ZONE).isoformat()
    text = board_of(board, view).text
    sums = dict(re.findall(r'data-row="(std_\w+)" data-sum="(\w+)"', text))
    path = f"/hub/board/rows?day={day}"
    same = ask(board, path, sums=sums).json
    assert same["rows"] == []
    assert same["keys"] == list(sums)
    stage.act(changing.move, view.id, starts_at=view.starts_at + timedelta(hours=1))
    fresh = ask(board, path, sums=sums, phone=True).json
    assert [row["key"] for row in fresh["rows"]] == [std(stage.studio)]
    assert ses(view) in fresh["rows"][0]["html"]
    assert ses(view) in fresh["list"]
    assert fresh["counts"] == {"draft": 1}


def test_moves_need_the_forms_token_and_the_right_to_plan(app, board, stage):
    view = stage.book()
    bare = board.client.post("/hub/board/move", json={"moves": [moved(view)]})
    assert bare.status_code == 400
    viewer = visitor_as(app, stage.database, "hub", hub_role="viewer")
    viewer.board = viewer.get("/hub/board").text
    assert 'data-may="' not in board_of(viewer, view).text
    assert ask(viewer, "/hub/board/move", moves=[moved(view)]).status_code == 403
    assert ask(viewer, "/hub/board/check", moves=[moved(view)]).status_code == 403
    assert now_of(stage, view).version == view.version


def test_the_form_moves_without_a_script_and_its_undo_takes_it_back(planner, stage):
    view = stage.book()
    page = planner.get(f"/hub/sessions/{ses(view)}/move")
    assert page.status_code == 200
    form = {"day": board_day_of(view.starts_at, ZONE).isoformat(), "starts": "21:00", "ends": "00:00"}
    answer = planner.post(
        f"/hub/sessions/{ses(view)}/move", studio_id=std(stage.other_studio), _version="1", **form
    )
    assert answer.status_code == 303, answer.text
    after = now_of(stage, view)
    assert after.studio_id == stage.other_studio.id
    assert after.starts_at - view.starts_at == timedelta(hours=1)
    page = planner.follow()
    back = unescape(re.search(r'name="undo" value="([^"]+)"', page.text)[1])
    assert planner.post("/hub/board/undo", undo=back).status_code == 303
    assert "Undone." in planner.follow().text
    assert now_of(stage, view).studio_id == stage.studio.id
    planner.post("/hub/board/undo", undo=back)
    assert 'role="alert"' in planner.follow().text
    planner.post("/hub/board/undo", undo="[{}]")
    assert "There is nothing to take back." in planner.follow().text


def test_the_form_shows_what_is_in_the_way_and_a_stale_one_what_changed(planner, stage):
    view = stage.book()
    other = stage.book(
        studio_id=stage.other_studio.id,
        participants=[{"host_id": stage.in_house.id}],
        channels=[{"platform": "kuaishou"}],
    )
    path = f"/hub/sessions/{ses(view)}/move"
    day = board_day_of(view.starts_at, ZONE).isoformat()
    planner.get(path)
    form = {"studio_id": std(stage.other_studio), "day": day, "starts": "20:00", "ends": "23:00"}
    page = planner.post(path, **form, _version="1")
    assert page.status_code == 409
    assert f"/hub/sessions/{ses(other)}" in page.text
    taken = unescape(re.search(r'name="_take" value="([^"]+)"', page.text)[1])
    assert planner.post(path, **form, _version="1", _take=taken).status_code == 303
    planner.get(path)
    stale = planner.post(path, **form, _version="1")
    assert stale.status_code == 412
    assert "changed it at" in stale.text
    assert planner.post(path, **form | {"day": "soon", "starts": "x"}).status_code == 422


def test_a_sheet_for_each_door_names_times_and_people_and_no_price(planner, stage):
    view = stage.book(lineup=[{"product_id": stage.product.id, "live_price_fen": 109900}])
    day = board_day_of(view.starts_at, ZONE).isoformat()
    page = planner.get(f"/hub/board/doors?day={day}").text
    assert page.count('class="door-sheet"') == 1
    for words in ("19:30", "20:00–23:00", "辛皮记", "南星"):
        assert words in page
    assert "1,099" not in page
    empty = planner.get(f"/hub/board/doors?day={day}&studio={std(stage.other_studio)}").text
    assert "Nothing today." in empty


def test_the_wall_needs_no_sign_in_shows_no_prices_and_can_be_revoked(client, planner, stage):
    soon = stage.now().replace(microsecond=0) + timedelta(minutes=30)
    view = stage.book(
        starts_at=soon,
        participants=[{"host_id": stage.in_house.id}],
        lineup=[{"product_id": stage.product.id, "live_price_fen": 109900}],
        override={"reason": "test"},
    )
    stage.act(answering.confirm, view.id)
    draft = stage.book(
        starts_at=soon, studio_id=stage.other_studio.id, channels=[{"platform": "other"}], title="未定",
        participants=[{"host_id": stage.independent.id}], override={"reason": "test"}, hours=1,
    )  # fmt: skip
    address = re.search(r"/wall/[\w.-]+", planner.get("/hub/board/wall").text)[0]
    stranger = Visitor(client)
    page = stranger.get(address)
    assert page.status_code == 200
    assert "辛皮记" in page.text
    assert "小棠" in page.text
    # What is not agreed is nobody's appointment yet.
    assert draft.participants[0].name not in page.text
    assert "1,099" not in page.text
    assert "/hub/" not in page.text
    assert stranger.get("/wall/0-1.forged").status_code == 404
    planner.post("/hub/board/wall/renew")
    assert stranger.get(address).status_code == 404
    fresh = re.search(r"/wall/[\w.-]+", planner.follow().text)[0]
    assert fresh != address
    assert stranger.get(fresh).status_code == 200
