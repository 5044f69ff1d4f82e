"""The hub's pages of campaigns, calendar, free places and waiting list, as a browser without scripts uses them."""

import re
from datetime import timedelta
from html import unescape
from zoneinfo import ZoneInfo

from campaign.catalog.queries import goals_of
from campaign.catalog.tree import Goal
from campaign.kit import ids
from campaign.schedule import closing
from campaign.schedule.waiting.sweep import sweep
from tests.factory import HUB
from tests.visitor import visitor_as

ZONE = ZoneInfo("Asia/Shanghai")


def test_a_tree_is_planned_from_the_calendar_down(planner, stage):
    year = stage.now().astimezone(ZONE).year + 1
    found = planner.get(f"/hub/calendar?year={year}").text
    assert "Double 11" in found
    assert "Xinji leather fair" in found
    planner.get("/hub/campaigns/new?kind=season")
    brand = ids.public("brd", stage.brand.id)
    season = {"name": "冬季", "kind": "season", "starts_on": f"{year}-10-01", "ends_on": f"{year}-12-31"}
    assert planner.post("/hub/campaigns/new", **season, brand_ids=[brand]).status_code == 303
    parent = planner.page.headers["Location"].rsplit("/", 1)[1]
    planner.get(f"/hub/campaigns/new?parent_id={parent}")
    below = {"name": "双十一", "parent_id": parent, "starts_on": f"{year}-09-01", "ends_on": f"{year}-11-11"}
    refused = planner.post("/hub/campaigns/new", **below)
    assert "The campaign above starts on" in refused.text
    below |= {"starts_on": f"{year}-10-14", "target_paid": "1,000.00", "target_sessions": "4"}
    goal = {"brand_targets__0__brand_id": brand, "brand_targets__0__target_paid": "600.00"}
    assert planner.post("/hub/campaigns/new", **below, **goal, brand_ids=[brand]).status_code == 303
    page = planner.follow().text
    assert "¥1,000.00" in page
    assert "¥600.00" in page
    tree = planner.get("/hub/campaigns").text
    assert tree.index("冬季") < tree.index("双十一")
    assert "depth1" in tree
    # Emptied fields are unset; the brand's own target goes with its row.
    child = re.findall(r"/hub/campaigns/(cmp_\w+)", tree)[1]
    form = planner.get(f"/hub/campaigns/{child}/change").text
    assert 'value="600.00"' in form
    kept = below | {"target_paid": "", "target_sessions": "5"}
    assert planner.post(f"/hub/campaigns/{child}/change", **kept, brand_ids=[brand]).status_code == 303
    with stage.database.transaction(HUB) as db:
        assert goals_of(db, HUB, [ids.internal("cmp", child)]) == {
            (ids.internal("cmp", child), None): Goal(sessions=5)
        }
    planner.follow()
    assert planner.post(f"/hub/campaigns/{parent}/archive").status_code == 303
    assert "It is still in use." in planner.follow().text
    planner.post(f"/hub/campaigns/{child}/archive")
    assert "Archived." in planner.follow().text


def test_a_day_of_the_trade_is_moved_left_out_and_brought_back(planner):
    planner.get("/hub/calendar?year=2027&code=xinji_fair")
    moved = {
        "code": "xinji_fair",
        "kind": "fair",
        "name": "辛集皮博会",
        "starts_on": "2027-10-10",
        "ends_on": "2027-10-13",
    }
    planner.post("/hub/calendar", **moved)
    page = planner.follow().text
    assert "moved by the hub" in page
    assert "10-10" in page
    planner.post("/hub/calendar/2027/xinji_fair/restore")
    assert "moved by the hub" not in planner.follow().text
    planner.post("/hub/calendar/2027/double_twelve/hide")
    assert "left out" in planner.follow().text
    assert planner.post("/hub/calendar/2027/no_such/hide").status_code == 404
    assert planner.post("/hub/calendar/99999/double_twelve/hide").status_code == 404
    planner.get("/hub/calendar")
    planner.post("/hub/calendar", name="周年庆", kind="own", starts_on="2027-05-05", ends_on="2027-05-04")
    assert "It ends before it starts." in planner.page.text
    planner.post("/hub/calendar", name="周年庆", kind="own", starts_on="2027-05-05", ends_on="2027-05-06")
    page = planner.follow().text
    remove = re.search(r"/hub/calendar/days/\w+/remove", page)[0]
    planner.post(remove)
    assert "周年庆" not in planner.get("/hub/calendar?year=2027").text


def test_a_free_place_leads_to_a_booking_form_that_is_filled_in(planner, stage):
    on = (stage.now().astimezone(ZONE) + timedelta(days=2)).date()
    host, brand = ids.public("hst", stage.in_house.id), ids.public("brd", stage.brand.id)
    query = f"from_day={on}&to_day={on}&minutes=120&host_ids={host}&brand_ids={brand}"
    page = planner.get(f"/hub/slots?{query}").text
    assert "prime time" in page
    assert "new to this brand" in page
    where = unescape(re.search(r'href="(/hub/sessions/new\?[^"]+)"', page)[1])
    assert "starts=19:00" in where.replace("%3A", ":")
    form = planner.get(where).text
    assert f'value="{host}" selected' in form
    assert re.search(rf'value="{brand}" checked', form)
    assert 'value="21:00"' in form
    assert planner.get("/hub/slots?from_day=2026-01-01&to_day=2025-01-01&minutes=60").status_code == 422
    assert planner.get("/hub/slots?from_day=x&to_day=2025-01-01&minutes=1e9").status_code == 422


def test_free_places_of_the_next_days_stand_there_before_anything_is_asked(planner, stage):
    page = planner.get(f"/hub/slots?host_ids={ids.public('hst', stage.in_house.id)}").text
    assert "/hub/sessions/new?" in page
    assert 'name="minutes"' in page


def test_prime_time_is_the_hubs_to_set(planner):
    planner.get("/hub/slots")
    assert planner.post("/hub/slots/prime", since="20:30", until="01:00").status_code == 303
    assert "20:30–01:00" in planner.follow().text
    assert planner.post("/hub/slots/prime", since="late", until="01:00").status_code == 422


def test_a_wish_waits_is_held_a_place_and_takes_it(planner, stage):
    standing = stage.book(participants=[{"host_id": stage.independent.id}], channels=[{"platform": "douyin"}])
    starts_at = standing.starts_at.astimezone(ZONE)
    planner.get("/hub/waiting/new")
    wish = {
        "title": "候补专场",
        "minutes": "180",
        "platform": "douyin",
        "brand_ids": [ids.public("brd", stage.brand.id)],
        "host_ids": [ids.public("hst", stage.in_house.id)],
        "studio_ids": [ids.public("std", stage.studio.id)],
        "windows__0__day": starts_at.date().isoformat(),
        "windows__0__from": f"{starts_at:%H:%M}",
        "windows__0__to": f"{standing.ends_at.astimezone(ZONE):%H:%M}",
    }
    bad = planner.post("/hub/waiting/new", **wish | {"windows__0__from": "x"})
    assert "Must be a time such as 20:00." in bad.text
    assert planner.post("/hub/waiting/new", **wish).status_code == 303
    assert sweep(stage.database) == 0
    assert "候补专场" in planner.follow().text
    stage.act(closing.cancel, standing.id, code="brand_request")
    assert sweep(stage.database) == 1
    page = planner.get("/hub/waiting").text
    take = re.search(r"/hub/waiting/wai_\w+/take", page)[0]
    assert planner.post(take).headers["Location"].startswith("/hub/sessions/ses_")
    assert "Booked. Offer it next" in planner.follow().text
    planner.post(take.replace("take", "pass"))
    assert "Its state does not allow that." in planner.follow().text
    assert planner.post(take.replace("take", "eat")).status_code == 422


def test_a_viewer_looks_and_changes_nothing(app, database, stage):
    viewer = visitor_as(app, database, "hub", hub_role="viewer")
    for path in ("/hub/campaigns", "/hub/calendar", "/hub/slots", "/hub/waiting"):
        page = viewer.get(path)
        assert page.status_code == 200
        assert "/new" not in page.text
    assert viewer.get("/hub/campaigns/new").status_code == 403
    assert viewer.get("/hub/waiting/new").status_code == 403
    assert viewer.post("/hub/slots/prime", since="20:00", until="21:00").status_code == 403
