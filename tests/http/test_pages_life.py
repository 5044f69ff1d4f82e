"""Offers, proposals and the phone by plain forms, as a browser without scripts does; bulk by JSON."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from campaign.kit import clock, ids
from campaign.kit.actor import SYSTEM
from campaign.live import running
from campaign.live.links import card_token, door_token
from campaign.parties.models import Host, Studio
from campaign.schedule import answering, queries
from campaign.schedule.proposals import proposals_of
from campaign.schedule.spans import board_day_of
from tests import zones
from tests.factory import HUB, SECRET_KEY
from tests.visitor import Visitor, visitor_as

HOUR = timedelta(hours=1)


@pytest.fixture
def agent(app, database, stage):
    return visitor_as(app, database, "agency", agency_id=stage.agency.id)


def state_of(stage, session_id):
    return stage.act(queries.get_session, session_id, actor=HUB)


def test_drafts_are_offered_and_answered_many_at_once(stage, planner, agent):
    made = [stage.book(starts_at=stage.given().starts_at + n * 24 * HOUR) for n in range(3)]
    refs = [ids.public("ses", one.id) for one in made]
    assert all(ref in planner.get("/hub/offers").text for ref in refs)
    planner.post("/hub/offers/offer", id=refs[:2])
    assert "Done for 2 sessions." in planner.follow().text
    assert [state_of(stage, one.id).state for one in made] == ["offered", "offered", "draft"]
    page = agent.get("/agency").text
    assert "left" in page
    assert refs[0] in page
    agent.post("/agency/offers/accept", id=refs[:2])
    assert "Done for 2 sessions." in agent.follow().text
    assert [state_of(stage, one.id).state for one in made] == ["accepted", "accepted", "draft"]
    planner.get("/hub/offers")
    planner.post("/hub/offers/cancel", id=[refs[2]], code="duplicate", reason="重复")
    assert state_of(stage, made[2].id).cancel_code == "duplicate"


def test_an_agency_proposes_and_the_hub_takes_it_up(stage, planner, agent):
    made = stage.act(answering.offer, stage.book().id)
    ref = ids.public("ses", made.id)
    agent.get(f"/agency/sessions/{ref}")
    local = (made.starts_at + HOUR).astimezone(ZoneInfo(zones.hub_zone())).strftime("%Y-%m-%dT%H:%M")
    agent.post(f"/agency/sessions/{ref}/propose/time", starts_at=local, reason="早班")
    assert "Waits for the hub" in agent.follow().text
    assert "早班" in planner.get("/hub/offers").text
    one = stage.act(proposals_of, waiting=True)[0]
    planner.get(f"/hub/sessions/{ref}")
    planner.post(f"/hub/sessions/{ref}/proposals/{ids.public('prp', one.id)}/accept")
    assert "Taken up" in planner.follow().text
    now = state_of(stage, made.id)
    assert (now.state, now.starts_at) == ("accepted", made.starts_at + HOUR)


def test_in_english_a_session_names_its_people_and_their_agency_in_english(stage, planner, app, database):
    with database.transaction(SYSTEM) as db:
        for table, name, name_en in (("agency", "星河机构", "Star River"), ("host", "阿丽", "Alice")):
            db.execute(
                text(f"UPDATE {table} SET name = :name, name_en = :english"),
                {"name": name, "english": name_en},
            )
    made = stage.act(answering.offer, stage.book().id)
    ref = ids.public("ses", made.id)
    agent = visitor_as(app, database, "agency", agency_id=stage.agency.id, language="en")
    agent.get(f"/agency/sessions/{ref}")
    local = (made.starts_at + HOUR).astimezone(ZoneInfo(zones.hub_zone())).strftime("%Y-%m-%dT%H:%M")
    agent.post(f"/agency/sessions/{ref}/propose/time", starts_at=local, reason="earlier")
    day = board_day_of(made.starts_at, ZoneInfo(zones.hub_zone())).isoformat()
    pages = (f"/hub/sessions/{ref}", "/hub/offers", f"/hub/board?day={day}", f"/agency/sessions/{ref}")
    for path in pages:
        told = (agent if path.startswith("/agency") else planner).get(path).text
        assert ("Star River" in told, "星河机构" in told) == (True, False), path
        # The board is searched by either name: it stands in an attribute there.
        assert "阿丽" not in re.sub(r"<[^>]*>", "", told), path
    # And in Chinese by the Chinese names.
    reader = visitor_as(app, database, "hub", hub_role="manager", language="zh")
    told = reader.get(f"/hub/sessions/{ref}").text
    assert ("星河机构" in told, "阿丽" in told, "Star River" in told, "Alice" in told) == (
        True,
        True,
        False,
        False,
    )


def test_the_hubs_deadlines_are_set_and_nonsense_is_refused(stage, planner):
    planner.get("/hub/offers")
    planner.post("/hub/offers/rules", answer_hours="x", last_answer_minutes="30")
    assert 'value="24"' in planner.follow().text
    planner.post("/hub/offers/rules", answer_hours="6", last_answer_minutes="30")
    assert 'value="6"' in planner.follow().text


@pytest.fixture
def tonight(stage):
    starts_at = stage.now().replace(second=0, microsecond=0) + timedelta(minutes=30)
    made = stage.book(participants=[{"host_id": stage.in_house.id}], starts_at=starts_at)
    return stage.act(answering.confirm, made.id)


def pressed(visitor, path, verb, **more):
    once = re.search(r'name="once" value="([0-9a-f]+)"', visitor.page.text)[1]
    return visitor.post(f"{path}/{verb}", once=once, **more)


def test_the_door_lets_another_host_stand_in_and_says_who_cannot_come(client, stage, tonight):
    other = stage.make.host(kind="in_house", name="小满")
    with stage.database.transaction(SYSTEM) as db:
        path = f"/door/{door_token(SECRET_KEY, db.get(Studio, stage.studio.id))}"
    visitor, ref = Visitor(client), ids.public("ses", tonight.id)
    page = visitor.get(path).text
    assert "小满" in page
    who = ids.public("ptc", tonight.participants[0].id)
    pressed(visitor, f"{path}/{ref}", "swap", participant=who, host=ids.public("hst", other.id))
    assert "Another host stands in." in visitor.follow().text
    assert [p.name for p in state_of(stage, tonight.id).participants] == ["小满"]
    who = ids.public("ptc", state_of(stage, tonight.id).participants[0].id)
    pressed(visitor, f"{path}/{ref}", "decline", participant=who, reason="发烧")
    assert [p.acceptance for p in state_of(stage, tonight.id).participants] == ["declined"]


def test_the_card_takes_a_tap_once_and_shows_past_sessions(client, stage, tonight):
    with stage.database.transaction(SYSTEM) as db:
        path = f"/card/{card_token(SECRET_KEY, db.get(Host, stage.in_house.id))}"
    visitor, ref = Visitor(client), ids.public("ses", tonight.id)
    visitor.get(path)
    pressed(visitor, f"{path}/{ref}", "arrive")
    assert state_of(stage, tonight.id).participants[0].arrived_at
    visitor.follow()
    pressed(visitor, f"{path}/{ref}", "undo")
    assert state_of(stage, tonight.id).participants[0].arrived_at is None
    stage.act(running.go_live, tonight.id)
    with clock.travel(HOUR):
        stage.act(running.end, tonight.id)
    with clock.travel(2 * HOUR):
        page = visitor.get(path).text
    assert "How it went" in page
    assert "early" in page


def test_the_session_page_tells_plan_and_actual_in_words(stage, planner, tonight):
    ref = ids.public("ses", tonight.id)
    stage.act(running.go_live, tonight.id)
    with clock.travel(5 * HOUR):
        page = planner.get(f"/hub/sessions/{ref}").text
    for words in ("Plan and actual", "What follows", "Runs ", "Went live", "Confirmed", "Session booked"):
        assert words in page


def test_in_chinese_a_show_that_is_over_is_nowhere_said_to_be_on_now(app, database, stage, tonight):
    stage.act(running.go_live, tonight.id)
    with clock.travel(2 * HOUR):
        stage.act(running.end, tonight.id)
        reader = visitor_as(app, database, "hub", hub_role="manager", language="zh")
        page = reader.get(f"/hub/sessions/{ids.public('ses', tonight.id)}").text
    assert "<b>开播</b>" in page
    assert "在播时长" in page
    assert "正在直播" not in page
