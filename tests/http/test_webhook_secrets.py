"""A secret that is replaced, once or several times within a day: what signs, and until when."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook, WebhookVerificationError

from campaign.kit import clock, ids
from campaign.kit.actor import SYSTEM
from campaign.kit.sealing import unseal
from campaign.kit.signing import signed_headers
from tests.http.test_api_webhooks import added

MOST = 4


@pytest.fixture
def signing(database, settings):
    """The secrets that an endpoint signs with now, as the sender reads them."""

    def read(made):
        with database.transaction(SYSTEM) as db:
            rows = db.scalars(
                text(
                    "SELECT sealed FROM webhook_secret WHERE endpoint_id = :id AND"
                    " (active_until IS NULL OR active_until > :now) ORDER BY active_until DESC NULLS FIRST"
                ),
                {"id": ids.internal("whe", made["id"]), "now": clock.now(db)},
            ).all()
        return [unseal(settings.secret_key, bytes(one), context="webhook_secret") for one in rows]

    return read


def rotate(call, made, **more):
    return call(more.pop("actor"), "POST", f"/webhook-endpoints/{made['id']}/rotate-secret", **more)


def test_a_secret_that_was_replaced_signs_along_for_its_day_however_often_another_is_made(
    call, mine, signing
):
    made = added(call, mine)
    secrets = [made["secret"]]
    for hours in (0, 1, 2):
        with clock.travel(timedelta(hours=hours)):
            answer = rotate(call, made, actor=mine)
            assert answer.status_code == 200, answer.json
            secrets.insert(0, answer.json["secret"])
            assert signing(made) == secrets
    for hours, left in ((23, secrets), (24.5, secrets[:3]), (25.5, secrets[:2]), (26.5, secrets[:1])):
        with clock.travel(timedelta(hours=hours)):
            assert signing(made) == left
    # A receiver that has any of them verifies what is sent; another does not.
    now, body = datetime.now(UTC), b'{"type":"x"}'
    headers = signed_headers(secrets, "evt_1", int(now.timestamp()), body)
    for secret in secrets:
        Webhook(secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(added(call, mine)["secret"]).verify(body, headers)


def test_more_than_four_at_a_time_are_refused_until_the_oldest_has_ended(call, mine, signing, page):
    made = added(call, mine)
    for _ in range(MOST - 1):
        assert rotate(call, made, actor=mine).status_code == 200
    before = signing(made)
    once = {"Idempotency-Key": "k"}
    refused = rotate(call, made, actor=mine, headers=once)
    assert (refused.status_code, refused.json["code"]) == (409, "secrets_full")
    assert 24 * 3600 - 60 < int(refused.headers["Retry-After"]) <= 24 * 3600
    assert signing(made) == before
    assert call(mine, "GET", f"/webhook-endpoints/{made['id']}").headers["ETag"] == f'"v{MOST}"'
    # The page says so too, and how many sign along.
    pressed = page(mine, f"/webhooks/{made['id']}/rotate-secret", {})
    assert pressed.status_code == 303
    shown = page(mine, f"/webhooks/{made['id']}").text
    assert "It signs with 4 secrets already" in shown
    assert "Replaced secrets" in shown
    assert signing(made) == before
    with clock.travel(timedelta(hours=24, seconds=1)):
        again = rotate(call, made, actor=mine, headers=once)
        assert again.status_code == 200
        assert signing(made) == [again.json["secret"], before[0]]
