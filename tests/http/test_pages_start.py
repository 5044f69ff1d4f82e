"""The hub's first screen: what is wrong, who is awaited, and the buttons that set it right."""

import re
from datetime import timedelta

import pytest

from campaign.kit import clock, ids
from campaign.kit.actor import SYSTEM
from campaign.live import running
from campaign.live.flagging import flag_clashes
from campaign.schedule import answering, availability, following, queries
from campaign.schedule.availability import Owner
from campaign.schedule.window_schemas import ExceptionIn
from tests.factory import HUB
from tests.visitor import visitor_as


def soon(stage, minutes):
    """A session of the in-house host that starts so many minutes from now."""
    return stage.book(
        starts_at=stage.now().replace(microsecond=0) + timedelta(minutes=minutes),
        participants=[{"host_id": stage.in_house.id}],
        override={"reason": "test"},
    )


def read(stage, view):
    with stage.database.transaction(HUB) as db:
        return queries.get_session(db, HUB, view.id)


def test_what_is_not_confirmed_is_confirmed_by_one_button(planner, stage):
    view = soon(stage, 30)
    path = f"/hub/start/{ids.public('ses', view.id)}"
    page = planner.get("/hub").text
    assert f'action="{path}/confirm"' in page
    # Nobody has to be asked, so nothing can be offered.
    assert f'action="{path}/offer"' not in page
    assert planner.post(f"{path}/confirm", _version="1").status_code == 303
    assert "Confirmed." in planner.follow().text
    assert read(stage, view).state == "accepted"


def test_who_is_awaited_arrives_by_one_button_and_twice_is_once(planner, stage):
    view = soon(stage, 30)
    stage.act(answering.confirm, view.id)
    person = ids.public("ptc", view.participants[0].id)
    path = f"/hub/start/{ids.public('ses', view.id)}/arrive/{person}"
    assert f'action="{path}"' in planner.get("/hub").text
    for _ in range(2):
        planner.post(path)
        assert 'role="alert"' not in planner.follow().text
    arrived = read(stage, view).participants[0].arrived_at
    assert arrived is not None
    assert f'action="{path}"' not in planner.page.text


def test_a_late_start_goes_live_and_its_end_is_put_off_by_buttons(planner, stage):
    view = soon(stage, -5)
    stage.act(answering.confirm, view.id)
    path = f"/hub/start/{ids.public('ses', view.id)}"
    page = planner.get("/hub").text
    assert "Should be on air" in page
    assert f'action="{path}/start"' in page
    planner.post(f"{path}/start")
    planner.follow()
    live = read(stage, view)
    assert live.state == "live"
    planner.post(f"{path}/extend", _version=str(live.version))
    assert read(stage, view).ends_at - live.ends_at == timedelta(minutes=15)
    planner.follow()
    planner.post(f"{path}/extend", _version=str(live.version))
    assert 'role="alert"' in planner.follow().text
    assert read(stage, view).ends_at - live.ends_at == timedelta(minutes=15)


def test_a_viewer_sees_what_is_wrong_and_no_buttons(app, stage):
    view = soon(stage, 30)
    viewer = visitor_as(app, stage.database, "hub", hub_role="viewer")
    page = viewer.get("/hub").text
    assert "Not confirmed yet" in page
    assert "/hub/start/" not in page
    assert viewer.post(f"/hub/start/{ids.public('ses', view.id)}/confirm").status_code == 403


MIN = timedelta(minutes=1)


def leave(stage, view, reason="年假"):
    """The signed host is away while a session of its stands."""
    given = ExceptionIn(starts_at=view.starts_at - MIN, ends_at=view.ends_at, reason=reason)
    stage.act(availability.add_exception, Owner("host", stage.signed.id), given)


def test_a_booking_in_a_leave_stands_with_what_is_wrong_until_it_is_set_right(planner, stage):
    view = stage.book()
    assert "Host on leave" not in planner.get("/hub").text
    leave(stage, view)
    page = planner.get("/hub").text
    ref = ids.public("ses", view.id)
    assert re.search(
        rf'Host on leave</span><a href="/hub/sessions/{ref}">专场</a><span class="soft">南星', page
    )
    assert f"/hub/sessions/{ref}/change" in page
    (window,) = stage.act(availability.windows_of, Owner("host", stage.signed.id))
    stage.act(availability.remove_window, Owner("host", stage.signed.id), window.id)
    assert "Host on leave" not in planner.get("/hub").text


def test_a_clash_is_told_once_and_names_who_sees_to_it(planner, stage):
    view = stage.book()
    leave(stage, view)
    stage.act(flag_clashes, actor=SYSTEM)
    page = planner.get("/hub").text
    assert "A host is on leave during a booked session" not in page  # its alert is not told beside it
    assert "<b>1</b>" in page
    planner.post(re.search(r'action="(/hub/alerts/[^"]+/acknowledge)"', page)[1])
    assert "hub tester sees to it" in planner.get("/hub").text


@pytest.fixture
def over(stage):
    """A show twelve minutes past its end, and what follows it in its studio."""
    show = soon(stage, 30)
    stage.act(answering.confirm, show.id)
    other = stage.make.host(kind="in_house", name="小满")
    follower = stage.book(
        title="后一场",
        participants=[{"host_id": other.id}],
        starts_at=show.ends_at + 45 * MIN,
        channels=[{"platform": "other"}],
    )
    stage.act(answering.confirm, follower.id)
    with clock.travel(show.starts_at - stage.now()):
        stage.act(running.go_live, show.id)
    with clock.travel(show.ends_at + 12 * MIN - stage.now()):
        yield show, follower


def test_an_overrun_shows_what_it_meets_and_one_press_makes_room(planner, stage, over):
    show, follower = over
    page = planner.get("/hub").text
    assert "Runs 12 min past its end." in page
    path = f"/hub/sessions/{ids.public('ses', show.id)}/follow/{ids.public('ses', follower.id)}"
    assert f'action="{path}/push"' in page
    assert f'action="{path}/room"' in page
    version = read(stage, follower).version
    answer = planner.post(f"{path}/push", _version=str(version), _from="start")
    assert answer.headers["Location"] == "/hub"
    assert read(stage, follower).starts_at == follower.starts_at + 15 * MIN
    assert "It meets nothing." in planner.follow().text


def test_shows_that_are_late_and_meet_nothing_cost_two_statements(stage, over, statements):
    show, follower = over
    views = [read(stage, show)]
    with statements() as alone:
        found = stage.act(following.effects_of, views)
    assert [hit.session.id for hit in found[show.id].hits] == [follower.id]
    stage.act(following.push, show.id, follower.id)
    with statements() as quiet:
        found = stage.act(following.effects_of, views)
    assert found[show.id].hits == ()
    assert len(quiet) < len(alone)


def test_a_viewer_sees_what_an_overrun_meets_and_no_buttons(app, stage, over):
    page = visitor_as(app, stage.database, "hub", hub_role="viewer").get("/hub").text
    assert "后一场" in page
    assert "/follow/" not in page
