"""Hand-overs by the API and on the session's page: one press, set right, taken back, drawn beneath the curve."""

import re
from datetime import datetime, timedelta

import pytest

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.ids import public
from campaign.kit.instants import parse, written
from campaign.parties.models import Host
from campaign.web.show import to_the_second
from tests.db.test_handovers import HOUR, MIN, Show, at
from tests.factory import HUB

SECOND = timedelta(seconds=1)


@pytest.fixture
def show(stage):
    return Show(stage)


def path(show, *more):
    return "/".join((f"/sessions/{public('ses', show.id)}/handovers", *more))


def test_it_is_made_read_moved_and_taken_back_by_the_api(call, show):
    came = {"host_id": public("hst", show.second.id)}
    with at(show.stage, show.starts + HOUR):
        made = call(HUB, "POST", path(show), json=came, headers={"If-Match": '"v1"'})
        assert made.status_code == 412
        made = call(HUB, "POST", path(show), json=came)
        assert (made.status_code, made.headers["ETag"]) == (201, '"v1"')
        mark = made.json
        assert made.headers["Location"] == f"/api/v1{path(show, mark['id'])}"
        assert parse(mark["at"]) == show.starts + HOUR
        assert (mark["left_name"], mark["came_name"], mark["planned"]) == ("小棠", "小满", True)
        assert call(HUB, "GET", path(show, mark["id"])).json == mark
        assert call(HUB, "POST", path(show), json=came).json == mark
        people = call(HUB, "GET", f"/sessions/{public('ses', show.id)}").json["participants"]
        assert [(one["from"], one["to"]) for one in people] == [
            (written(show.starts), mark["at"]),
            (mark["at"], written(show.ends)),
        ]
        moved = {"at": written(show.starts + HOUR - MIN), "reason": "按晚了"}
        stale = call(HUB, "PATCH", path(show, mark["id"]), json=moved, headers={"If-Match": '"v2"'})
        assert stale.status_code == 412
        done = call(HUB, "PATCH", path(show, mark["id"]), json=moved, headers={"If-Match": '"v1"'})
        assert (done.status_code, done.headers["ETag"], done.json["at"]) == (200, '"v2"', moved["at"])
        bad = call(HUB, "PATCH", path(show, mark["id"]), json={"at": written(show.starts - HOUR)})
        assert (bad.status_code, bad.json["errors"][0]["code"]) == (422, "not_on_air_then")
        gone = call(HUB, "POST", path(show, mark["id"], "withdraw"), json={})
        assert (gone.status_code, gone.json["withdrawn_by"]) == (200, HUB.name)
        listed = call(HUB, "GET", path(show)).json
        assert listed == {"items": [gone.json], "next_cursor": None}
        since = written(show.starts + 2 * HOUR)
        assert call(HUB, "GET", path(show), query_string={"updated_since": since}).json["items"] == []
        assert call(HUB, "PATCH", path(show, mark["id"]), json=moved).json["code"] == "handover_withdrawn"


def test_not_on_air_is_409_and_who_is_not_there_404(call, show, stage):
    planned = stage.book(starts_at=show.ends + 5 * HOUR, participants=[{"host_id": show.third.id}])
    body = {"host_id": public("hst", show.first.id)}
    refused = call(HUB, "POST", f"/sessions/{public('ses', planned.id)}/handovers", json=body)
    assert (refused.status_code, refused.json["code"]) == (409, "wrong_state")
    with at(stage, show.starts + HOUR):
        mark = call(HUB, "POST", path(show), json={"host_id": public("hst", show.second.id)}).json
        # Of another session it is not there.
        other = f"/sessions/{public('ses', planned.id)}/handovers/{mark['id']}"
        assert call(HUB, "GET", other).status_code == 404
        assert call(HUB, "PATCH", other, json={"at": mark["at"]}).status_code in (404, 409)
    viewer = Actor(kind="user", role="hub", id=5, name="v", hub_role="viewer")
    assert call(viewer, "POST", path(show), json=body).status_code == 403
    assert call(viewer, "GET", path(show, mark["id"])).status_code == 200
    brand = Actor(kind="user", role="brand", id=6, name="b", brand_id=stage.brand.id)
    seen = call(brand, "GET", path(show, mark["id"])).json
    assert (seen["came_name"], seen["made_by"]) == ("小满", "")
    stranger = Actor(kind="user", role="brand", id=7, name="s", brand_id=stage.make.brand().id)
    assert call(stranger, "GET", path(show, mark["id"])).status_code == 404
    assert call(stranger, "GET", path(show)).status_code == 404


def test_the_page_has_a_button_a_host_and_the_mark_beneath_the_curve(show, planner):
    show.sell(show.starts + 10 * MIN, show.starts + 90 * MIN)
    page = f"/hub/sessions/{public('ses', show.id)}"
    with at(show.stage, show.starts + HOUR):
        text = planner.get(page).text
        panel = re.search(r'<section class="panel" id="handover">.*?</section>', text, re.S)[0]
        fields = dict(re.findall(r'name="(left|host)" value="([^"]+)"', panel))
        assert fields == {"left": public("hst", show.first.id), "host": public("hst", show.second.id)}
        assert public("hst", show.third.id) in panel
        pressed = planner.post(f"{page}/handovers", **fields)
        assert (pressed.status_code, pressed.headers["Location"]) == (303, f"{page}#handover")
        text = planner.get(page).text
        assert "小棠 → <b>小满</b>" in text
        assert len(re.findall(r'<line class="turn"[^>]*><title>小棠 → 小满</title>', text)) == 1
        # The button that was drawn before is refused in words; nothing moves.
        again = planner.post(f"{page}/handovers", **fields | {"host": public("hst", show.third.id)})
        assert again.status_code == 303
        assert "That host is not on any more. Look who is." in planner.get(page).text
        (mark,) = show.marks()
        form = f"{page}/handovers/{public('hov', mark.id)}"
        assert f'action="{form}/move"' in text
        shown = re.search(r'name="at" type="datetime-local" step="1" value="([^"]+)"', text)[1]
        wall = datetime.fromisoformat(shown)
        planner.post(f"{form}/move", at=(wall - 30 * SECOND).isoformat(), reason="按晚了")
        assert show.marks()[0].at == mark.at - 30 * SECOND
        planner.get(page)
        assert planner.post(f"{form}/move", at="nonsense").status_code == 303
        planner.get(page)
        planner.post(f"{form}/withdraw", reason="没换")
        assert not show.marks()[0].stands
        text = planner.get(page).text
        assert "Taken back" in text
        assert '<line class="turn"' not in text


def entries(page):
    """The history as it is read, newest first."""
    listed = re.search(r"<h2>(?:History|历史)</h2>(.*?)</section>", page.text, re.S)[1]
    return [" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in listed.split("<li>")[1:]]


@pytest.mark.parametrize(
    ("language", "made", "moved", "back"),
    [
        ("en", "XiaoTang → 小满 at {}", "XiaoTang → 小满 at {} instead of {}", "XiaoTang → 小满 at {}"),
        ("zh_CN", "{} 小棠 → 小满", "小棠 → 小满，由 {1} 改为 {0}", "{} 小棠 → 小满"),
    ],
)
def test_the_history_says_who_handed_over_to_whom_and_when(
    show, page, app, database, language, made, moved, back
):
    """It said "Handed over", and when that was pressed."""
    with database.transaction(HUB) as db:
        db.get_one(Host, show.first.id).name_en = "XiaoTang"
    tapped, mended = show.starts + HOUR, show.starts + HOUR - 90 * SECOND
    mark = show.hand(tapped, show.second)
    show.move(mark, mended, reason="按晚了")
    show.withdraw(mark)
    with at(show.stage, show.ends):
        last, before, first = entries(
            page(HUB, f"/hub/sessions/{public('ses', show.id)}", language=language)
        )[:3]
    with app.test_request_context():
        was, now = to_the_second(tapped), to_the_second(mended)
    assert made.format(was) in first
    assert moved.format(now, was) in before
    assert back.format(now) in last
    # A reason is that of the entry it was given with.
    assert [("按晚了" in one) for one in (first, before, last)] == [False, True, False]


def test_the_api_names_the_mark_and_the_hosts_of_a_step_by_their_public_ids(show, call):
    tapped = show.starts + HOUR
    mark = show.hand(tapped, show.second)
    (step,) = (
        one
        for one in call(HUB, "GET", f"/sessions/{public('ses', show.id)}/history").json["items"]
        if one["verb"] == "hand_over"
    )
    assert step["detail"] == {
        "handover": public("hov", mark.id),
        "left": public("hst", show.first.id),
        "came": public("hst", show.second.id),
        "at": written(tapped),
    }


def test_afterwards_it_stands_beneath_the_whole_curve_for_hub_and_brand(show, planner, client, database):
    from campaign.live import running
    from tests.factory import keyed

    show.stage.make.shop(brand=show.stage.brand, external_id="4001")
    show.sell(show.starts + 10 * MIN, show.starts + 100 * MIN)
    show.hand(show.starts + HOUR, show.second)
    with at(show.stage, show.ends):
        show.stage.act(running.end, show.id)
    with clock.travel(timedelta()):
        text = planner.get(f"/hub/sessions/{public('ses', show.id)}").text
    assert "小棠 → 小满" in re.search(r'data-turns="([^"]+)"', text)[1]
    assert '<line class="turn"' in text
    brand = Actor(kind="user", role="brand", id=6, name="b", brand_id=show.stage.brand.id)
    headers = {"Authorization": f"Bearer {keyed(database, brand)}"}
    text = client.get(f"/brand/sessions/{public('ses', show.id)}", headers=headers).text
    assert '<line class="turn"' in text
    assert 'id="handover"' not in text


def test_where_the_plans_hour_has_passed_it_can_be_said_that_the_first_was_still_on(show, planner):
    late = show.turn + 5 * MIN
    page = f"/hub/sessions/{public('ses', show.id)}"
    with at(show.stage, late):
        text = planner.get(page).text
        panel = re.search(r'<section class="panel" id="handover">.*?</section>', text, re.S)[0]
        assert "By the plan 小棠 has gone. Still on until now?" in panel
        forms = re.findall(
            r'name="left" value="([^"]+)"><input type="hidden" name="host" value="([^"]+)"', panel
        )
        wanted = (public("hst", show.first.id), public("hst", show.second.id))
        assert wanted in forms
        planner.post(f"{page}/handovers", left=wanted[0], host=wanted[1])
        panel = planner.get(page).text
        assert "By the plan" not in panel
    assert show.shifts() == [(show.first.id, show.starts, late), (show.second.id, late, show.ends)]


def test_the_door_has_the_button_too(show, client, stage):
    from campaign.live.links import door_token
    from tests.factory import SECRET_KEY

    with at(stage, show.starts + HOUR):
        text = client.get(f"/door/{door_token(SECRET_KEY, stage.studio)}").text
    found = re.search(r'/hand_over".*?</form>', text, re.S)[0]
    assert public("hst", show.second.id) in found
