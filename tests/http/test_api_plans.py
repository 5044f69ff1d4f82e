"""Plans by API: laid out, compared, refused whole with every name, released whole."""

from datetime import timedelta

import pytest

from campaign.kit.actor import Actor
from campaign.kit.ids import public
from campaign.kit.instants import written
from campaign.schedule import answering
from campaign.schedule.plans import queries
from tests.factory import HUB


@pytest.fixture
def plan(call, stage):
    first = (stage.now() + timedelta(days=1)).date()
    given = {"name": "下周", "first_day": f"{first}", "last_day": f"{first + timedelta(days=6)}"}
    answer = call(HUB, "POST", "/plans", json=given)
    assert (answer.status_code, answer.json["state"], answer.json["entries"]) == (201, "draft", [])
    assert answer.headers["Location"].endswith(answer.json["id"])
    return answer.json


def booking(stage, **changes):
    return stage.given(**changes).model_dump(mode="json", by_alias=True, exclude_unset=True)


def add(call, plan, status=201, **given):
    answer = call(HUB, "POST", f"/plans/{plan['id']}/entries", json=given)
    assert answer.status_code == status, answer.json
    return answer.json


def test_a_plan_is_laid_out_compared_and_released(call, stage, plan):
    stood = stage.act(answering.offer, stage.book(title="站着的").id)
    later = stood.starts_at + timedelta(days=1)
    change = {"starts_at": written(later), "ends_at": written(stood.ends_at + timedelta(days=1, hours=1))}
    change |= {"studio_id": public("std", stage.other_studio.id)}
    add(call, plan, kind="change", session_id=public("ses", stood.id), change=change)
    made = add(call, plan, kind="book", book=booking(stage, title="新的"))
    assert (made["rev"], made["total_entries"]) == (3, 2)
    compared = call(HUB, "GET", f"/plans/{plan['id']}/comparison").json
    assert compared["ok"]
    new, moved = compared["items"]
    assert (new["title"], [one["kind"] for one in new["differences"]]) == ("新的", ["added"])
    assert [(one["kind"], one["before"], one["after"]) for one in moved["differences"]] == [
        ("moved", written(stood.starts_at), written(later)),
        ("longer", 180, 240),
        ("studio", public("std", stage.studio.id), public("std", stage.other_studio.id)),
    ]
    stale = call(HUB, "POST", f"/plans/{plan['id']}/release", json={}, headers={"If-Match": '"v2"'})
    assert stale.status_code == 412
    done = call(HUB, "POST", f"/plans/{plan['id']}/release", json={}, headers={"If-Match": '"v3"'})
    assert (done.status_code, done.json["state"]) == (200, "released")
    assert all(entry["session_id"] for entry in done.json["entries"])
    after = call(HUB, "GET", f"/sessions/{public('ses', stood.id)}").json
    assert after["starts_at"] == written(later)
    assert call(HUB, "POST", f"/plans/{plan['id']}/release", json={}).status_code == 409


def test_a_refusal_names_every_entry_with_its_conflicts_in_words(call, stage, plan):
    stage.book()
    add(call, plan, kind="book", book=booking(stage, title="撞车"))
    add(call, plan, kind="book", book=booking(stage, title="坏的", brand_ids=[public("brd", 5)]))
    answer = call(HUB, "POST", f"/plans/{plan['id']}/release", json={}, headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.json["code"]) == (409, "plan_refused")
    clash, wrong = answer.json["entries"]
    assert (clash["title"], clash["code"], wrong["code"]) == ("撞车", "conflict", "invalid")
    assert {one["rule"] for one in clash["conflicts"]} == {
        "studio_overlap",
        "host_overlap",
        "account_overlap",
    }
    assert clash["conflicts"][0]["message"].startswith("Studio Studio is taken")  # by its English name
    assert [one["field"] for one in wrong["errors"]] == ["brand_ids.0"]
    compared = call(HUB, "GET", f"/plans/{plan['id']}/comparison").json
    assert not compared["ok"]
    assert {one["problem"] for one in compared["items"]} == {None, "invalid"}


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "book"},
        {"kind": "change", "change": {"title": "x"}},
        {"kind": "cancel", "session_id": "ses_0000000000001", "change": {"title": "x"}},
        {"kind": "cancel", "session_id": "ses_0000000000001", "cancel": {"code": "weather"}},
        {"kind": "cancel", "session_id": "ses_0000000000001", "cancel": {"code": "bored"}},
        {"kind": "change", "session_id": "ses_0000000000001", "change": {"override": {"reason": "x"}}},
    ],
)
def test_an_entry_that_cannot_be_is_refused_when_it_is_made(call, plan, given):
    answer = add(call, plan, 422, **given)
    assert answer["errors"]


def test_entries_are_replaced_caught_up_and_taken_out(call, stage, plan):
    stood = stage.book()
    cancel = {"kind": "cancel", "session_id": public("ses", stood.id), "cancel": {"code": "weather"}}
    made = add(call, plan, **cancel)
    assert add(call, plan, 409, **cancel)["code"] == "already_planned"
    path = f"/plans/{plan['id']}/entries/{made['entries'][0]['id']}"
    other = {
        "kind": "change",
        "session_id": public("ses", stood.id),
        "change": {"title": "改名"},
        "version": 1,
    }
    assert call(HUB, "PUT", path, json=other).json["entries"][0]["change"] == {"title": "改名"}
    call(HUB, "PATCH", f"/sessions/{public('ses', stood.id)}", json={"notes": "x"})
    (seen,) = call(HUB, "GET", f"/plans/{plan['id']}/comparison").json["items"]
    assert (seen["problem"], seen["differences"][0]["kind"]) == ("overtaken", "overtaken")
    assert call(HUB, "POST", f"{path}/catch-up").json["entries"][0]["version"] == 2
    (seen,) = call(HUB, "GET", f"/plans/{plan['id']}/comparison").json["items"]
    assert seen["problem"] is None
    assert call(HUB, "DELETE", path).status_code == 204
    assert call(HUB, "DELETE", path).status_code == 404
    dropped = call(HUB, "POST", f"/plans/{plan['id']}/drop")
    assert dropped.json["state"] == "dropped"
    assert [one["state"] for one in call(HUB, "GET", "/plans?state=dropped").json["items"]] == ["dropped"]
    assert call(HUB, "GET", "/plans?state=draft").json["items"] == []


def test_a_week_is_copied_and_a_long_or_upside_down_one_refused(call, stage):
    stood = stage.book(title="上周")
    day = stood.starts_at.date()
    days = {"first_day": f"{day + timedelta(days=7)}", "last_day": f"{day + timedelta(days=13)}"}
    made = call(HUB, "POST", "/plans", json={"name": "照搬", "copy_from": f"{day}"} | days)
    assert [entry["book"]["title"] for entry in made.json["entries"]] == ["上周"]
    for wrong in ({"last_day": f"{day}"}, {"last_day": "2098-01-01"}):
        assert call(HUB, "POST", "/plans", json={"name": "x"} | days | wrong).status_code == 422


def test_plans_are_nobodys_but_the_hubs(call, stage, plan):
    viewer = Actor(kind="key", role="hub", hub_role="viewer")
    assert call(viewer, "GET", f"/plans/{plan['id']}").status_code == 200
    assert call(viewer, "POST", f"/plans/{plan['id']}/drop").status_code == 403
    for path in ("/plans", f"/plans/{plan['id']}", f"/plans/{plan['id']}/comparison"):
        assert call(stage.agent, "GET", path).status_code == 403
    assert call(HUB, "GET", "/plans/pln_0000000000001").status_code == 404


def test_a_comparison_writes_nothing(committed_database):
    from campaign.schedule.plans import drafting, looking
    from campaign.schedule.plans.schemas import PlanEntryIn, PlanIn
    from tests.factory import Factory
    from tests.schedule_kit import Stage

    stage = Stage(Factory(committed_database))
    stood = stage.book()
    day = stood.starts_at.date()
    plan = stage.act(drafting.open_plan, PlanIn(name="x", first_day=day, last_day=day))
    for given in (
        {"kind": "book", "book": stage.given()},
        {"kind": "change", "session_id": stood.id, "change": {"title": "y"}},
    ):
        stage.act(drafting.put_entry, plan.id, PlanEntryIn.model_validate(given))
    with committed_database.transaction(HUB, readonly=True) as db:
        seen = looking.look(db, HUB, queries.get_plan(db, HUB, plan.id))
    assert len(seen) == 2
