"""The hub's first screen: what is wrong, who is awaited, and the buttons that set it right."""

from datetime import timedelta

from campaign.kit import ids
from campaign.schedule import answering, queries
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
