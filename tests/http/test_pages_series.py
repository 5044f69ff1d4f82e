"""Series on their pages: looked at, booked, changed from a date on, skipped and taken up again, ended."""

from datetime import timedelta

import pytest

from campaign.kit import ids
from campaign.schedule.series import queries
from tests.factory import HUB
from tests.http.test_pages_schedule import typed
from tests.visitor import visitor_as


@pytest.fixture
def planner(app, database):
    return visitor_as(app, database, "hub", hub_role="scheduler")


def asked(stage, **changes):
    given = typed(stage) | {"repeat": "daily", "every": "1", "count": "3", "starts": "22:00", "ends": "01:00"}
    given.pop("channels__0__room_ids")
    return given | changes


def booked(stage, planner, **changes):
    planner.get("/hub/series/new")
    made = planner.post("/hub/series/new", **asked(stage, **changes))
    assert made.status_code == 303, made.text
    return made.headers["Location"]


def days(stage):
    def read(db, actor):
        row = queries.page_of_series(db, actor, limit=1).items[0].row
        return queries.days_of(db, actor, row)

    return stage.act(read, actor=HUB)


def test_a_series_is_looked_at_booked_and_listed(stage, planner):
    assert "/hub/series/new" in planner.get("/hub/series").text
    assert "Look at the dates" in planner.get("/hub/series/new").text
    looked = planner.post("/hub/series/new", **asked(stage, _look="yes"))
    assert looked.status_code == 200
    assert looked.text.count('<span class="chip is-ok">free</span>') == 3
    here = booked(stage, planner)
    page = planner.follow().text
    assert page.count('class="chip is-draft"') == 3
    assert "every day" in page
    assert here in planner.get("/hub/series").text
    session = days(stage)[0].session_id
    assert here in planner.get(f"/hub/sessions/{ids.public('ses', session)}").text


def test_weekdays_until_a_day(stage, planner):
    until = (stage.now() + timedelta(days=15)).date().isoformat()
    booked(stage, planner, repeat="weekly", weekdays=["SA", "SU"], until=until, count="99")
    found = days(stage)
    assert {day.on_date.weekday() for day in found} == {5, 6}
    assert len(found) >= 4
    assert "every week: Sat, Sun" in planner.follow().text


def test_dates_that_are_not_free_are_named_and_left_out_on_demand(stage, planner):
    booked(stage, planner)
    planner.get("/hub/series/new")
    refused = planner.post("/hub/series/new", **asked(stage, count="4"))
    assert refused.status_code == 409
    assert refused.text.count('<span class="chip is-bad">not free</span>') == 3
    assert "Look at that session" in refused.text
    made = planner.post("/hub/series/new", **asked(stage, count="4", skip_conflicts="yes"))
    assert made.status_code == 303
    assert [day.state for day in days(stage)] == ["skipped"] * 3 + ["draft"]
    assert "Take it up again" in planner.follow().text


def test_a_change_from_a_date_on_is_made_by_the_filled_form(stage, planner):
    here = booked(stage, planner)
    second = days(stage)[1].on_date.isoformat()
    page = planner.get(f"{here}/change?from={second}").text
    assert f'name="from_on" value="{second}"' in page
    assert 'value="22:00"' in page
    given = asked(stage, title="换名", starts="21:30", from_on=second, _rev="1")
    for name in ("repeat", "every", "count", "day"):
        given.pop(name)
    assert planner.post(f"{here}/change", **given).status_code == 303
    assert planner.page.headers["Location"] != here
    assert [day.view.title for day in days(stage)] == ["换名"] * 2
    stale = planner.get(f"{here}/change") and planner.post(f"{here}/change", **(given | {"from_on": ""}))
    assert stale.status_code == 412


def test_one_date_is_skipped_and_taken_up_again_and_the_rest_called_off(stage, planner):
    here = booked(stage, planner)
    planner.follow()
    second = days(stage)[1].on_date.isoformat()
    assert planner.post(f"{here}/skip", on_date=second).status_code == 303
    assert days(stage)[1].state == "skipped"
    planner.follow()
    assert planner.post(f"{here}/re_add", on_date=second).status_code == 303
    assert days(stage)[1].state == "draft"
    planner.follow()
    until = (days(stage)[0].on_date + timedelta(days=4)).isoformat()
    assert planner.post(f"{here}/extend", until_on=until).status_code == 303
    assert len(days(stage)) == 5
    planner.follow()
    assert planner.post(f"{here}/end").status_code == 303
    assert {day.state for day in days(stage)} == {"skipped"}


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("repeat", "", "repeat"),
        ("count", "0", "repeat"),
        ("count", "many", "count"),
        ("until", "soon", "until"),
        ("every", "²", "every"),
        ("day", "2020-01-01", "day"),
        ("lineup__0__live_price", "dear", "lineup.0.live_price"),
    ],
)
def test_a_fault_stands_by_its_field(stage, planner, field, value, where):
    planner.get("/hub/series/new")
    refused = planner.post("/hub/series/new", **asked(stage, **{field: value}))
    assert refused.status_code == 422
    assert f'id="{where}-about"' in refused.text


def test_who_may_only_look_sees_dates_and_no_buttons(app, database, stage, planner):
    here = booked(stage, planner)
    viewer = visitor_as(app, database, "hub", hub_role="viewer")
    page = viewer.get(here).text
    assert "Call this date off" not in page
    assert viewer.get(f"{here}/change").status_code == 403


def test_everything_is_said_in_chinese(app, database, stage, planner):
    here = booked(stage, planner, repeat="weekly", weekdays=["MO"])
    reader = visitor_as(app, database, "hub", language="zh", hub_role="manager")
    assert "每周：周一" in reader.get(here).text
    assert "预览日期" in reader.get("/hub/series/new").text
