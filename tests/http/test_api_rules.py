"""Availability, closures, rules, rivals and exclusivity over the API."""

from datetime import timedelta

import pytest

from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.instants import written
from tests.factory import HUB
from tests.schedule_kit import Stage

VIEWER = Actor(kind="user", role="hub", hub_role="viewer", id=3, name="viewer")
SCHEDULER = Actor(kind="user", role="hub", hub_role="scheduler", id=4, name="scheduler")


@pytest.fixture
def stage(make) -> Stage:
    return Stage(make)


def windows(stage, **changes):
    starts_at = stage.given().starts_at
    return {
        "weekly": [{"weekday": 1, "from": "18:00", "to": "02:00"}],
        "exceptions": [
            {
                "starts_at": written(starts_at),
                "ends_at": written(starts_at + timedelta(days=2)),
                "reason": "年假",
            }
        ],
    } | changes


def test_an_agency_keeps_its_hosts_times_and_hears_of_clashes_it_may_see(call, stage):
    session = stage.book()
    host = f"/hosts/{ids.public('hst', stage.signed.id)}/availability"
    put = call(stage.agent, "PUT", host, json=windows(stage))
    assert put.status_code == 200
    assert put.json["weekly"] == [{"weekday": 1, "from": "18:00", "to": "02:00", "available": True}]
    assert [(one["available"], one["reason"]) for one in put.json["exceptions"]] == [(False, "年假")]
    assert put.json["clashes"] == []  # a draft is the hub's
    seen = call(HUB, "GET", host).json
    assert [(one["rule"], one["session_id"]) for one in seen["clashes"]] == [
        ("host_away", ids.public("ses", session.id))
    ]
    assert {**seen, "clashes": []} == put.json
    emptied = call(stage.agent, "PUT", host, json={})
    assert emptied.json == {"weekly": [], "exceptions": [], "clashes": []}


def test_another_agencys_host_is_as_if_absent(call, stage, make):
    stranger = make.host(agency=make.agency())
    foreign, absent = (
        (
            call(stage.agent, verb, f"/hosts/{host}/availability", **({"json": {}} if verb == "PUT" else {}))
            for verb in ("GET", "PUT")
            for host in (ids.public("hst", stranger.id),)
        ),
        [
            call(
                stage.agent,
                verb,
                "/hosts/hst_00000000000z9/availability",
                **({"json": {}} if verb == "PUT" else {}),
            )
            for verb in ("GET", "PUT")
        ],
    )
    assert [(one.status_code, one.data) for one in foreign] == [(one.status_code, one.data) for one in absent]
    assert absent[0].status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"weekly": [{"weekday": 8, "from": "10:00", "to": "12:00"}]}, "weekly.0.weekday"),
        ({"weekly": [{"weekday": 1, "from": "25:00", "to": "12:00"}]}, "weekly.0.from"),
        ({"weekly": [{"weekday": 1, "from": "9:00", "to": "12:00"}]}, "weekly.0.from"),
        ({"weekly": [{"weekday": True, "from": "10:00", "to": "12:00"}]}, "weekly.0.weekday"),
        (
            {"exceptions": [{"starts_at": "2026-12-02T00:00:00Z", "ends_at": "2026-12-01T00:00:00Z"}]},
            "exceptions.0.ends_at",
        ),
        (
            {"exceptions": [{"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2027-12-01T00:00:00Z"}]},
            "exceptions.0.ends_at",
        ),
        (
            {"exceptions": [{"starts_at": "2026-12-02", "ends_at": "2026-12-03T00:00:00Z"}]},
            "exceptions.0.starts_at",
        ),
        (
            {
                "exceptions": [
                    {"starts_at": "2026-12-02T00:00:00Z", "ends_at": "2026-12-03T00:00:00Z", "reason": "\x00"}
                ]
            },
            "exceptions.0.reason",
        ),
        ({"leave": []}, "leave"),
    ],
)
def test_windows_out_of_shape_are_named_and_nothing_is_kept(call, stage, body, field):
    path = f"/hosts/{ids.public('hst', stage.signed.id)}/availability"
    call(HUB, "PUT", path, json=windows(stage))
    answer = call(HUB, "PUT", path, json=windows(stage) | body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json["errors"]] == [field]
    assert len(call(HUB, "GET", path).json["weekly"]) == 1


def test_closures_of_studio_and_hub_stand_in_the_way(call, stage):
    studio = f"/studios/{ids.public('std', stage.studio.id)}/closures"
    put = call(HUB, "PUT", studio, json=windows(stage))
    assert put.json["weekly"] == [{"weekday": 1, "from": "18:00", "to": "02:00", "available": False}]
    body = {
        "title": "专场",
        "studio_id": ids.public("std", stage.studio.id),
        "brand_ids": [ids.public("brd", stage.brand.id)],
        "starts_at": written(stage.given().starts_at),
        "ends_at": written(stage.given().ends_at),
        "channels": [{"platform": "douyin"}],
        "participants": [{"host_id": ids.public("hst", stage.in_house.id)}],
    }
    found = call(HUB, "POST", "/sessions/check", json=body).json
    assert found["ok"] is False
    assert [one["rule"] for one in found["conflicts"]] == ["studio_closed"]
    assert found["conflicts"][0]["message"].startswith("直播间 A 在 ")
    booked = call(HUB, "POST", "/sessions", json=body)
    assert (booked.status_code, booked.json["code"]) == (409, "conflict")
    call(HUB, "PUT", studio, json={})
    call(HUB, "PUT", "/hub/closures", json=windows(stage, weekly=[]))
    booked = call(HUB, "POST", "/sessions", json=body)
    assert (booked.status_code, booked.json["code"]) == (409, "needs_override")
    booked = call(HUB, "POST", "/sessions", json=body | {"override": {"reason": "加场"}})
    assert booked.status_code == 201
    assert [(one["rule"], one["reason"]) for one in booked.json["warnings"]] == [("hub_closed", "加场")]


def test_rules_are_read_by_all_of_the_hub_and_set_by_managers(call):
    standing = call(VIEWER, "GET", "/hub/rules")
    assert (standing.json["break_minutes"], standing.json["levels"]["host_away"]) == (30, "hard")
    assert call(SCHEDULER, "PUT", "/hub/rules", json={}).status_code == 403
    changed = {"break_minutes": 20, "levels": {"host_away": "soft", "same_sku": "off"}}
    put = call(HUB, "PUT", "/hub/rules", json=changed, headers={"If-Match": standing.headers["ETag"]})
    assert (put.json["break_minutes"], put.json["levels"]["same_sku"]) == (20, "off")
    stale = call(HUB, "PUT", "/hub/rules", json={}, headers={"If-Match": standing.headers["ETag"]})
    assert stale.status_code == 412
    for levels in ({"studio_overlap": "off"}, {"nonsense": "off"}, {"rest": "loud"}):
        assert call(HUB, "PUT", "/hub/rules", json={"levels": levels}).status_code == 422
    back = call(HUB, "PUT", "/hub/rules", json={})
    assert back.json | {"rev": 0} == standing.json | {"rev": 0}


def test_rivals_and_promises_are_kept_and_checked(call, stage, make):
    brand, other = (ids.public("brd", one.id) for one in (stage.brand, make.brand()))
    groups = {"items": [{"name": "皮衣", "brand_ids": sorted([brand, other])}]}
    assert call(HUB, "PUT", "/hub/rival-brands", json=groups).json == groups
    assert call(VIEWER, "GET", "/hub/rival-brands").json == groups
    for wrong in (
        [groups["items"][0]] * 2,
        [{"name": "x", "brand_ids": ["brd_00000000000z9"]}],
        [{"name": "x", "brand_ids": [brand, brand]}],
    ):
        assert call(HUB, "PUT", "/hub/rival-brands", json={"items": wrong}).status_code == 422
    path = f"/hosts/{ids.public('hst', stage.signed.id)}/exclusivity"
    promise = {"brand_id": brand, "scope": "rivals", "starts_on": "2026-11-01", "ends_on": None}
    assert call(HUB, "PUT", path, json={"items": [promise]}).json == {"items": [promise]}
    assert call(HUB, "PUT", path, json={"items": [promise, promise]}).status_code == 422
    assert call(stage.agent, "GET", path).status_code == 403
