"""Sessions over the API: the contract of booking, conflicts, verbs, versions and scopes."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.ids import internal, public
from campaign.kit.instants import parse, written
from tests import zones
from tests.factory import HUB


@pytest.fixture
def body(stage):
    """A POST /sessions body; body(**changes)."""

    def build(**changes):
        starts_at = changes.pop("starts", stage.given().starts_at)
        values = {
            "title": "双十一专场",
            "studio_id": public("std", stage.studio.id),
            "brand_ids": [public("brd", stage.brand.id)],
            "starts_at": written(starts_at),
            "ends_at": written(starts_at + timedelta(hours=3)),
            "channels": [{"platform": "douyin", "platform_account_id": public("acc", stage.account.id)}],
            "participants": [{"host_id": public("hst", stage.signed.id)}],
            "lineup": [{"product_id": public("prd", stage.product.id), "live_price_fen": 99900}],
        }
        return values | changes

    return build


def test_a_booking_answers_201_with_the_session_its_address_and_version(call, stage, body):
    answer = call(HUB, "POST", "/sessions", json=body())
    assert answer.status_code == 201, answer.json
    made = answer.json
    assert answer.headers["Location"] == f"/api/v1/sessions/{made['id']}"
    assert answer.headers["ETag"] == '"v1"'
    assert (made["state"], made["version"], made["warnings"]) == ("draft", 1, [])
    assert (made["actual_starts_at"], made["actual_ends_at"]) == (None, None)
    (person,) = made["participants"]
    assert (person["acceptance"], person["agency_id"]) == ("not_asked", public("agc", stage.agency.id))
    assert (person["from"], person["to"]) == (made["starts_at"], made["ends_at"])
    assert made["lineup"][0]["live_price_fen"] == 99900
    assert call(HUB, "GET", f"/sessions/{made['id']}").json == made


def test_a_hard_conflict_is_409_with_conflicts_and_alternatives(call, stage, body):
    first = call(HUB, "POST", "/sessions", json=body()).json
    answer = call(HUB, "POST", "/sessions", json=body())
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert answer.json["code"] == "conflict"
    assert {conflict["rule"] for conflict in answer.json["conflicts"]} == {
        "studio_overlap",
        "host_overlap",
        "account_overlap",
    }
    conflict = next(one for one in answer.json["conflicts"] if one["rule"] == "studio_overlap")
    assert conflict["session_id"] == first["id"]
    assert conflict["resource_type"] == "studio"
    assert conflict["resource_id"] == public("std", stage.studio.id)
    assert "双十一专场" in conflict["message"]
    assert len(answer.json["alternatives"]) == 5
    assert set(answer.json["alternatives"][0]) == {"studio_id", "starts_at", "ends_at"}
    fitting = answer.json["alternatives"][0]
    again = call(HUB, "POST", "/sessions", json=body(**fitting, override={"reason": "客户指定"}))
    assert again.status_code == 201, again.json


def test_a_soft_conflict_is_409_needs_override_and_then_a_warning(call, stage, body):
    past = {"starts": stage.now() - timedelta(hours=1)}
    answer = call(HUB, "POST", "/sessions", json=body(**past))
    assert (answer.status_code, answer.json["code"]) == (409, "needs_override")
    assert [one["rule"] for one in answer.json["conflicts"]] == ["past_start"]
    made = call(HUB, "POST", "/sessions", json=body(**past, override={"reason": "补录"}))
    assert made.status_code == 201
    assert [(one["rule"], one["reason"]) for one in made.json["warnings"]] == [("past_start", "补录")]
    assert made.json["warnings"][0]["message"]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"starts_at": 1762848000}, "starts_at", "instant"),
        ({"starts_at": "2026-11-11T20:00:00"}, "starts_at", "instant"),
        ({"brand_ids": []}, "brand_ids", "missing"),
        ({"channels": []}, "channels", "missing"),
        ({"participants": []}, "participants", "missing"),
        ({"title": "  "}, "title", "missing"),
        ({"colour": "red"}, "colour", "unknown_field"),
        ({"studio_id": 7}, "studio_id", "unknown_id"),
        ({"channels": [{"platform": "radio"}]}, "channels.0.platform", "choice"),
    ],
)
def test_faults_are_422_by_field(call, body, change, field, code):
    answer = call(HUB, "POST", "/sessions", json=body(**change))
    assert answer.status_code == 422
    assert (field, code) in [(fault["field"], fault["code"]) for fault in answer.json["errors"]]


def test_an_end_before_the_start_is_422(call, stage, body):
    start = stage.given().starts_at
    answer = call(HUB, "POST", "/sessions", json=body(ends_at=written(start - timedelta(hours=1))))
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "ends_before_start")


def test_the_same_key_books_once(call, body):
    headers = {"Idempotency-Key": "book-1"}
    first = call(HUB, "POST", "/sessions", json=body(), headers=headers)
    again = call(HUB, "POST", "/sessions", json=body(), headers=headers)
    assert (first.status_code, again.status_code, again.json) == (201, 201, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "book-2"}])
def test_a_refusal_offers_alternatives_with_a_key_and_without(call, body, headers):
    call(HUB, "POST", "/sessions", json=body())
    refused = call(HUB, "POST", "/sessions", json=body(), headers=headers)
    assert refused.status_code == 409
    assert 1 <= len(refused.json["alternatives"]) <= 5


def test_patch_moves_guarded_by_if_match(call, stage, body):
    made = call(HUB, "POST", "/sessions", json=body()).json
    change = {"studio_id": public("std", stage.other_studio.id)}
    path = f"/sessions/{made['id']}"
    moved = call(HUB, "PATCH", path, json=change, headers={"If-Match": '"v1"'})
    assert (moved.status_code, moved.headers["ETag"]) == (200, '"v2"')
    assert moved.json["studio_id"] == change["studio_id"]
    step = call(HUB, "GET", f"{path}/history").json["items"][0]
    assert step["detail"] == {
        "fields": ["studio_id"],
        "before": [made["starts_at"], made["ends_at"], made["studio_id"]],
    }
    stale = call(HUB, "PATCH", path, json={"title": "x"}, headers={"If-Match": '"v1"'})
    assert (stale.status_code, stale.json["code"]) == (412, "stale")
    emptied = call(HUB, "PATCH", path, json={"title": None})
    assert emptied.status_code == 422


def test_the_way_of_a_session_through_its_verbs(call, stage, body):
    soon = stage.now() + timedelta(minutes=20)
    made = call(HUB, "POST", "/sessions", json=body(starts=soon)).json
    path = f"/sessions/{made['id']}"
    agent = stage.agent
    wrong = call(HUB, "POST", f"{path}/start")
    assert (wrong.status_code, wrong.json["code"]) == (409, "wrong_state")
    assert call(agent, "POST", f"{path}/accept").status_code == 404
    assert call(HUB, "POST", f"{path}/offer").json["state"] == "offered"
    accepted = call(agent, "POST", f"{path}/accept", json={})
    assert (accepted.status_code, accepted.json["state"]) == (200, "accepted")
    host = Actor(kind="key", role="host", id=8, name="南星", host_id=stage.signed.id)
    assert call(host, "POST", f"{path}/arrive").json["participants"][0]["arrived_at"]
    started = call(host, "POST", f"{path}/start")
    assert (started.json["state"], started.json["start_evidence"]) == ("live", "tap")
    assert call(agent, "POST", f"{path}/end").status_code == 403
    assert call(HUB, "POST", f"{path}/end").json["state"] == "ended"
    reason = {"reason": "晚点", "actual_starts_at": written(stage.now() - timedelta(minutes=1))}
    corrected = call(HUB, "POST", f"{path}/correct", json=reason)
    assert (corrected.status_code, corrected.json["start_evidence"]) == (200, "corrected")
    assert call(HUB, "POST", f"{path}/review", json={"review": "节奏好"}).json["state"] == "reviewed"
    steps = call(HUB, "GET", f"{path}/history").json["items"]
    verbs = [one["verb"] for one in steps]
    assert verbs == ["review", "correct", "end", "start", "arrive", "accept", "offer", "book"]
    (person,) = made["participants"]
    details = {one["verb"]: one["detail"] for one in steps}
    assert details["arrive"] == details["accept"] == {"participants": [person["id"]]}


def test_decline_needs_a_reason(call, stage, body):
    made = call(HUB, "POST", "/sessions", json=body()).json
    path = f"/sessions/{made['id']}"
    call(HUB, "POST", f"{path}/offer")
    assert call(stage.agent, "POST", f"{path}/decline").status_code == 422
    declined = call(stage.agent, "POST", f"{path}/decline", json={"reason": "撞档"})
    assert (declined.status_code, declined.json["state"]) == (200, "draft")
    assert call(HUB, "POST", f"{path}/cancel", json={"code": "host_unavailable"}).json["state"] == "cancelled"


def test_a_counter_is_kept_and_moves_nothing(call, stage, body):
    made = call(HUB, "POST", "/sessions", json=body()).json
    path = f"/sessions/{made['id']}"
    call(HUB, "POST", f"{path}/offer")
    proposal = {"starts_at": written(stage.given().starts_at + timedelta(hours=2)), "reason": "早班"}
    answer = call(stage.agent, "POST", f"{path}/counter", json=proposal)
    assert (answer.status_code, answer.json["state"], answer.json["starts_at"]) == (
        200,
        "offered",
        made["starts_at"],
    )


def test_what_a_role_may_not_do_is_403_and_what_is_out_of_scope_404(call, stage, body):
    made = call(HUB, "POST", "/sessions", json=body()).json
    brand = Actor(kind="key", role="brand", id=6, name="brand", brand_id=stage.brand.id)
    other = Actor(kind="key", role="brand", id=7, name="other", brand_id=stage.make.brand().id)
    assert call(brand, "POST", "/sessions", json=body()).status_code == 403
    assert call(brand, "POST", "/sessions/check", json=body()).status_code == 403
    assert call(brand, "GET", "/slots?from=2026-11-11&to=2026-11-12&minutes=60").status_code == 403
    seen = call(brand, "GET", f"/sessions/{made['id']}").json
    assert (seen["notes"], seen["participants"][0]["agency_id"]) == ("", None)
    foreign = call(other, "GET", f"/sessions/{made['id']}")
    absent = call(other, "GET", "/sessions/ses_00000000000z9")
    assert (foreign.status_code, foreign.data) == (404, absent.data)
    assert call(other, "GET", "/sessions").json == {"items": [], "next_cursor": None}


def test_the_list_takes_days_states_and_parties(call, stage, body):
    made = call(HUB, "POST", "/sessions", json=body()).json
    day = str(parse(made["starts_at"]).astimezone(ZoneInfo(zones.hub_zone())).date())

    def ids(query):
        answer = call(HUB, "GET", f"/sessions?{query}")
        assert answer.status_code == 200, answer.json
        return [item["id"] for item in answer.json["items"]]

    assert ids(f"from={day}&to={day}") == [made["id"]]
    assert ids("from=2026-01-01&to=2026-01-02") == []
    assert ids("state=draft&state=offered") == [made["id"]]
    assert ids("state=live") == []
    assert ids(f"host_id={public('hst', stage.signed.id)}&agency_id={public('agc', stage.agency.id)}") == [
        made["id"]
    ]
    assert ids(f"brand_id={public('brd', stage.brand.id)}&studio_id={public('std', stage.studio.id)}") == [
        made["id"]
    ]
    assert ids(f"updated_since={made['updated_at'].replace('+', '%2B')}") == [made["id"]]
    assert call(HUB, "GET", "/sessions?from=yesterday").status_code == 422
    assert call(HUB, "GET", "/sessions?from=2026-02-02&to=2026-01-01").status_code == 422
    assert call(HUB, "GET", "/sessions?cursor=abc").status_code == 422


def test_after_a_gap_in_seq_an_agency_is_brought_up_to_date(call, stage, body, database):
    """A receiver that had seq 1 and then 3 asks what changed since the event it had last."""
    made = call(HUB, "POST", "/sessions", json=body()).json
    quiet = call(HUB, "POST", "/sessions", json=body(starts=stage.given().starts_at + timedelta(days=2))).json
    where = f"/sessions/{made['id']}"
    for session_id in (made["id"], quiet["id"]):
        assert call(HUB, "POST", f"/sessions/{session_id}/offer").status_code == 200
    for hours in (5, 6):
        moved = {
            name: written(parse(made[name]) + timedelta(hours=hours)) for name in ("starts_at", "ends_at")
        }
        answer = call(HUB, "PATCH", where, json=moved, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.json
    with database.transaction(SYSTEM) as db:
        rows = db.execute(
            text("SELECT seq, at FROM outbox_event WHERE session_id = :id ORDER BY seq"),
            {"id": internal("ses", made["id"])},
        ).all()
    assert [row.seq for row in rows] == [1, 2, 3]
    agency = Actor(kind="key", role="agency", agency_id=stage.agency.id, name="agency")
    since = written(rows[0].at).replace("+", "%2B")
    items = call(agency, "GET", f"/sessions?updated_since={since}").json["items"]
    found = {item["id"]: item for item in items}
    assert (found[made["id"]]["version"], found[made["id"]]["starts_at"]) == (
        answer.json["version"],
        moved["starts_at"],
    )
    after_all = written(rows[-1].at + timedelta(seconds=1)).replace("+", "%2B")
    assert call(agency, "GET", f"/sessions?updated_since={after_all}").json["items"] == []


def test_slots_are_where_studio_and_host_are_free(call, stage, body):
    made = call(HUB, "POST", "/sessions", json=body()).json
    day = str(parse(made["starts_at"]).astimezone(ZoneInfo(zones.hub_zone())).date())
    query = f"from={day}&to={day}&minutes=180&studio_id={public('std', stage.studio.id)}"
    answer = call(HUB, "GET", f"/slots?{query}&host_id={public('hst', stage.signed.id)}")
    assert answer.status_code == 200
    assert all(
        slot["ends_at"] <= made["starts_at"] or slot["starts_at"] >= made["ends_at"]
        for slot in answer.json["items"]
    )


def test_check_says_what_would_conflict_and_books_nothing(call, body):
    assert call(HUB, "POST", "/sessions/check", json=body()).json == {
        "ok": True,
        "conflicts": [],
        "warnings": [],
        "alternatives": [],
    }
    call(HUB, "POST", "/sessions", json=body())
    found = call(HUB, "POST", "/sessions/check", json=body()).json
    assert (found["ok"], len(found["conflicts"]), len(found["alternatives"])) == (False, 3, 5)
    assert len(call(HUB, "GET", "/sessions").json["items"]) == 1


def test_bulk_gives_a_result_per_id(call, stage, body):
    first = call(HUB, "POST", "/sessions", json=body()).json
    later = stage.given().starts_at + timedelta(days=2)
    own = body(starts=later, participants=[{"host_id": public("hst", stage.in_house.id)}])
    second = call(HUB, "POST", "/sessions", json=own).json
    answer = call(HUB, "POST", "/sessions/bulk", json={"verb": "confirm", "ids": [first["id"], second["id"]]})
    assert answer.status_code == 200, answer.json
    results = {item["id"]: (item["ok"], item["state"], item["code"]) for item in answer.json["items"]}
    assert results == {first["id"]: (False, None, "must_be_asked"), second["id"]: (True, "accepted", None)}


def test_two_sessions_swap_studios(call, stage, body):
    first = call(HUB, "POST", "/sessions", json=body()).json
    other = body(
        studio_id=public("std", stage.other_studio.id),
        participants=[{"host_id": public("hst", stage.in_house.id)}],
        channels=[{"platform": "other"}],
    )
    second = call(HUB, "POST", "/sessions", json=other).json
    swapped = call(HUB, "POST", f"/sessions/{first['id']}/swap", json={"with": second["id"]})
    assert (swapped.status_code, swapped.json["studio_id"]) == (200, public("std", stage.other_studio.id))
    assert call(HUB, "GET", f"/sessions/{second['id']}").json["studio_id"] == public("std", stage.studio.id)
