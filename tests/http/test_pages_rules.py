"""The pages of rules, closures, hours and leave, by plain forms."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaign.kit import ids
from campaign.parties import bonds
from campaign.parties.queries import get_hub
from campaign.schedule import availability, house
from campaign.schedule.availability import Owner
from campaign.schedule.window_schemas import WindowsIn
from tests import zones
from tests.factory import HUB
from tests.http.test_pages_schedule import typed
from tests.visitor import visitor_as

ZONE = ZoneInfo(zones.hub_zone())


@pytest.fixture
def manager(app, database):
    return visitor_as(app, database, "hub", hub_role="manager")


def windows(stage, owner):
    return stage.act(availability.windows_of, owner)


def test_a_leave_of_whole_days_ends_as_the_next_day_begins(stage, app, database):
    session = stage.book()
    agent = visitor_as(app, database, "agency", agency_id=stage.agency.id)
    assert "南星" in agent.get("/agency/times").text
    address = f"/agency/times/hosts/{ids.public('hst', stage.signed.id)}"
    agent.get(address)
    day = session.starts_at.astimezone(ZONE).date()
    form = {"first_day": day.isoformat(), "last_day": (day + timedelta(days=1)).isoformat(), "reason": "年假"}
    assert agent.post(f"{address}/exceptions", **form).status_code == 303
    (row,) = windows(stage, Owner("host", stage.signed.id))
    midnight = datetime.combine(day, time(0), tzinfo=ZONE)
    assert (row.starts_at, row.ends_at) == (midnight, midnight + timedelta(days=2))
    agent.follow()
    assert "年假" in agent.page.text
    assert session.title not in agent.page.text  # a draft is the hub's
    hub = visitor_as(app, database, "hub", hub_role="viewer")
    page = hub.get(f"/hub/times/hosts/{ids.public('hst', stage.signed.id)}")
    assert session.title in page.text
    assert "Record leave" not in page.text  # a viewer reads
    agent.get(address)
    assert agent.post(f"{address}/remove", window_id=row.id).status_code == 303
    assert windows(stage, Owner("host", stage.signed.id)) == []
    agent.follow()
    assert agent.post(f"{address}/remove", window_id=row.id).status_code == 404


def test_the_week_of_a_host_is_replaced_as_typed(stage, app, database):
    own = visitor_as(app, database, "host", host_id=stage.signed.id)
    own.get("/host/times")
    week = {
        "week__0__weekday": "1",
        "week__0__from": "18:00",
        "week__0__to": "02:00",
        "week__1__weekday": "2",
    }
    assert own.post("/host/times/weekly", **week).status_code == 303
    (row,) = windows(stage, Owner("host", stage.signed.id))
    assert (row.weekday, row.from_time, row.to_time, row.shut) == (1, time(18), time(2), False)
    assert 'value="18:00"' in own.follow().text
    half = own.post("/host/times/weekly", **week | {"week__1__from": "10:00"})
    assert half.status_code == 422
    assert 'id="week.1.to-about"' in half.text
    assert len(windows(stage, Owner("host", stage.signed.id))) == 1


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"first_day": ""}, "first_day"),
        ({"first_day": "2026-02-30"}, "first_day"),
        ({"first_day": "9999-12-31"}, "first_day"),
        ({"first_day": "2026-12-02", "last_day": "2026-12-01"}, "last_day"),
        ({"first_day": "2026-12-01", "last_day": "2028-12-01"}, "last_day"),
        ({"first_day": "2026-12-01", "first_time": "9"}, "first_time"),
        ({"first_day": "2026-12-01", "last_time": "24:00"}, "last_time"),
        ({"first_day": "2026-12-01", "reason": "\x00"}, "reason"),
    ],
)
def test_faults_of_a_closure_stand_beside_their_fields(stage, manager, typed, fault):
    address = f"/hub/times/studios/{ids.public('std', stage.studio.id)}"
    manager.get(address)
    page = manager.post(f"{address}/exceptions", **typed)
    assert page.status_code == 422
    assert f'id="{fault}-about"' in page.text
    assert page.text.count("week.") > 14  # the hours are still there
    assert windows(stage, Owner("studio", stage.studio.id)) == []


def test_the_hub_closes_itself_and_its_studios(stage, manager):
    for address, owner in (
        ("/hub/times/hub", Owner("hub")),
        (f"/hub/times/studios/{ids.public('std', stage.studio.id)}", Owner("studio", stage.studio.id)),
    ):
        manager.get(address)
        assert (
            manager.post(
                f"{address}/exceptions", first_day="2027-02-06", last_day="2027-02-12", reason="春节"
            ).status_code
            == 303
        )
        assert "春节" in manager.follow().text
        assert (
            manager.post(
                f"{address}/weekly", week__0__weekday="1", week__0__from="08:00", week__0__to="10:00"
            ).status_code
            == 303
        )
        assert [row.shut for row in windows(stage, owner)] == [True, True]


def test_an_agencys_page_of_anothers_host_is_not_there(stage, app, database, make):
    agent = visitor_as(app, database, "agency", agency_id=stage.agency.id)
    stranger = make.host(agency=make.agency())
    agent.get("/agency/times")
    address = f"/agency/times/hosts/{ids.public('hst', stranger.id)}"
    assert agent.get(address).status_code == 404
    agent.get("/agency/times/hosts/" + ids.public("hst", stage.signed.id))
    assert agent.post(f"{address}/exceptions", first_day="2027-02-06").status_code == 404


def test_rules_are_set_on_their_page(stage, manager, app, database):
    page = manager.get("/hub/rules").text
    assert page.count("<select") == 17 + 1
    fields = {
        "longest_stretch_minutes": 240,
        "break_minutes": 20,
        "day_minutes": 480,
        "between_days_minutes": 660,
    }
    fields |= {"rival_gap_minutes": 60, "sku_gap_minutes": 120, "answer_minutes": 60}
    assert manager.post("/hub/rules", **fields | {"levels__host_away": "soft"}).status_code == 303
    standing = stage.act(house.rules_of_hub)
    assert (standing["break_minutes"], standing["levels"]["host_away"]) == (20, "soft")
    manager.follow()
    wrong = manager.post("/hub/rules", **fields | {"break_minutes": "long"})
    assert wrong.status_code == 422
    assert 'id="break_minutes-about"' in wrong.text
    assert manager.post("/hub/rules", **fields | {"levels__studio_overlap": "off"}).status_code == 422
    viewer = visitor_as(app, database, "hub", hub_role="viewer")
    assert 'button class="main"' not in viewer.get("/hub/rules").text
    assert viewer.post("/hub/rules", **fields).status_code == 403


def test_each_reader_finds_the_words_of_codes_in_their_own_language(page):
    texts = {one: page(HUB, "/hub/rules", language=one).text for one in ("zh-CN", "en", "zh-CN")}
    assert "拒绝 <span" in texts["zh-CN"]
    assert "Refuse <span" in texts["en"]
    assert "拒绝" not in texts["en"]


def test_brands_join_and_leave_a_group_of_competitors(stage, manager):
    brand = ids.public("brd", stage.brand.id)
    manager.get("/hub/rules")
    assert manager.post("/hub/rules/rivals/add", group="皮衣", brand_id=brand).status_code == 303
    assert stage.act(bonds.rival_groups) == {"皮衣": [stage.brand.id]}
    assert manager.follow().text.count("皮衣") >= 2
    assert manager.post("/hub/rules/rivals/add", group="", brand_id=brand).status_code == 422
    assert 'name="break_minutes" type="number" value="30"' in manager.page.text
    assert manager.post("/hub/rules/rivals/remove", group="皮衣", brand_id=brand).status_code == 303
    assert stage.act(bonds.rival_groups) == {}


def test_a_crew_is_made_on_the_page_of_parties(stage, manager):
    manager.get("/hub/parties/crews")
    crew = {"name": "化妆师", "capacity": "7", "before_minutes": "90", "into_minutes": "0"}
    assert manager.post("/hub/parties/crews", **crew).status_code == 303
    assert "化妆师" in manager.follow().text
    assert manager.post("/hub/parties/crews", **crew | {"before_minutes": "0"}).status_code == 422


def test_the_hubs_opening_hours_are_set_on_its_page_and_booking_heeds_them(stage, manager, planner):
    manager.get("/hub/times/hub")
    hub = stage.act(get_hub)
    hours = {"opens": "09:00", "closes": "02:00"}
    wrong = manager.post("/hub/times/hub/hours", **hours | {"closes": "soon"})
    assert wrong.status_code == 422
    assert 'id="closes-about"' in wrong.text
    assert wrong.text.count("week.") > 14  # the weekly closures are still there
    planner.get("/hub/sessions/new")
    early = typed(stage, starts="07:00", ends="10:00")
    assert manager.post("/hub/times/hub/hours", **hours, _version=str(hub.rev)).status_code == 303
    assert 'value="09:00"' in manager.follow().text
    assert manager.post("/hub/times/hub/hours", **hours, _version=str(hub.rev)).status_code == 412
    refused = planner.post("/hub/sessions/new", **early)
    assert refused.status_code == 409
    assert "The hub is open from 09:00 to 02:00." in refused.text
    # Negative controls: inside them nothing is said, and round the clock neither.
    assert planner.post("/hub/sessions/new", **typed(stage, starts="23:00", ends="02:00")).status_code == 303
    planner.follow()
    manager.get("/hub/times/hub")
    assert manager.post("/hub/times/hub/hours", opens="06:00", closes="06:00").status_code == 303
    planner.get("/hub/sessions/new")
    assert planner.post("/hub/sessions/new", **early).status_code == 303


def test_the_hubs_hours_over_the_api_are_guarded_by_their_version(call, stage):
    before = call(HUB, "GET", "/hub/hours")
    stamp = {"If-Match": before.headers["ETag"]}
    hours = {"opens": "10:00", "closes": "01:30"}
    done = call(HUB, "PUT", "/hub/hours", json=hours, headers=stamp)
    assert {name: done.json[name] for name in hours} == hours
    assert call(HUB, "PUT", "/hub/hours", json=hours, headers=stamp).status_code == 412
    assert call(HUB, "PUT", "/hub/hours", json=hours | {"opens": "24:00"}).status_code == 422


def test_weekly_windows_of_the_other_kind_are_shown_apart_and_taken_back(stage, manager):
    weekly = [{"weekday": 1, "from": "10:00", "to": "18:00", "available": True}]
    stage.act(availability.set_windows, Owner("hub"), WindowsIn.model_validate({"weekly": weekly}))
    page = manager.get("/hub/times/hub").text
    assert "Open each week only" in page
    assert 'value="10:00"' not in page  # not among what is closed each week
    (row,) = windows(stage, Owner("hub"))
    manager.post("/hub/times/hub/remove", window_id=row.id)
    assert windows(stage, Owner("hub")) == []
