"""The review of a session by its page and the API, written and written anew."""

import pytest

from campaign.kit import clock, ids
from campaign.live import running
from campaign.schedule import answering, queries
from tests.factory import HUB


@pytest.fixture
def ended(stage):
    made = stage.book(participants=[{"host_id": stage.in_house.id}])
    stage.act(answering.confirm, made.id)
    with clock.travel(made.starts_at - stage.now()):
        stage.act(running.go_live, made.id)
    with clock.travel(made.ends_at - stage.now()):
        stage.act(running.end, made.id)
        yield stage.act(queries.get_session, made.id)


def test_a_review_is_written_anew_and_what_stood_is_kept(planner, stage, ended):
    path = f"/hub/sessions/{ids.public('ses', ended.id)}"
    planner.get(path)
    planner.post(f"{path}/review", went_well="开场快", _version=str(ended.version))
    page = planner.follow().text
    assert ">开场快</textarea>" in page
    first = stage.act(queries.get_session, ended.id)
    assert first.state == "reviewed"
    planner.post(f"{path}/review", went_well="开场快", to_improve="话术短些", _version=str(first.version))
    planner.follow()
    again = stage.act(queries.get_session, ended.id)
    assert (again.state, again.review_improve, again.version) == ("reviewed", "话术短些", first.version + 1)
    newest = stage.act(queries.history_of, ended.id)[0]
    assert newest.detail["before"] == {"review": "", "review_well": "开场快", "review_improve": ""}
    assert "What stood before" in planner.page.text
    planner.post(f"{path}/review", went_well="旧页", _version=str(first.version))
    assert "Somebody changed it in the meantime" in planner.follow().text
    assert stage.act(queries.get_session, ended.id) == again


def test_the_api_guards_a_review_by_its_version(call, stage, ended):
    path = f"/sessions/{ids.public('ses', ended.id)}"
    done = call(HUB, "POST", f"{path}/review", json={"review": "节奏好"})
    stamp = {"If-Match": done.headers["ETag"]}
    same = call(HUB, "POST", f"{path}/review", json={"review": "节奏好"}, headers=stamp)
    assert same.headers["ETag"] == done.headers["ETag"]  # nothing new is no new version
    newer = call(HUB, "POST", f"{path}/review", json={"review": "节奏好，下次早到"}, headers=stamp)
    assert newer.status_code == 200
    assert newer.headers["ETag"] != done.headers["ETag"]
    assert call(HUB, "POST", f"{path}/review", json={"review": "旧"}, headers=stamp).status_code == 412
