"""Shared crews on the booking form and the session's page."""

import re

from campaign.kit import ids
from campaign.parties import actions
from campaign.schedule import queries
from campaign.schedule.models import CrewPool
from tests.factory import HUB
from tests.http.test_pages_schedule import booked, typed, view_of


def crew(stage, name="化妆师", capacity=2):
    return stage.act(actions.add, CrewPool(name=name, capacity=capacity, before_minutes=60, into_minutes=15))


def field(pool):
    return f"crew__{ids.public('crw', pool.id)}"


def needs(stage, where):
    return [(one.pool_id, one.units) for one in view_of(stage, where).crew]


def test_a_crew_is_booked_shown_and_changed_by_the_forms(planner, stage):
    makeup, camera = crew(stage), crew(stage, "摄像")
    where = booked(planner, stage, **{field(makeup): "2", field(camera): "0"})
    assert needs(stage, where) == [(makeup.id, 2)]
    assert "化妆师 × 2" in planner.page.text
    assert "摄像" not in planner.page.text
    page = planner.get(f"{where}/change").text
    name = field(makeup).replace("__", ".")
    assert re.search(rf'name="{name}" type="number" value="2"', page)
    again = typed(stage, _version=str(view_of(stage, where).version)) | {field(camera): "1"}
    again |= {"participants__0__was": again["participants__0__host_id"]}
    again |= {"participants__0__agency_id": ids.public("agc", stage.agency.id)}
    assert planner.post(f"{where}/change", **again).status_code == 303
    assert needs(stage, where) == [(camera.id, 1)]
    steps = stage.act(queries.history_of, view_of(stage, where).id)
    assert steps[0].detail["fields"] == ["crew"]  # nothing else was touched


def test_a_crew_asked_for_more_than_it_has_says_so_beside_its_field(planner, stage):
    crew(stage, "摄像", 5)
    makeup = crew(stage)
    planner.get("/hub/sessions/new")
    for many, words in (
        ("3", "This crew has only 2."),
        ("21", "between 0 and 20"),
        ("x", "between 0 and 20"),
    ):
        page = planner.post("/hub/sessions/new", **typed(stage, **{field(makeup): many}))
        assert page.status_code == 422
        about = field(makeup).replace("__", ".") + "-about"
        assert re.search(rf'id="{about}"><p class="fault">[^<]*{words}', page.text)
        assert f'value="{many}"' in page.text


def test_a_crew_all_taken_is_in_the_way_and_another_time_is_offered(planner, stage):
    makeup = crew(stage, capacity=1)
    booked(planner, stage, **{field(makeup): "1"})
    planner.get("/hub/sessions/new")
    other = typed(
        stage,
        title="第二场",
        studio_id=ids.public("std", stage.other_studio.id),
        channels__0__platform="kuaishou",
        channels__0__platform_account_id="",
        participants__0__host_id=ids.public("hst", stage.in_house.id),
        lineup__0__product_id="",
    )
    assert planner.post("/hub/sessions/new", **other | {field(makeup): "1"}).status_code == 409
    assert "All of 化妆师 are taken" in planner.page.text
    assert 'name="_take"' in planner.page.text
    # Negative control: without the crew nothing is in the way.
    assert planner.post("/hub/sessions/new", **other).status_code == 303


def test_a_crew_out_of_use_stays_on_the_sessions_that_have_it(planner, stage):
    makeup = crew(stage)
    where = booked(planner, stage, **{field(makeup): "1"})
    with stage.database.transaction(HUB) as db:
        db.get(CrewPool, makeup.id).archived_at = stage.now()
    assert "No longer in use." in planner.get(f"{where}/change").text
    assert "化妆师" not in planner.get("/hub/sessions/new").text
