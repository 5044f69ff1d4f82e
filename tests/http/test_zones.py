"""Over the nights in which clocks change, in three zones: pages, forms, the API and calendar feeds."""

import re
from datetime import timedelta

import pytest
from icalendar import Calendar

from campaign.kit import ids
from campaign.kit.actor import SYSTEM
from campaign.kit.instants import written
from campaign.schedule import queries
from campaign.schedule.feeds import feed_token
from tests.factory import HUB
from tests.visitor import visitor_as

HOUR = timedelta(hours=1)


@pytest.fixture
def planner(app, night):
    """A scheduler of the hub whose clocks change, signed in."""
    return visitor_as(app, night.database, "hub", hub_role="scheduler")


def strip(text, view):
    """First and last column of a session's block."""
    ref = ids.public("ses", view.id)
    found = re.search(rf'class="block [^"]*\bs(\d+) e(\d+)[^"]*" href="[^"]*{ref}"', text)
    return int(found[1]), int(found[2])


def test_the_boards_page_has_a_column_for_every_five_minutes_of_its_day(planner, night):
    hours = 24 + night.change.longer
    first = night.between(night.at("06:00"), night.at("07:00"))
    over = night.between(night.at("00:30", 1), night.at("04:00", 1))
    last = night.between(night.at("05:00", 1), night.at("06:00", 1))
    later = night.between(night.at("06:00", 1), night.at("07:00", 1))
    text = planner.get(f"/hub/board?day={night.eve}").text
    labels = re.findall(r"<span>(\d\d:\d\d)</span>", re.search(r'<div class="hours".*?</div>', text, re.S)[0])
    assert len(labels) == hours
    assert labels[:2] == ["06:00", "07:00"]
    assert labels[-1] == "05:00"
    twice = {1: 2, 0: 1, -1: 0}[night.change.longer]
    assert (
        labels.count("02:00" if night.change.zone != "America/New_York" or twice == 0 else "01:00") == twice
    )
    assert f'data-slots="{hours * 12}"' in text
    assert (f" h{hours}" in re.search(r'<div class="board[^"]*"', text)[0]) == (hours != 24)
    assert strip(text, first) == (0, 12)
    assert strip(text, over) == (18 * 12 + 6, (22 + night.change.longer) * 12)
    assert strip(text, last) == ((hours - 1) * 12, hours * 12)
    assert ids.public("ses", later.id) not in text
    assert strip(planner.get(f"/hub/board?day={night.day(1)}").text, later) == (0, 12)
    week = planner.get(f"/hub/board?day={night.eve}&view=week").text
    cells = dict(re.findall(r'<div class="cell" data-day="([\d-]+)">(.*?)</div>', week, re.S)[::-1])
    assert cells.keys() >= {str(night.eve), str(night.day(1))}
    for view, day in ((first, 0), (over, 0), (last, 0), (later, 1)):
        rows = re.findall(
            rf'data-day="{night.day(day)}">(?:(?!</div>).)*{ids.public("ses", view.id)}', week, re.S
        )
        assert len(rows) == 1


def test_the_boards_script_moves_by_days_and_back(planner, night):
    made = night.between(night.at("20:00"), night.at("03:30", 1))
    planner.board = planner.get("/hub/board").text
    token = re.search(r'data-token="([^"]+)"', planner.board)[1]
    move = {"session_id": ids.public("ses", made.id), "version": made.version, "day": str(night.day(1))}

    def post(moves):
        return planner.client.post(
            "/hub/board/move", json={"moves": moves, "reason": "x"}, headers={"X-CSRFToken": token}
        )

    answer = post([move])
    assert answer.status_code == 200, answer.text
    assert "20:00–03:30" in answer.json["said"]
    moved = night.act(queries.get_session, made.id)
    assert (moved.starts_at, moved.ends_at) == (night.at("20:00", 1), night.at("03:30", 2))
    assert post(answer.json["back"]).status_code == 200
    back = night.act(queries.get_session, made.id)
    assert (back.starts_at, back.ends_at) == (made.starts_at, made.ends_at)


def test_the_api_gives_the_boards_day_and_days_by_the_hubs_midnight(call, night):
    made = [night.between(night.at("05:30", day), night.at("06:30", day)) for day in (0, 1)]
    at, hours = night.at("06:00"), 24 + night.change.longer
    found = call(
        HUB, "GET", "/board", query_string={"from": written(at), "to": written(at + hours * HOUR)}
    ).json
    assert [one["id"] for one in found["items"]] == [ids.public("ses", one.id) for one in made]
    late = night.between(night.at("23:30", 1), night.at("00:00", 2))
    early = night.between(night.at("00:00", 2), night.at("00:30", 2))
    days = {"from": str(night.day(1)), "to": str(night.day(1))}
    found = call(HUB, "GET", "/sessions", query_string=days | {"limit": 100}).json
    refs = {one["id"] for one in found["items"]}
    assert ids.public("ses", late.id) in refs
    assert ids.public("ses", early.id) not in refs


def test_what_is_typed_into_the_form_is_the_hubs_wall_time(planner, night):
    account = ids.public("acc", night.account.id)
    form = {
        "title": "夜场",
        "studio_id": ids.public("std", night.studio.id),
        "brand_ids": ids.public("brd", night.brand.id),
        "day": str(night.eve),
        "starts": "20:00",
        "ends": "03:30",
        "channels__0__platform": "douyin",
        "channels__0__platform_account_id": account,
        "participants__0__host_id": ids.public("hst", night.in_house.id),
        "override_reason": "test",
    }
    planner.get("/hub/sessions/new")
    answer = planner.post("/hub/sessions/new", **form)
    assert answer.status_code == 303, answer.text
    made = night.act(queries.get_session, ids.internal("ses", answer.headers["Location"].rpartition("/")[2]))
    assert (made.starts_at, made.ends_at) == (night.at("20:00"), night.at("03:30", 1))


def test_a_calendar_program_reads_the_same_instants(client, settings, night):
    made = [
        night.between(night.at("20:00"), night.at("03:30", 1), studio_id=night.studio.id),
        night.between(night.at("20:00", 1), night.at("21:00", 1), studio_id=night.studio.id),
    ]
    with night.database.transaction(SYSTEM) as db:
        token = feed_token(db, SYSTEM, settings.secret_key, "studio", night.studio.id, "zh_CN")
    events = Calendar.from_ical(client.get(f"/ical/{token}.ics").data).walk("VEVENT")
    assert {str(one["UID"]): (one.start, one.end) for one in events} == {
        f"{ids.public('ses', one.id)}@xinji-live": (one.starts_at, one.ends_at) for one in made
    }


def test_the_move_form_leaves_a_show_in_the_second_of_two_hours_where_it_is(planner, night):
    # 02:30 by the wall, or 01:30: the second where they come twice.
    starts_at = night.at("03:00" if night.change.zone == "Europe/Berlin" else "02:00", 1) - HOUR / 2
    made = night.between(starts_at, starts_at + 2 * HOUR)
    ref = ids.public("ses", made.id)
    page = planner.get(f"/hub/sessions/{ref}/move").text
    shown = {
        name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1] for name in ("day", "starts", "ends")
    }
    studio = ids.public("std", night.other_studio.id)
    answer = planner.post(
        f"/hub/sessions/{ref}/move", **shown | {"studio_id": studio, "override_reason": "x"}
    )
    assert answer.status_code == 303, answer.text
    moved = night.act(queries.get_session, made.id)
    assert moved.studio_id == night.other_studio.id
    assert (moved.starts_at, moved.ends_at) == (made.starts_at, made.ends_at)
