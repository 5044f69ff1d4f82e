"""If-Match on what changes no version itself: a test, a replay, a new secret, a delivery sent again."""

from sqlalchemy import text

from campaign.kit.actor import SYSTEM
from tests.http.test_api_webhooks import added, delivery_of


def test_what_is_put_in_line_is_guarded_against_stale_reading(call, database, mine):
    made = added(call, mine)
    path = f"/webhook-endpoints/{made['id']}"
    delivery_of(database, made, "delivered")
    assert call(mine, "PATCH", path, json={"description": "a"}).headers["ETag"] == '"v2"'
    since = {"since": made["created_at"]}
    for verb, given in (("test", {}), ("replay", {"json": since})):
        for stale in ('"v1"', '"nonsense"'):
            refused = call(mine, "POST", f"{path}/{verb}", headers={"If-Match": stale}, **given)
            assert (refused.status_code, refused.json["code"]) == (412, "stale")
    with database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT count(*) FROM outbox_event")).scalar_one() == 0
        assert db.scalars(text("SELECT state FROM webhook_delivery")).all() == ["delivered"]
    for verb, given in (("test", {}), ("replay", {"json": since})):
        done = call(mine, "POST", f"{path}/{verb}", headers={"If-Match": '"v2"'}, **given)
        assert done.status_code == 202


def test_rotation_gives_the_tag_that_the_next_change_is_guarded_with(call, mine):
    made = added(call, mine)
    path = f"/webhook-endpoints/{made['id']}"
    rotated = call(mine, "POST", f"{path}/rotate-secret", headers={"If-Match": '"v1"'})
    assert (rotated.status_code, rotated.headers["ETag"]) == (200, '"v2"')
    tag = {"If-Match": rotated.headers["ETag"]}
    assert call(mine, "PATCH", path, json={"description": "a"}, headers=tag).status_code == 200
    assert call(mine, "POST", f"{path}/rotate-secret", headers=tag).status_code == 412


def test_an_endpoints_tag_is_another_with_its_health_which_stands_in_no_changes_way(call, database, mine):
    made = added(call, mine)
    path = f"/webhook-endpoints/{made['id']}"

    def tag() -> str:
        first, second = (call(mine, "GET", path).headers["ETag"] for _ in range(2))
        assert first == second
        return first

    tags = [tag()]
    for change in (
        "last_success_at = now()",
        "failing_since = now()",
        "paused_until = now() + interval '1 minute'",
    ):
        with database.transaction(SYSTEM) as db:
            db.execute(text(f"UPDATE webhook_endpoint SET {change}"))
        tags.append(tag())
    assert len(set(tags)) == 4
    # Read before it failed, changed after: what was set is what was read.
    changed = call(mine, "PATCH", path, json={"description": "a"}, headers={"If-Match": tags[1]})
    assert (changed.status_code, changed.headers["ETag"]) == (200, tag())
    for stale in tags:
        refused = call(mine, "PATCH", path, json={"description": "b"}, headers={"If-Match": stale})
        assert refused.status_code == 412


def test_a_delivery_is_sent_again_only_as_it_was_read(call, database, mine):
    delivery = delivery_of(database, added(call, mine))
    path = f"/webhook-deliveries/{delivery}"

    def tag() -> str:
        first, second = (call(mine, "GET", path).headers["ETag"] for _ in range(2))
        assert first == second
        return first

    tags = [tag()]
    for change in (
        "state = 'pending', attempts = 2",
        "state = 'held'",
        "updated_at = now() + interval '1 ms'",
    ):
        with database.transaction(SYSTEM) as db:
            db.execute(text(f"UPDATE webhook_delivery SET {change}"))
        tags.append(tag())
    assert len(set(tags)) == len(tags)
    for stale in {*tags[:-1], '"v1"'}:
        refused = call(mine, "POST", f"{path}/resend", headers={"If-Match": stale})
        assert (refused.status_code, refused.json["code"]) == (412, "stale")
    assert (call(mine, "GET", path).json["sent_again_at"], tag()) == (None, tags[-1])
    again = call(mine, "POST", f"{path}/resend", headers={"If-Match": tags[-1]})
    assert (again.status_code, again.headers["ETag"]) == (202, tag())
    assert again.headers["ETag"] != tags[-1]
    assert (
        call(mine, "POST", f"{path}/resend", headers={"If-Match": again.headers["ETag"]}).status_code == 202
    )
