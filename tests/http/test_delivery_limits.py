"""Tests, what is sent again and replays have limits of their own, for each endpoint; a paused verb is refused."""

from sqlalchemy import text

from campaign.kit import ids
from campaign.kit.actor import SYSTEM, Actor
from tests.http.test_api_webhooks import added, delivery_of


def refused(answer) -> None:
    assert (answer.status_code, answer.json["code"]) == (429, "too_often")
    assert answer.mimetype == "application/problem+json"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["Retry-After"] in answer.json["detail"]


def test_the_thirty_first_test_within_a_minute_is_429_and_of_this_endpoint_alone(call, page, mine):
    made, other = added(call, mine), added(call, mine)
    path = f"/webhook-endpoints/{made['id']}/test"
    assert [call(mine, "POST", path).status_code for _ in range(30)] == [202] * 30
    refused(call(mine, "POST", path))
    assert call(mine, "POST", f"/webhook-endpoints/{other['id']}/test").status_code == 202
    # The page's button counts with it, and says so.
    assert page(mine, f"/webhooks/{made['id']}/test", {}).status_code == 303
    assert "asked for too often" in page(mine, f"/webhooks/{made['id']}").text


def test_a_refusal_is_not_kept_under_its_key_and_what_is_answered_again_does_not_count(call, mine):
    made = added(call, mine)
    path = f"/webhook-endpoints/{made['id']}/test"
    key = {"Idempotency-Key": "once"}
    assert [call(mine, "POST", path, headers=key).status_code for _ in range(32)] == [202] * 32
    assert [call(mine, "POST", path).status_code for _ in range(30)] == [202] * 29 + [429]
    late = {"Idempotency-Key": "late"}
    for _ in range(2):
        answer = call(mine, "POST", path, headers=late)
        refused(answer)
        assert "Idempotent-Replayed" not in answer.headers


def test_what_strangers_try_counts_against_nobody(call, mine, make):
    made = added(call, mine)
    theirs = Actor(kind="key", role="agency", agency_id=make.agency().id, name="theirs")
    path = f"/webhook-endpoints/{made['id']}/test"
    assert {call(theirs, "POST", path).status_code for _ in range(32)} == {404}
    assert call(mine, "POST", path).status_code == 202


def test_the_eleventh_replay_within_a_minute_is_429(call, mine):
    made = added(call, mine)
    path, since = f"/webhook-endpoints/{made['id']}/replay", {"since": "2026-11-01T00:00:00Z"}
    assert [call(mine, "POST", path, json=since).status_code for _ in range(10)] == [202] * 10
    refused(call(mine, "POST", path, json=since))


def test_deliveries_are_sent_again_120_times_a_minute_for_an_endpoint(call, page, database, mine):
    made = added(call, mine)
    one, two = (delivery_of(database, made, event_id=number) for number in (1, 2))
    path = "/webhook-deliveries/{}/resend"
    found = [call(mine, "POST", path.format(one)).status_code for _ in range(60)]
    found += [call(mine, "POST", path.format(two)).status_code for _ in range(60)]
    assert found == [202] * 120
    refused(call(mine, "POST", path.format(one)))
    assert page(mine, f"/webhooks/deliveries/{one}/resend", {}).status_code == 303
    assert "asked for too often" in page(mine, f"/webhooks/deliveries/{one}").text


def test_the_document_tells_the_limits(client):
    paths = client.get("/api/v1/openapi.json").json["paths"]
    for path, said in (
        ("/api/v1/webhook-endpoints/{endpoint_id}/test", "30 a minute"),
        ("/api/v1/webhook-endpoints/{endpoint_id}/replay", "10 a minute and 60 an hour"),
        ("/api/v1/webhook-deliveries/{delivery_id}/resend", "120 a minute"),
    ):
        answer = paths[path]["post"]["responses"]["429"]
        assert said in answer["description"]
        assert list(answer["content"]) == ["application/problem+json"]
        assert "Retry-After" in answer["headers"]


def switched_off(database, made) -> None:
    with database.transaction(SYSTEM) as db:
        statement = text(
            "UPDATE webhook_endpoint SET state = 'disabled', disabled_reason = 'gone' WHERE id = :id"
        )
        db.execute(statement, {"id": ids.internal("whe", made["id"])})


def test_one_that_is_switched_off_is_not_paused_and_nothing_of_the_change_is_made(call, database, mine):
    made = added(call, mine, description="before")
    switched_off(database, made)
    path = f"/webhook-endpoints/{made['id']}"
    answer = call(mine, "PATCH", path, json={"state": "paused", "description": "after"})
    assert (answer.status_code, answer.json["code"]) == (409, "endpoint_disabled")
    left = call(mine, "GET", path)
    assert (left.json["state"], left.json["disabled_reason"]) == ("disabled", "gone")
    assert (left.json["description"], left.headers["ETag"]) == ("before", '"v1"')
    assert call(mine, "PATCH", path, json={"state": "active"}).json["state"] == "active"
    assert call(mine, "PATCH", path, json={"state": "paused"}).json["state"] == "paused"
    # Asked for again there is nothing to do, and that is what was asked for.
    assert call(mine, "PATCH", path, json={"state": "paused"}).json["state"] == "paused"


def test_a_page_from_before_it_was_switched_off_is_told_so(call, page, database, mine):
    made = added(call, mine)
    switched_off(database, made)
    assert page(mine, f"/webhooks/{made['id']}/pause", {}).status_code == 303
    assert "Enable it first, then pause it." in page(mine, f"/webhooks/{made['id']}").text
