"""What is changed of an endpoint holds for what the sender has in its hands already."""

import time

import pytest
from sqlalchemy import text

from campaign.delivery import actions, queries
from campaign.delivery.schemas import EndpointChange
from campaign.kit.actor import SYSTEM
from campaign.outbox.actions import write
from tests.factory import HUB
from tests.fakes import receiver as fake
from tests.fakes.senders import LEFT, add, sending, wait_until

COUNT = 10


@pytest.fixture
def busy(committed_database, settings, agency, receiver):
    """An endpoint with one place that takes half a second for each, and as many events for it as it has room for."""
    receiver.behave(fake.slow(0.5, fake.OK), path="/old")
    made = add(committed_database, settings, agency.id, f"{receiver.url}/old", max_in_flight=1)
    with committed_database.transaction(HUB) as db:
        for number in range(COUNT):
            write(db, "session.moved", session_id=1, agency_ids=[agency.id], data={"number": number})
    return made.endpoint.id


@pytest.fixture
def change(committed_database, settings, busy):
    """change(act): one action on that endpoint, as the hub, committed."""

    def made(act, **given):
        with committed_database.transaction(HUB) as db:
            act(db, HUB, queries.get_endpoint(db, HUB, busy), **given)

    return made


def test_a_paused_endpoint_gets_nothing_more_of_what_waits_in_its_lane(
    committed_database, settings, receiver, busy, change
):
    with sending(settings):
        receiver.wait_for(1, path="/old")
        change(actions.change_endpoint, given=EndpointChange(state="paused"), allow=settings.outgoing_allow)
        time.sleep(2)
        # The one under way, and perhaps the one that began while it was being paused.
        assert len(receiver.on("/old")) <= 3
        change(actions.change_endpoint, given=EndpointChange(state="active"), allow=settings.outgoing_allow)
        wait_until(settings.database_url, LEFT, 0)
    assert len(receiver.on("/old")) == COUNT


def test_what_waits_goes_to_the_new_address(committed_database, settings, receiver, busy, change):
    with sending(settings):
        receiver.wait_for(1, path="/old")
        moved = EndpointChange(url=f"{receiver.url}/new")
        change(actions.change_endpoint, given=moved, allow=settings.outgoing_allow)
        receiver.wait_for(COUNT - 3, path="/new", seconds=5)
        wait_until(settings.database_url, LEFT, 0)
    went = len(receiver.on("/old"))
    assert went <= 3
    # Each try is kept with the address that it went to, those too that were under way while it was changed.
    kept = "SELECT count(*) FROM webhook_attempt WHERE url LIKE '%/old'"
    with committed_database.transaction(SYSTEM) as db:
        assert db.execute(text(kept)).scalar_one() == went
        assert db.execute(text(kept.replace("old", "new"))).scalar_one() == COUNT - went


def test_a_removed_endpoint_gets_nothing_more(settings, receiver, busy, change):
    with sending(settings):
        receiver.wait_for(1, path="/old")
        change(actions.remove_endpoint)
        time.sleep(2)
        assert len(receiver.on("/old")) <= 3


def test_what_the_old_address_answers_does_not_disable_the_new_one(settings, receiver, busy, change):
    receiver.behave(fake.slow(1.5, fake.GONE), path="/old")
    with sending(settings):
        receiver.wait_for(1, path="/old")
        moved = EndpointChange(url=f"{receiver.url}/new")
        change(actions.change_endpoint, given=moved, allow=settings.outgoing_allow)
        receiver.wait_for(COUNT - 2, path="/new", seconds=8)
        gone = "SELECT count(*) FROM webhook_attempt WHERE status = 410"
        wait_until(settings.database_url, gone, len(receiver.on("/old")))
        wait_until(settings.database_url, "SELECT state FROM webhook_endpoint", "active")
