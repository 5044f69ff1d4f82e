"""The pages of plans: a week opened, filled by forms, compared in words, released by one press."""

import re
from datetime import timedelta

import pytest

from campaign.kit import ids
from campaign.schedule import changing, queries
from campaign.schedule.plans import queries as plans
from campaign.schedule.schemas import SessionChange


def send(planner, path, **form):
    """A form of a page, with that page's token."""
    planner.get("/hub/plans")
    return planner.post(path, **form)


@pytest.fixture
def stood(stage):
    return stage.book(title="站着的")


@pytest.fixture
def opened(planner, stood):
    """The address of a plan of the week of that session."""
    day = stood.starts_at.date()
    answer = send(
        planner, "/hub/plans", name="大促周", first_day=f"{day}", last_day=f"{day + timedelta(days=6)}"
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def filled(stage, **changes):
    given = stage.given(**{name: value for name, value in changes.items() if name == "starts_at"})
    local = given.starts_at + timedelta(hours=8)
    return {
        "title": "新场次",
        "studio_id": ids.public("std", stage.studio.id),
        "day": local.date().isoformat(),
        "starts": f"{local:%H:%M}",
        "ends": f"{local + timedelta(hours=2):%H:%M}",
        "brand_ids": ids.public("brd", stage.brand.id),
        "channels.0.platform": "douyin",
        "participants.0.host_id": ids.public("hst", stage.signed.id),
        "participants.0.role": "host",
    } | {name: value for name, value in changes.items() if name != "starts_at"}


def plain(text):
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def entry_of(planner, opened):
    return re.search(r'id="(ple_\w+)"', planner.get(opened).text)[1]


def test_a_week_is_filled_compared_and_released_by_forms(planner, stage, stood, opened):
    number = ids.public("ses", stood.id)
    form = planner.get(f"{opened}/sessions/{number}").text
    assert "Put in the plan" in form
    later = filled(stage, title="站着的", studio_id=ids.public("std", stage.other_studio.id))
    answer = send(planner, f"{opened}/sessions/{number}", **later)
    assert answer.status_code == 303, answer.text
    new = filled(stage, starts_at=stood.starts_at + timedelta(days=1))
    assert send(planner, f"{opened}/new", **new).status_code == 303
    page = plain(planner.get(opened).text)
    assert "shorter 3 h → 2 h" in page
    assert "other studio Studio → Studio" in page  # their English names are the same
    assert "other channels 辛皮记旗舰店 · Douyin → Douyin" in page
    assert "2 entries; 0 in the way" in page
    assert "Left as they stand" not in page
    assert stage.act(queries.get_session, stood.id) == stood
    answer = send(planner, f"{opened}/release", _rev="3")
    assert answer.status_code == 303, answer.text
    assert "Everybody it touches has been told, once." in planner.follow().text
    assert stage.act(queries.get_session, stood.id).studio_id == stage.other_studio.id


def test_a_refused_release_names_what_is_in_the_way_and_tells_nobody(planner, stage, stood, opened):
    assert send(planner, f"{opened}/new", **filled(stage)).status_code == 303
    seen = planner.get(opened).text
    assert "Studio Studio is taken by “站着的”" in seen  # by its English name
    answer = send(planner, f"{opened}/release", _rev="2")
    assert answer.status_code == 409
    assert "Nothing was released: some entries are in the way." in answer.text
    assert send(planner, f"{opened}/release", _rev="1").status_code == 412


def test_a_session_is_called_off_in_the_plan_and_taken_out_again(planner, stage, stood, opened):
    number = ids.public("ses", stood.id)
    assert "Call off in the plan" in planner.get(opened).text
    assert f"{opened}/sessions/{number}" in planner.get(f"/hub/sessions/{number}").text
    send(planner, f"{opened}/cancel", session_id=number, code="weather")
    assert "called off" in planner.get(opened).text
    entry = entry_of(planner, opened)
    assert planner.get(f"{opened}/entries/{entry}").status_code == 404
    assert f"{opened}/sessions/{number}" not in planner.get(f"/hub/sessions/{number}").text
    send(planner, f"{opened}/entries/{entry}/remove")
    assert "There is nothing in this plan." in planner.get(opened).text
    assert send(planner, f"{opened}/cancel", session_id="x", code="weather").status_code == 404
    send(planner, f"{opened}/cancel", session_id=number, code="bored")
    assert "There is nothing in this plan." in planner.get(opened).text


def test_an_entry_is_edited_and_an_overtaken_one_kept(planner, stage, stood, opened):
    number = ids.public("ses", stood.id)
    send(planner, f"{opened}/sessions/{number}", **filled(stage, title="改名"))
    entry = entry_of(planner, opened)
    assert 'value="改名"' in planner.get(f"{opened}/entries/{entry}").text
    send(planner, f"{opened}/entries/{entry}", **filled(stage, title="又改名"))
    assert "又改名" in planner.get(opened).text
    stage.act(changing.change, stood.id, SessionChange(notes="x"))
    assert "Somebody changed the session since it was planned." in planner.get(opened).text
    send(planner, f"{opened}/entries/{entry}/catch_up")
    assert "Somebody changed" not in planner.get(opened).text


def test_a_week_is_copied_and_given_up(planner, stage, stood):
    day = stood.starts_at.date() + timedelta(days=7)
    days = {"first_day": f"{day}", "last_day": f"{day + timedelta(days=6)}"}
    send(planner, "/hub/plans", name="照搬", copy="7", **days)
    page = planner.follow()
    assert "站着的" in page.text
    path = page.request.path
    send(planner, f"{path}/drop")
    assert "given up" in planner.follow().text
    assert "Release all of it" not in planner.get(path).text
    assert "照搬" in planner.get("/hub/plans").text
    upside_down = send(
        planner, "/hub/plans", name="x", first_day=f"{day}", last_day=f"{stood.starts_at.date()}"
    )
    assert upside_down.status_code == 422


def test_nothing_that_differs_is_no_entry_and_a_fault_stands_beside_its_field(planner, stage, stood, opened):
    answer = send(planner, f"{opened}/new", **filled(stage, title=""))
    assert answer.status_code == 422
    assert "This is needed." in answer.text
    more = send(planner, f"{opened}/new", **filled(stage, _more="lineup"))
    assert more.status_code == 200
    assert "lineup.4.product_id" in more.text
    plan_id = ids.internal("pln", opened.rsplit("/", 1)[1])
    assert stage.act(plans.entries_of, plan_id) == []
