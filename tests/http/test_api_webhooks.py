"""Endpoints, deliveries and events over the API: own ones only, secrets once, stale edits refused."""

import base64

import pytest
from sqlalchemy import text

from campaign.delivery import actions
from campaign.kit import ids
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.sealing import Unsealable, unseal
from tests.factory import HUB

BODY = '{"type":"session.moved","timestamp":"2026-11-23T12:00:00Z","version":1,"data":{"canary":"皮"}}'
URL = "http://127.0.0.1:9009/in"


@pytest.fixture
def theirs(make):
    return Actor(kind="key", role="agency", agency_id=make.agency().id, name="theirs")


def added(call, actor, **given):
    answer = call(actor, "POST", "/webhook-endpoints", json={"url": URL} | given)
    assert answer.status_code == 201, answer.json
    return answer.json


def delivery_of(database, endpoint, state="exhausted", event_id=1, went_to=URL) -> str:
    """A delivery as the sender would leave it, with its message and one try."""
    given = {
        "endpoint": ids.internal("whe", endpoint["id"]),
        "agency": ids.internal("agc", endpoint["agency_id"]),
        "event": event_id,
        "state": state,
    }
    with database.transaction(SYSTEM) as db:
        position = db.execute(
            text(
                "INSERT INTO webhook_message (day, event_id, agency_id, type, at, body) VALUES (current_date,"
                " :event, :agency, 'session.moved', now(), :body) RETURNING position"
            ),
            given | {"body": BODY.encode()},
        ).scalar_one()
        number = db.execute(
            text(
                "INSERT INTO webhook_delivery (day, endpoint_id, agency_id, event_id, position, type, state,"
                " next_at, attempts, created_at, last_status) VALUES (current_date, :endpoint, :agency, :event,"
                " :position, 'session.moved', :state, now(), 1, now(), 500) RETURNING id"
            ),
            given | {"position": position},
        ).scalar_one()
        db.execute(
            text(
                "INSERT INTO webhook_attempt (day, delivery_id, endpoint_id, agency_id, at, took_ms, status,"
                " answer, url) VALUES (current_date, :id, :endpoint, :agency, now(), 12, 500, :answer, :url)"
            ),
            given | {"id": number, "answer": b"<script>\xff", "url": went_to},
        )
    return ids.public("whd", number)


def test_a_new_endpoint_shows_its_secret_once(call, database, mine):
    made = added(call, mine, description="主机")
    assert made["secret"].startswith("whsec_")
    assert (made["state"], made["event_types"]) == ("active", ["*"])
    shown = call(mine, "GET", f"/webhook-endpoints/{made['id']}")
    assert shown.json == {name: value for name, value in made.items() if name != "secret"}
    assert shown.headers["ETag"] == '"v1"'
    with database.transaction(SYSTEM) as db:
        (sealed,) = db.execute(text("SELECT sealed FROM webhook_secret")).one()
    assert made["secret"].removeprefix("whsec_").encode() not in bytes(sealed)


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"url": "http://169.254.169.254/latest"}, "url", "url_address"),
        ({"url": "http://10.0.0.1/"}, "url", "url_address"),
        ({"url": "ftp://127.0.0.1/"}, "url", "url_malformed"),
        ({"url": "http://127.0.0.1:5432/"}, "url", "url_port"),
        ({"url": 1}, "url", "wrong_type"),
        ({"url": URL, "event_types": ["session.exploded"]}, "event_types", "event_type"),
        ({"url": URL, "event_types": []}, "event_types", "missing"),
        ({"url": URL, "per_second": 0}, "per_second", "number"),
        ({"url": URL, "colour": "red"}, "colour", "unknown_field"),
    ],
)
def test_a_bad_endpoint_is_refused_with_its_field(call, mine, given, field, code):
    answer = call(mine, "POST", "/webhook-endpoints", json=given)
    assert answer.status_code == 422
    assert [(fault["field"], fault["code"]) for fault in answer.json["errors"]] == [(field, code)]
    assert answer.json["errors"][0]["message"] != code


def test_the_hub_names_the_agency(call, agency):
    assert call(HUB, "POST", "/webhook-endpoints", json={"url": URL}).status_code == 422
    made = added(call, HUB, agency_id=ids.public("agc", agency.id))
    assert made["agency_id"] == ids.public("agc", agency.id)


def test_an_agency_makes_none_for_another(call, mine, theirs):
    other = ids.public("agc", theirs.agency_id)
    answer = call(mine, "POST", "/webhook-endpoints", json={"url": URL, "agency_id": other})
    assert answer.status_code == 422


def test_foreign_and_absent_look_the_same(call, database, mine, theirs):
    made = added(call, theirs)
    foreign = delivery_of(database, made)
    gone = ids.public("whe", 1)
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/test"),
        ("POST", "/rotate-secret"),
        ("POST", "/enable"),
    ):
        answers = [
            call(mine, method, f"/webhook-endpoints/{which}{path}", json={} if method == "PATCH" else None)
            for which in (made["id"], gone)
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].data == answers[1].data
    for method, path in (("GET", ""), ("POST", "/resend")):
        answers = [
            call(mine, method, f"/webhook-deliveries/{which}{path}")
            for which in (foreign, ids.public("whd", 99))
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].data == answers[1].data
    for path in ("/webhook-endpoints", "/webhook-deliveries", "/events"):
        assert call(mine, "GET", path).json["items"] == []
        assert len(call(HUB, "GET", path).json["items"]) == 1


@pytest.mark.parametrize("role", ["brand", "host", "connector"])
def test_others_are_forbidden(call, make, role):
    scope = {"brand": ("brand_id", make.brand), "host": ("host_id", make.host)}.get(role)
    actor = Actor(kind="key", role=role, **({scope[0]: scope[1]().id} if scope else {}))
    for path in ("/webhook-endpoints", "/webhook-deliveries", "/events"):
        assert call(actor, "GET", path).status_code == 403


def test_changes_are_guarded_against_stale_edits(call, mine):
    made = added(call, mine)
    path = f"/webhook-endpoints/{made['id']}"
    changed = call(mine, "PATCH", path, json={"description": "a"}, headers={"If-Match": '"v1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"v2"')
    assert (
        call(mine, "PATCH", path, json={"description": "b"}, headers={"If-Match": '"v1"'}).status_code == 412
    )
    assert call(mine, "DELETE", path, headers={"If-Match": '"v1"'}).status_code == 412
    assert call(mine, "PATCH", path, json={"description": None}).status_code == 422


def test_pausing_holds_and_enabling_sends(call, database, mine):
    made = added(call, mine)
    path = f"/webhook-endpoints/{made['id']}"
    delivery = delivery_of(database, made, "pending")
    assert call(mine, "PATCH", path, json={"state": "paused"}).json["state"] == "paused"
    assert call(mine, "GET", f"/webhook-deliveries/{delivery}").json["state"] == "held"
    for refusing in (f"{path}/test", f"/webhook-deliveries/{delivery}/resend"):
        refused = call(mine, "POST", refusing)
        assert (refused.status_code, refused.json["code"]) == (409, "endpoint_not_active")
    assert call(mine, "POST", f"{path}/enable").json["state"] == "active"
    assert call(mine, "GET", f"/webhook-deliveries/{delivery}").json["state"] == "pending"


def test_a_removed_endpoint_is_gone_and_its_deliveries_aborted(call, database, mine):
    made = added(call, mine)
    delivery = delivery_of(database, made, "pending")
    assert call(mine, "DELETE", f"/webhook-endpoints/{made['id']}").status_code == 204
    assert call(mine, "GET", f"/webhook-endpoints/{made['id']}").status_code == 404
    assert call(mine, "GET", f"/webhook-deliveries/{delivery}").json["state"] == "aborted"
    assert call(mine, "POST", f"/webhook-deliveries/{delivery}/resend").status_code == 404


def test_a_delivery_shows_its_body_and_tries_and_is_resent(call, database, mine):
    made = added(call, mine)
    delivery = delivery_of(database, made)
    shown = call(mine, "GET", f"/webhook-deliveries/{delivery}").json
    assert shown["body"]["data"] == {"canary": "皮"}
    (tried,) = shown["attempts_made"]
    assert (tried["status"], tried["answer"], tried["url"]) == (500, "<script>\ufffd", URL)
    moved = call(mine, "PATCH", f"/webhook-endpoints/{made['id']}", json={"url": f"{URL}/moved"})
    assert moved.status_code == 200
    shown = call(mine, "GET", f"/webhook-deliveries/{delivery}").json
    assert [one["url"] for one in shown["attempts_made"]] == [URL]
    resent = call(mine, "POST", f"/webhook-deliveries/{delivery}/resend")
    assert (resent.status_code, resent.json["state"]) == (202, "pending")
    assert resent.json["next_try_at"] is not None


def test_the_next_try_waits_for_the_pause_of_its_endpoint(call, database, mine, page):
    made = added(call, mine)
    delivery = delivery_of(database, made, state="pending")

    def told() -> tuple[str, str]:
        one = call(mine, "GET", f"/webhook-deliveries/{delivery}").json["next_try_at"]
        (listed,) = call(mine, "GET", "/webhook-deliveries").json["items"]
        return one, listed["next_try_at"]

    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE webhook_endpoint SET paused_until = '2099-01-02T03:04:05Z'"))
    assert told() == ("2099-01-02T03:04:05Z",) * 2
    for path in (f"/webhooks/{made['id']}", f"/webhooks/deliveries/{delivery}"):
        assert "01-02 11:04:05" in page(mine, path).text
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE webhook_delivery SET next_at = '2099-01-02T03:04:06Z'"))
    assert told() == ("2099-01-02T03:04:06Z",) * 2
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE webhook_delivery SET state = 'held'"))
    assert told() == (None, None)


def test_one_on_its_way_is_not_resent(call, database, mine):
    made = added(call, mine)
    delivery = delivery_of(database, made)
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE webhook_delivery SET state = 'sending', lease = 1"))
    refused = call(mine, "POST", f"/webhook-deliveries/{delivery}/resend")
    assert (refused.status_code, refused.json["code"]) == (409, "delivery_sending")


def test_the_log_is_filtered_and_paged(call, database, mine):
    first, second = added(call, mine), added(call, mine)
    for number in range(3):
        delivery_of(database, first, "delivered", event_id=number)
    delivery_of(database, second, event_id=9)

    def listed(query: str) -> list[str]:
        return [one["id"] for one in call(mine, "GET", f"/webhook-deliveries?{query}").json["items"]]

    assert len(listed("")) == 4
    assert len(listed(f"endpoint_id={first['id']}")) == 3
    assert len(listed("state=exhausted&event_type=session.moved")) == 1
    assert listed("event_type=session.ended") == []
    page = call(mine, "GET", "/webhook-deliveries?limit=3").json
    rest = call(mine, "GET", f"/webhook-deliveries?limit=3&cursor={page['next_cursor']}").json
    assert [one["id"] for one in page["items"] + rest["items"]] == listed("")
    assert call(mine, "GET", "/webhook-deliveries?state=lost").status_code == 422


def test_the_feed_goes_on_where_it_was_left(call, database, mine):
    made = added(call, mine)
    start = call(mine, "GET", "/events").json
    assert start["items"] == []
    delivery_of(database, made, event_id=7)
    page = call(mine, "GET", f"/events?after={start['next_cursor']}").json
    assert [(one["id"], one["data"]) for one in page["items"]] == [(ids.public("evt", 7), {"canary": "皮"})]
    assert call(mine, "GET", f"/events?after={page['next_cursor']}").json["items"] == []
    assert call(mine, "GET", "/events?after=abc").status_code == 422


def test_the_feed_gives_fifty_at_a_time_unless_asked_for_more(call, database, mine):
    made = added(call, mine)
    for number in range(52):
        delivery_of(database, made, event_id=number)
    assert [len(call(mine, "GET", f"/events{query}").json["items"]) for query in ("", "?limit=500")] == [
        50,
        52,
    ]
    assert call(mine, "GET", "/events?limit=501").status_code == 422


def test_the_hubs_feed_says_for_whom_each_event_was(call, database, mine, theirs):
    for event, actor in ((1, mine), (2, theirs)):
        delivery_of(database, added(call, actor), event_id=event)
    told = [(one["id"], one["agency_id"]) for one in call(HUB, "GET", "/events").json["items"]]
    assert told == [
        (ids.public("evt", event), ids.public("agc", actor.agency_id))
        for event, actor in ((1, mine), (2, theirs))
    ]
    # An agency's are all its own: what it reads is the webhook's body and its id.
    (own,) = call(mine, "GET", "/events").json["items"]
    assert set(own) == {"id", "type", "timestamp", "version", "data"}


def test_replay_puts_past_events_in_line_also_for_a_new_endpoint(call, database, mine):
    delivery_of(database, added(call, mine))
    new = added(call, mine)
    answer = call(
        mine, "POST", f"/webhook-endpoints/{new['id']}/replay", json={"since": "2026-01-01T00:00:00Z"}
    )
    assert (answer.status_code, answer.json) == (202, {"deliveries": 1})
    again = call(
        mine, "POST", f"/webhook-endpoints/{new['id']}/replay", json={"since": "2026-01-01T00:00:00Z"}
    )
    assert again.json == {"deliveries": 0}
    assert call(mine, "POST", f"/webhook-endpoints/{new['id']}/replay", json={}).status_code == 422


def test_another_address_starts_with_a_clean_slate(call, database, mine):
    """What the old one did says nothing about the new one: nobody waits out its pause."""
    made = added(call, mine)
    with database.transaction(SYSTEM) as db:
        db.execute(
            text(
                "UPDATE webhook_endpoint SET streak = 7, breaker_level = 2, failures = 7, failing_since = now(),"
                " paused_until = now() + interval '15 minutes'"
            )
        )
    where = f"/webhook-endpoints/{made['id']}"
    same = call(mine, "PATCH", where, json={"url": URL, "description": "no other"}).json
    assert same["paused_until"] is not None
    other = call(mine, "PATCH", where, json={"url": f"{URL}/2"}).json
    assert (other["paused_until"], other["failing_since"]) == (None, None)
    with database.transaction(SYSTEM) as db:
        health = db.execute(text("SELECT streak, breaker_level, failures FROM webhook_endpoint")).one()
    assert tuple(health) == (0, 0, 0)


def test_an_agency_has_so_many_endpoints_and_no_more(call, mine, theirs):
    for number in range(actions.MOST_ENDPOINTS):
        made = added(call, mine, url=f"{URL}/{number}")
    refused = call(mine, "POST", "/webhook-endpoints", json={"url": URL})
    assert (refused.status_code, refused.json["code"]) == (409, "endpoints_full")
    assert "200" in refused.json["detail"]
    added(call, theirs)
    assert call(mine, "DELETE", f"/webhook-endpoints/{made['id']}").status_code == 204
    added(call, mine)


def test_what_was_sent_again_is_among_what_changed_since(call, database, mine):
    made = added(call, mine)
    delivery = delivery_of(database, made)
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE webhook_delivery SET created_at = now() - interval '2 hours'"))
        since = db.execute(text("SELECT now() - interval '1 hour'")).scalar_one()
    query = {"updated_since": since.isoformat()}
    assert call(mine, "GET", "/webhook-deliveries", query_string=query).json["items"] == []
    again = call(mine, "POST", f"/webhook-deliveries/{delivery}/resend").json
    assert again["sent_again_at"] is not None
    found = call(mine, "GET", "/webhook-deliveries", query_string=query).json["items"]
    assert [item["id"] for item in found] == [delivery]


def test_a_test_event_goes_to_its_endpoint_alone(call, database, mine):
    made = added(call, mine)
    assert call(mine, "POST", f"/webhook-endpoints/{made['id']}/test").status_code == 202
    with database.transaction(SYSTEM) as db:
        (data,) = db.execute(text("SELECT data FROM outbox_event WHERE type = 'endpoint.test'")).one()
    assert data == {"endpoint_id": made["id"]}


def test_a_replayed_answer_shows_the_secret_again_but_keeps_it_sealed(call, database, mine):
    headers = {"Idempotency-Key": "once"}
    first = call(mine, "POST", "/webhook-endpoints", json={"url": URL}, headers=headers)
    again = call(mine, "POST", "/webhook-endpoints", json={"url": URL}, headers=headers)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.json["secret"] == again.json["secret"]
    with database.transaction(SYSTEM) as db:
        (kept,) = db.execute(text("SELECT body FROM idempotency")).one()
    assert b"whsec_" not in bytes(kept)


def test_secrets_are_sealed_at_rest(call, database, mine, settings):
    made = added(call, mine)
    with database.transaction(SYSTEM) as db:
        (kept,) = db.execute(text("SELECT sealed FROM webhook_secret")).scalars().all()
        rows = db.execute(
            text("SELECT string_agg(s::text || e::text, ' ') FROM webhook_secret s, webhook_endpoint e")
        )
        written = rows.scalar_one()
    key = base64.b64decode(made["secret"].removeprefix("whsec_"))
    for secret in (made["secret"].encode(), made["secret"].removeprefix("whsec_").encode(), key):
        assert secret not in bytes(kept)
        assert secret.hex() not in written
    assert unseal(settings.secret_key, bytes(kept), context="webhook_secret") == made["secret"]
    with pytest.raises(Unsealable):
        unseal(b"another key, of some other house", bytes(kept), context="webhook_secret")


def test_a_secret_of_ours_is_in_no_answer_or_audit_row(call, database, mine):
    made = added(call, mine)
    call(mine, "POST", f"/webhook-endpoints/{made['id']}/rotate-secret")
    with database.transaction(SYSTEM) as db:
        kept = db.execute(text("SELECT string_agg(detail::text, ' ') FROM audit_entry")).scalar_one()
    assert "whsec_" not in kept
    assert b"whsec_" not in call(mine, "GET", "/webhook-endpoints").data
