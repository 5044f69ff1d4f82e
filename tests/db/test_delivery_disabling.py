"""An endpoint that fails for five days is switched off: what waits is held, and its agency and the hub are told."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from campaign.delivery import actions, queries, sweep
from campaign.delivery.backoff import Next
from campaign.delivery.schemas import EndpointIn
from campaign.delivery.sender.claims import claim
from campaign.delivery.sender.connection import Link
from campaign.delivery.sender.fanout import fan_out
from campaign.delivery.sender.notes import Try, note
from campaign.kit.actor import SYSTEM
from campaign.kit.outgoing import Answer
from campaign.outbox.actions import write
from tests.factory import HUB, SECRET_KEY, Factory

NO, LATER = Answer(500, None, b"no", None, 1), Answer(503, None, b"later", 60, 1)


@pytest.mark.parametrize("answer", [NO, LATER], ids=["fails", "says later"])
@pytest.mark.parametrize(("hours", "state"), [(119, "active"), (121, "disabled")])
def test_the_tenth_failure_after_five_days_switches_off(
    committed_database, database_url, answer, hours, state
):
    agency = Factory(committed_database).agency()
    with committed_database.transaction(HUB) as db:
        given = EndpointIn(url="https://hooks.agency.example/", agency_id=agency.id)
        made = actions.add_endpoint(db, HUB, given, secret_key=SECRET_KEY, allow=()).endpoint
    with committed_database.transaction(SYSTEM) as db:
        since = (
            "UPDATE webhook_endpoint SET failures = 9, failing_since = now() - make_interval(hours => :hours)"
        )
        db.execute(text(since), {"hours": hours})
    with committed_database.transaction(HUB) as db:
        for number in range(3):
            write(db, "session.moved", session_id=1, agency_ids=[agency.id], data={"n": number})

    async def fail_once() -> None:
        link = Link(database_url, "test")
        db = await link.get()
        now = datetime.now(UTC)
        await fan_out(db, now)
        (first, target), *_ = await claim(db, now=now, lease=7, held={}, since=now.date())
        await note(
            db, [Try(first, target.url, answer, Next("pending", 1, now), now)], [first.endpoint_id], now
        )
        await link.close()

    asyncio.run(fail_once())
    with committed_database.transaction(SYSTEM) as db:
        endpoint = queries.get_endpoint(db, SYSTEM, made.id)
        assert (endpoint.state, endpoint.failures) == (state, 10)
        kinds = db.execute(text("SELECT audience, kind FROM notice ORDER BY audience")).all()
        sweep.sweep(db, SYSTEM, event_days=30)
        first = db.execute(text("SELECT state FROM webhook_delivery ORDER BY id LIMIT 1")).scalar_one()
    disabled = state == "disabled"
    kind = "system.endpoint_disabled_failing"
    assert [tuple(row) for row in kinds] == ([("agency", kind), ("hub", kind)] if disabled else [])
    assert first == ("held" if disabled else "pending")
    if disabled:
        with committed_database.transaction(HUB) as db:
            again = actions.enable(db, HUB, queries.get_endpoint(db, HUB, made.id))
            assert (again.state, again.failures, again.failing_since) == ("active", 0, None)
