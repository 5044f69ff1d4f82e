"""What the sender does stands in the log as something that changed."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from campaign.delivery.queries import page_of_deliveries
from campaign.delivery.schemas import DeliveryQuery
from campaign.kit.actor import SYSTEM
from campaign.outbox.actions import write
from tests.factory import HUB, Factory
from tests.fakes.receiver import Receiver, raw, status
from tests.fakes.senders import add, sending, wait_until


def changed_since(database, since):
    with database.transaction(SYSTEM) as db:
        return page_of_deliveries(db, SYSTEM, DeliveryQuery(updated_since=since)).items


def test_a_failed_try_that_waits_for_the_next_is_among_what_changed_since(committed_database, settings):
    agency = Factory(committed_database).agency()
    with Receiver() as receiver:
        receiver.behave(status(500))
        add(committed_database, settings, agency.id, f"{receiver.url}/in")
        with committed_database.transaction(HUB) as db:
            write(db, "session.moved", session_id=1, agency_ids=[agency.id], data={})
        with committed_database.transaction(SYSTEM) as db:
            # After the event, before any try of it.
            since = db.execute(text("SELECT clock_timestamp()")).scalar_one()
        with sending(settings):
            receiver.wait_for(1)
            wait_until(settings.database_url, "SELECT attempts >= 1 FROM webhook_delivery", True)
    (delivery,) = changed_since(committed_database, since)
    assert (delivery.state, delivery.last_status, delivery.finished_at) == ("pending", 500, None)
    assert delivery.created_at < since < delivery.changed_at
    assert changed_since(committed_database, delivery.changed_at + timedelta(seconds=1)) == []


@pytest.mark.parametrize(
    "answer",
    [
        status(200, b'{"words":"\\ud800"} \xed\xa0\x80 \x00 \xff'),
        raw(
            b"HTTP/1.1 200 \xed\xa0\x80\xff\r\nX-\xff: \xed\xa0\x80\xff\r\nContent-Length: 2\r\n\r\n\x00\xff"
        ),
    ],
)
def test_what_no_text_can_hold_is_kept_of_an_answer_and_the_delivery_is_made_once(
    committed_database, settings, answer
):
    agency = Factory(committed_database).agency()
    with Receiver() as receiver:
        receiver.behave(answer)
        add(committed_database, settings, agency.id, f"{receiver.url}/in")
        with committed_database.transaction(HUB) as db:
            write(db, "session.moved", session_id=1, agency_ids=[agency.id], data={})
        with sending(settings):
            receiver.wait_for(1)
            wait_until(settings.database_url, "SELECT attempts FROM webhook_delivery", 1, seconds=5)
    with committed_database.transaction(SYSTEM) as db:
        kept = bytes(db.execute(text("SELECT answer FROM webhook_attempt")).scalar_one())
        state = db.execute(text("SELECT state FROM webhook_delivery")).scalar_one()
    assert (len(receiver.received), state, kept[-1:]) == (1, "delivered", b"\xff")
