"""Booking, changing and answering by plain forms, as a browser without scripts does."""

import re
from datetime import timedelta
from html import unescape
from zoneinfo import ZoneInfo

from sqlalchemy import text

from campaign.kit import ids
from campaign.kit.actor import SYSTEM
from campaign.live.links import card_token, door_token
from campaign.parties.models import Host, Studio
from campaign.schedule import answering, queries
from tests import zones
from tests.factory import HUB, SECRET_KEY
from tests.visitor import Visitor, visitor_as

ZONE = ZoneInfo(zones.hub_zone())


def typed(stage, **changes):
    """What a planner types to book tomorrow 20:00-23:00 with the signed host."""
    tomorrow = (stage.now().astimezone(ZONE) + timedelta(days=1)).date()
    return {
        "title": "冬季皮衣专场",
        "studio_id": ids.public("std", stage.studio.id),
        "day": tomorrow.isoformat(),
        "starts": "20:00",
        "ends": "23:00",
        "brand_ids": [ids.public("brd", stage.brand.id)],
        "channels__0__platform": "douyin",
        "channels__0__platform_account_id": ids.public("acc", stage.account.id),
        "channels__0__room_ids": "7400000000000000001, 7400000000000000002",
        "participants__0__host_id": ids.public("hst", stage.signed.id),
        "participants__0__role": "host",
        "lineup__0__product_id": ids.public("prd", stage.product.id),
        "lineup__0__live_price": "1,099.00",
    } | changes


def booked(planner, stage, **changes):
    planner.get("/hub/sessions/new")
    answer = planner.post("/hub/sessions/new", **typed(stage, **changes))
    assert answer.status_code == 303, answer.text
    where = answer.headers["Location"]
    planner.follow()
    return where


def view_of(stage, where):
    with stage.database.transaction(HUB) as db:
        return queries.get_session(db, HUB, ids.internal("ses", where.rsplit("/", 1)[1]))


def test_a_session_is_booked_by_the_form_across_midnight_with_its_line_up(planner, stage):
    where = booked(planner, stage, starts="22:00", ends="01:30")
    session = view_of(stage, where)
    assert session.state == "draft"
    assert session.ends_at - session.starts_at == timedelta(hours=3, minutes=30)
    assert session.starts_at.astimezone(ZONE).hour == 22
    assert session.channels[0].room_ids == ("7400000000000000001", "7400000000000000002")
    assert session.lineup[0].live_price_fen == 109900
    assert "Booked as a draft" in planner.page.text
    assert "¥1,099.00" in planner.page.text


def test_faults_stand_beside_their_fields_and_what_was_typed_stays(planner, stage):
    planner.get("/hub/sessions/new")
    page = planner.post(
        "/hub/sessions/new", **typed(stage, title="", starts="soon", lineup__0__live_price="cheap")
    )
    assert page.status_code == 422
    assert "Must be a time such as 20:00." in page.text
    assert "Must be an amount such as 1,299.00." in page.text
    assert 'value="cheap"' in page.text
    page = planner.post("/hub/sessions/new", **typed(stage, title=""))
    assert page.status_code == 422
    assert re.search(r'id="title"[^>]*aria-invalid="true"', page.text)


def test_a_collision_names_what_is_in_the_way_and_an_alternative_books_at_once(planner, stage):
    first = booked(planner, stage)
    planner.get("/hub/sessions/new")
    clash = typed(
        stage,
        title="第二场",
        # On the same platform the same goods so soon would want a reason.
        channels__0__platform="kuaishou",
        channels__0__platform_account_id="",
        participants__0__host_id=ids.public("hst", stage.in_house.id),
    )
    page = planner.post("/hub/sessions/new", **clash)
    assert page.status_code == 409
    assert first in page.text
    takes = [unescape(one) for one in re.findall(r'name="_take" value="([^"]+)"', page.text)]
    assert takes
    assert planner.post("/hub/sessions/new", **clash, _take=takes[0]).status_code == 303
    studio, _day, starts, _ends = takes[0].split("|")
    second = view_of(stage, planner.page.headers["Location"])
    assert ids.public("std", second.studio_id) == studio
    assert second.starts_at.astimezone(ZONE).strftime("%H:%M") == starts


def test_a_soft_rule_asks_for_a_reason_and_keeps_it(planner, stage):
    planner.get("/hub/sessions/new")
    yesterday = (stage.now().astimezone(ZONE) - timedelta(days=1)).date().isoformat()
    page = planner.post("/hub/sessions/new", **typed(stage, day=yesterday))
    assert page.status_code == 409
    assert 'name="override_reason"' in page.text
    answer = planner.post("/hub/sessions/new", **typed(stage, day=yesterday, override_reason="补录"))
    assert answer.status_code == 303
    assert "补录" in planner.follow().text


def test_more_rows_are_given_without_losing_what_was_typed(planner, stage):
    planner.get("/hub/sessions/new")
    page = planner.post("/hub/sessions/new", **typed(stage), _more="lineup")
    assert page.status_code == 200
    assert 'name="lineup.4.product_id"' in page.text
    assert 'value="1,099.00"' in page.text


def test_a_change_touches_only_what_differs_and_a_stale_form_is_refused(planner, stage):
    where = booked(planner, stage)
    before = view_of(stage, where)
    planner.get(f"{where}/change")
    again = typed(stage, starts="20:30", ends="23:30", _version=str(before.version))
    again["participants__0__was"] = again["participants__0__host_id"]
    again["participants__0__agency_id"] = ids.public("agc", stage.agency.id)
    assert planner.post(f"{where}/change", **again).status_code == 303
    after = view_of(stage, where)
    assert after.starts_at - before.starts_at == timedelta(minutes=30)
    assert [person.id for person in after.participants] == [person.id for person in before.participants]
    planner.get(f"{where}/change")
    stale = planner.post(f"{where}/change", **again | {"starts": "21:00"})
    assert stale.status_code == 412
    assert "Somebody changed it in the meantime" in stale.text


def test_offering_accepting_and_cancelling_go_by_buttons(app, planner, stage):
    where = booked(planner, stage)
    assert f"{where}/offer" in planner.page.text
    assert f"{where}/confirm" not in planner.page.text
    planner.post(f"{where}/offer", _version=str(view_of(stage, where).version))
    assert "those who must answer have been asked" in planner.follow().text.lower()
    agent = visitor_as(app, stage.database, "agency", agency_id=stage.agency.id)
    page = agent.get("/agency")
    assert "冬季皮衣专场" in page.text
    assert "1,099" not in agent.get(where.replace("/hub/", "/agency/")).text
    agent.get("/agency")
    agent.post(f"/agency/offers/{where.rsplit('/', 1)[1]}/accept")
    agent.follow()
    assert view_of(stage, where).state == "accepted"
    planner.get(where)
    planner.post(f"{where}/cancel", code="brand_request", reason="改期")
    assert view_of(stage, where).state == "cancelled"
    planner.follow()
    planner.post(f"{where}/offer")
    assert 'role="alert"' in planner.follow().text


def test_declining_needs_no_script_and_keeps_its_reason(app, planner, stage):
    where = booked(planner, stage)
    planner.post(f"{where}/offer")
    agent = visitor_as(app, stage.database, "agency", agency_id=stage.agency.id)
    agent.get("/agency")
    agent.post(f"/agency/offers/{where.rsplit('/', 1)[1]}/decline", reason="档期冲突")
    assert view_of(stage, where).state == "draft"
    assert "档期冲突" in planner.get(where).text
    assert "A host is missing" in planner.get("/hub").text


def test_the_board_shows_the_session_on_its_slots_and_the_list_for_phones(planner, stage):
    where = booked(planner, stage)
    day = typed(stage)["day"]
    page = planner.get(f"/hub/board?day={day}&rows=48").text
    assert re.search(r'class="block is-draft s168 e204 k1"[^>]*href="' + re.escape(where), page)
    assert re.search(r'class="turn s162 e168 k1"', page)
    assert page.count(where) >= 2
    assert planner.get("/hub/board?day=tomorrow").status_code == 422


def test_others_do_not_reach_the_hubs_pages_and_foreign_looks_like_absent(app, planner, stage, make):
    where = booked(planner, stage)
    planner.post(f"{where}/offer")
    number = where.rsplit("/", 1)[1]
    absent = ids.public("ses", 12345)
    strangers = [
        visitor_as(app, stage.database, "brand", brand_id=make.brand().id),
        visitor_as(app, stage.database, "agency", agency_id=make.agency().id),
    ]
    for visitor, audience in zip(strangers, ("brand", "agency"), strict=True):
        for path in ("/hub", "/hub/board", where, "/hub/imports", "/hub/parties/studios", "/hub/live"):
            assert visitor.get(path).status_code == 403, path
        foreign = visitor.get(f"/{audience}/sessions/{number}")
        missing = visitor.get(f"/{audience}/sessions/{absent}")
        assert foreign.status_code == missing.status_code == 404
        assert "冬季皮衣专场" not in foreign.text
        assert "冬季皮衣专场" not in visitor.get(f"/{audience}/sessions").text
    assert strangers[0].get("/agency").status_code == 403
    assert strangers[1].get("/brand").status_code == 403


def test_a_viewer_sees_no_buttons_and_may_not_press_them(app, planner, stage):
    where = booked(planner, stage)
    viewer = visitor_as(app, stage.database, "hub", hub_role="viewer")
    page = viewer.get(where)
    assert page.status_code == 200
    assert f"{where}/offer" not in page.text
    assert viewer.post(f"{where}/offer").status_code == 403
    assert viewer.get("/hub/sessions/new").status_code == 403


def on_now(stage, planner):
    """A confirmed session of the in-house host that starts about now."""
    where = booked(planner, stage, participants__0__host_id=ids.public("hst", stage.in_house.id))
    planner.post(f"{where}/confirm")
    number = ids.internal("ses", where.rsplit("/", 1)[1])
    with stage.database.transaction(SYSTEM) as db:
        db.execute(
            text(
                "UPDATE live_session SET starts_at = now() - interval '1 minute',"
                " ends_at = now() + interval '2 hours' WHERE id = :id"
            ),
            {"id": number},
        )
        db.execute(
            text(
                "UPDATE participant SET starts_at = now() - interval '1 minute',"
                " ends_at = now() + interval '2 hours' WHERE session_id = :id"
            ),
            {"id": number},
        )
    return where


def test_the_door_runs_the_show_by_taps_safe_to_press_twice(client, planner, stage):
    where = on_now(stage, planner)
    number = where.rsplit("/", 1)[1]
    with stage.database.transaction(SYSTEM) as db:
        link = f"/door/{door_token(SECRET_KEY, db.get(Studio, stage.studio.id))}"
    phone = Visitor(client)
    page = phone.get(link)
    assert page.status_code == 200
    assert 'data-theme="dark"' in page.text
    for _ in range(2):
        phone.get(link)
        assert phone.post(f"{link}/{number}/arrive").status_code == 303
    for _ in range(2):
        phone.get(link)
        phone.post(f"{link}/{number}/start")
        assert 'role="alert"' not in phone.follow().text
    assert view_of(stage, where).state == "live"
    phone.post(f"{link}/{number}/undo")
    phone.follow()
    assert view_of(stage, where).state == "ready"
    phone.post(f"{link}/{number}/start")
    phone.follow()
    ends_at = view_of(stage, where).ends_at
    until = re.search(r'name="until" value="([^"]+)"', phone.page.text)[1]
    for _ in range(2):
        phone.get(link)
        phone.post(f"{link}/{number}/extend", until=until)
    phone.follow()
    assert view_of(stage, where).ends_at - ends_at == timedelta(minutes=15)
    phone.post(f"{link}/{number}/end")
    phone.follow()
    assert view_of(stage, where).state == "ended"


def test_a_forged_or_foreign_door_opens_nothing(client, planner, stage):
    where = on_now(stage, planner)
    number = where.rsplit("/", 1)[1]
    with stage.database.transaction(SYSTEM) as db:
        other = door_token(SECRET_KEY, db.get(Studio, stage.other_studio.id))
        card = card_token(SECRET_KEY, db.get(Host, stage.signed.id))
    phone = Visitor(client)
    for token in ("0-1-1.forged", card, other[:-2]):
        assert phone.get(f"/door/{token}").status_code == 404
    phone.get(f"/door/{other}")
    assert phone.post(f"/door/{other}/{number}/start").status_code == 404
    assert view_of(stage, where).state == "accepted"


def test_the_hosts_card_shows_the_call_and_starts_the_show(app, client, planner, stage):
    where = on_now(stage, planner)
    number = where.rsplit("/", 1)[1]
    host = visitor_as(app, stage.database, "host", host_id=stage.in_house.id)
    host.get("/host")
    link = host.page.headers["Location"]
    phone = Visitor(client)
    page = phone.get(link).text
    assert "冬季皮衣专场" in page
    assert "¥1,099.00" in page
    phone.post(f"{link}/{number}/arrive")
    phone.follow()
    phone.post(f"{link}/{number}/start")
    assert "On air." in phone.follow().text
    assert view_of(stage, where).state == "live"


def test_an_independent_host_answers_by_the_link(client, planner, stage):
    where = booked(planner, stage, participants__0__host_id=ids.public("hst", stage.independent.id))
    planner.post(f"{where}/offer")
    person = view_of(stage, where).participants[0]
    link = f"/answer/{answering.answer_link_token(SECRET_KEY, person)}"
    assert link in unescape(planner.get(where).text)
    phone = Visitor(client)
    assert "冬季皮衣专场" in phone.get(link).text
    phone.post(f"{link}/accept")
    assert phone.follow().status_code == 200
    assert view_of(stage, where).state == "accepted"


def test_corrections_set_actual_times_right_with_a_reason(planner, stage):
    where = on_now(stage, planner)
    planner.get(where)
    planner.post(f"{where}/start")
    session = view_of(stage, where)
    assert session.state == "live"
    planner.get(f"{where}/correct")
    earlier = (session.actual_starts_at - timedelta(minutes=9)).astimezone(ZONE)
    form = {
        "state": "live",
        "studio_id": ids.public("std", session.studio_id),
        "actual_starts_at": earlier.strftime("%Y-%m-%dT%H:%M:%S"),
        "channels__0__platform": "douyin",
        "channels__0__platform_account_id": ids.public("acc", stage.account.id),
        "channels__0__room_ids": "7400000000000000001, 7400000000000000002",
        "participants__0__host_id": ids.public("hst", stage.in_house.id),
        "participants__0__was": ids.public("hst", stage.in_house.id),
        "participants__0__role": "host",
        "_version": str(session.version),
    }
    assert planner.post(f"{where}/correct", **form).status_code == 422
    assert planner.post(f"{where}/correct", **form, reason="迟点按钮").status_code == 303
    after = view_of(stage, where)
    assert session.actual_starts_at - after.actual_starts_at >= timedelta(minutes=8, seconds=59)
    assert after.start_evidence == "corrected"
