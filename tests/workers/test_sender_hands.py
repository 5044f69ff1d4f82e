"""What the sender has in its hands: not more than there is memory for, nothing twice, and noted before it stops."""

import asyncio
import contextlib
import signal
import time
from datetime import timedelta

import psycopg
import pytest

from campaign.delivery.sender import claims, fanout, lanes, process
from campaign.delivery.sender.claims import LARGEST_SIZE
from campaign.outbox.actions import write
from tests.factory import HUB
from tests.fakes import receiver as fake
from tests.fakes.senders import LEFT, add, sending, wait_until
from tests.workers.test_sender_lead import deliveries, sender_inside, tell, until


@pytest.mark.parametrize("is_left_out", [True, False])
def test_what_outlives_its_lease_in_our_hands_is_not_claimed_again(
    committed_database, settings, agency, receiver, monkeypatch, is_left_out
):
    lease = timedelta(seconds=2)
    monkeypatch.setattr(claims, "LEASE", lease)
    monkeypatch.setattr(fanout, "LEASE", lease)
    monkeypatch.setattr(process, "TOTAL_SECONDS", -1)
    if not is_left_out:
        monkeypatch.setattr(lanes.Lane, "outlived", lambda *_: [])
    add(committed_database, settings, agency.id, receiver.url, max_in_flight=1)
    receiver.behave(fake.slow(3.5, fake.OK), fake.OK)
    tell(committed_database, agency.id, 4)

    async def run() -> None:
        async with sender_inside(settings):
            await until(4, receiver)
            await asyncio.sleep(1.5)

    asyncio.run(run())
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 4
    # Otherwise the one that took long is sent again, though it was delivered.
    assert (len(receiver.received) == 4) is is_left_out
    assert [(one.state, one.attempts) for one in deliveries(committed_database)] == [("delivered", 1)] * 4


@pytest.mark.parametrize("rows", [6, 1000])
def test_large_bodies_of_many_endpoints_take_no_more_memory_than_is_set(
    committed_database, settings, agency, receiver, monkeypatch, rows
):
    endpoints, events = 5, 12
    for number in range(endpoints):
        add(committed_database, settings, agency.id, f"{receiver.url}/{number}", max_in_flight=8)
    receiver.behave(fake.slow(0.05, fake.OK))
    with committed_database.transaction(HUB) as db:
        for number in range(events):
            data = {"number": number, "text": "x" * 19_000}
            write(db, "session.moved", session_id=1, agency_ids=[agency.id], data=data)
    monkeypatch.setattr(process, "HANDS_BYTES", rows * LARGEST_SIZE)
    seen: list[int] = []
    add_one = lanes.Lane.add

    async def run() -> None:
        async with sender_inside(settings) as sender:

            def noticed(lane, claimed):
                add_one(lane, claimed)
                seen.append(sum(one.size for one in sender._lanes.values()))

            monkeypatch.setattr(lanes.Lane, "add", noticed)
            await until(endpoints * events, receiver)
            async with asyncio.timeout(10):
                while any(one.size for one in sender._lanes.values()):
                    await asyncio.sleep(0.05)

    asyncio.run(run())
    assert len(seen) >= endpoints * events
    # With room for all of them, they are all there at once.
    assert (max(seen) <= 6 * LARGEST_SIZE) is (rows == 6)
    assert len(receiver.received) == endpoints * events


@contextlib.contextmanager
def notes_held_up(settings):
    """Nobody can write down a try, until the end of the block."""
    with psycopg.connect(settings.database_url) as somebody:
        somebody.execute("LOCK TABLE webhook_attempt IN SHARE MODE")
        yield
        somebody.rollback()


def test_what_was_answered_last_is_noted_before_it_stops(committed_database, settings, agency, receiver):
    add(committed_database, settings, agency.id, receiver.url)
    receiver.behave(fake.slow(0.5, fake.OK))
    with sending(settings) as sender:
        with notes_held_up(settings):
            tell(committed_database, agency.id, 3)
            receiver.wait_for(3)
            sender.child.send_signal(signal.SIGTERM)
            time.sleep(3)
            assert sender.child.poll() is None
        assert sender.child.wait(8) == 0
    assert [(one.state, one.attempts) for one in deliveries(committed_database)] == [("delivered", 1)] * 3


def test_told_to_be_quick_it_leaves_what_it_cannot_note_to_the_next_one(
    committed_database, settings, agency, receiver
):
    add(committed_database, settings, agency.id, receiver.url)
    with sending(settings, "--drain", "0.2") as sender, notes_held_up(settings):
        tell(committed_database, agency.id)
        receiver.wait_for(1)
        assert sender.stop(6) == 0
    # At once, and not when its lease has run out.
    with sending(settings):
        wait_until(settings.database_url, LEFT, 0, seconds=15)
    assert len(receiver.received) == 2
