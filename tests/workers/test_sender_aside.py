"""What holds up one endpoint holds up no other: very many rows, or a row that somebody holds."""

import contextlib
import time
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text

from campaign.outbox.actions import write
from tests.factory import HUB
from tests.fakes import receiver as fake
from tests.fakes.senders import add, sending, wait_until

MANY = 1500
SECONDS = 12.0
# A row takes so long to be held that all of them in one statement take longer than any statement may.
SLOW = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.03); RETURN NEW; END $$;
CREATE TRIGGER slowly BEFORE UPDATE ON webhook_delivery FOR EACH ROW
    WHEN (OLD.state = 'pending' AND NEW.state = 'held') EXECUTE FUNCTION slowly();
"""
BACKLOG = """
INSERT INTO webhook_delivery (day, endpoint_id, agency_id, event_id, position, type, state, next_at, created_at)
SELECT current_date, :endpoint, :agency, n, n, 'session.moved', 'pending', now() + interval '1 hour', now()
FROM generate_series(1000001, 1000000 + :many) n
"""


@pytest.fixture
def slow_moves(engine) -> Iterator[None]:
    with engine.begin() as owner:
        owner.execute(text(SLOW))
    yield
    with engine.begin() as owner:
        owner.execute(text("DROP FUNCTION slowly CASCADE"))


@pytest.fixture
def ill(committed_database, settings, agency, receiver):
    return add(committed_database, settings, agency.id, f"{receiver.url}/ill").endpoint


@pytest.fixture
def well(committed_database, settings, agency, receiver):
    return add(committed_database, settings, agency.id, f"{receiver.url}/well").endpoint


def tell(database, agency, count: int) -> None:
    for number in range(count):
        with database.transaction(HUB) as db:
            write(db, "session.moved", session_id=1, agency_ids=[agency.id], data={"number": number})


def delivered(endpoint) -> str:
    return f"SELECT count(*) FROM webhook_delivery WHERE state = 'delivered' AND endpoint_id = {endpoint.id}"


@contextlib.contextmanager
def held(settings, query: str) -> Iterator[None]:
    """Somebody's transaction that holds one row, until the end of the block."""
    with psycopg.connect(settings.database_url) as somebody:
        assert somebody.execute(f"{query} FOR UPDATE").fetchone() is not None
        yield
        somebody.rollback()


def test_an_endpoint_that_is_gone_with_very_many_waiting_holds_up_no_other(
    committed_database, engine, settings, agency, receiver, ill, well, slow_moves
):
    receiver.behave(fake.GONE, path="/ill")
    with engine.begin() as owner:
        owner.execute(text(BACKLOG), {"endpoint": ill.id, "agency": agency.id, "many": MANY})
    with sending(settings):
        tell(committed_database, agency, 1)
        receiver.wait_for(1, path="/ill")
        tell(committed_database, agency, 19)
        wait_until(settings.database_url, delivered(well), 20, SECONDS)
        gone = f"SELECT state FROM webhook_endpoint WHERE id = {ill.id}"
        wait_until(settings.database_url, gone, "disabled", SECONDS)
    assert len(receiver.on("/ill")) <= ill.max_in_flight


def test_who_holds_the_row_of_one_endpoint_holds_up_no_other_and_its_health_is_judged_afterwards(
    committed_database, settings, agency, receiver, ill, well
):
    receiver.behave(fake.status(500), path="/ill")
    failures = f"SELECT failures FROM webhook_endpoint WHERE id = {ill.id}"
    with sending(settings):
        with held(settings, f"SELECT 1 FROM webhook_endpoint WHERE id = {ill.id}"):
            tell(committed_database, agency, 20)
            wait_until(settings.database_url, delivered(well), 20, SECONDS)
            # Its tries are written down, and no more are made than its places, until its health is known.
            tried = f"SELECT count(*) FROM webhook_attempt WHERE endpoint_id = {ill.id}"
            wait_until(settings.database_url, tried, ill.max_in_flight, SECONDS)
            time.sleep(0.5)
            assert len(receiver.on("/ill")) == ill.max_in_flight
        wait_until(settings.database_url, f"SELECT failures >= 5 FROM ({failures}) f", True, SECONDS)
        wait_until(settings.database_url, f"{failures} AND paused_until IS NULL", None, SECONDS)


def test_a_probe_whose_endpoint_somebody_holds_waits_alone(
    committed_database, engine, settings, agency, receiver, ill, well
):
    with engine.begin() as owner:
        opened = "UPDATE webhook_endpoint SET streak = 5, failures = 5, failing_since = now() WHERE id = :id"
        owner.execute(text(opened), {"id": ill.id})
    with sending(settings):
        with held(settings, f"SELECT 1 FROM webhook_endpoint WHERE id = {ill.id}"):
            tell(committed_database, agency, 5)
            wait_until(settings.database_url, delivered(well), 5, SECONDS)
            assert receiver.on("/ill") == []
        wait_until(settings.database_url, delivered(ill), 5, SECONDS)


def test_who_holds_one_delivery_holds_up_no_other_endpoint(
    committed_database, settings, agency, receiver, ill, well
):
    receiver.behave(fake.slow(1, fake.OK), path="/ill")
    with sending(settings):
        tell(committed_database, agency, 1)
        receiver.wait_for(1, path="/ill")
        mine = f"SELECT 1 FROM webhook_delivery WHERE endpoint_id = {ill.id} AND state = 'sending'"
        with held(settings, mine):
            time.sleep(1.2)
            tell(committed_database, agency, 19)
            wait_until(settings.database_url, delivered(well), 20, SECONDS)
        wait_until(settings.database_url, delivered(ill), 20, 30)
    ids = [request.headers["webhook-id"] for request in receiver.received]
    assert len(ids) == 40


def test_who_holds_one_that_is_to_be_given_back_holds_up_no_other(
    committed_database, settings, agency, receiver, ill, well
):
    receiver.behave(fake.slow(1, fake.status(500)), path="/ill")
    waits = f"SELECT count(*) FROM webhook_delivery WHERE endpoint_id = {ill.id} AND state = 'sending'"
    last = "SELECT 1 FROM webhook_delivery WHERE event_id = (SELECT max(id) FROM outbox_event)"
    with sending(settings):
        tell(committed_database, agency, 12)
        wait_until(settings.database_url, waits, 12, SECONDS)
        with held(settings, f"{last} AND endpoint_id = {ill.id}"):
            # Five have failed, and what waits in its lane is given back.
            wait_until(settings.database_url, waits, 1, SECONDS)
            tell(committed_database, agency, 8)
            wait_until(settings.database_url, delivered(well), 20, SECONDS)
        wait_until(settings.database_url, waits, 0, SECONDS)
