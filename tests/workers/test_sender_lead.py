"""Several senders at once: one works, so that limits hold; and how it hands over when it is told to stop."""

import asyncio
import signal
from contextlib import AsyncExitStack, asynccontextmanager

from campaign.delivery import queries
from campaign.delivery.sender import process
from campaign.delivery.sender.process import Sender
from campaign.gate.notices import Wording
from campaign.kit.actor import SYSTEM
from campaign.outbox.actions import write
from tests.factory import HUB, Factory
from tests.fakes import receiver as fake
from tests.fakes.receiver import Receiver
from tests.fakes.senders import LEFT, add, sending, wait_until

AT_ONCE, PER_SECOND = 2, 20


def tell(database, agency_id: int, count: int = 1) -> None:
    with database.transaction(HUB) as db:
        for number in range(count):
            write(db, "session.moved", session_id=1, agency_ids=[agency_id], data={"number": number})


def deliveries(database):
    with database.transaction(SYSTEM) as db:
        return list(queries.page_of_deliveries(db, SYSTEM, queries.DeliveryQuery()).items)


@asynccontextmanager
async def sender_inside(settings):
    """One within this process, where a test may take a guard away."""
    sender = Sender(settings, Wording(settings))
    running = asyncio.create_task(sender.run())
    yield sender
    sender.stop()
    await running


async def until(count: int, receiver: Receiver) -> None:
    async with asyncio.timeout(30):
        while len(receiver.received) < count:
            await asyncio.sleep(0.02)


def send_by_two(settings, receiver: Receiver, count: int) -> float:
    """Seconds from the first request to the last."""

    async def run() -> None:
        async with AsyncExitStack() as stack:
            for _ in range(2):
                await stack.enter_async_context(sender_inside(settings))
            await until(count, receiver)

    asyncio.run(run())
    return receiver.received[-1].at - receiver.received[0].at


def test_two_senders_keep_what_an_endpoint_may_be_sent(committed_database, settings, agency, receiver):
    add(committed_database, settings, agency.id, receiver.url, max_in_flight=AT_ONCE, per_second=PER_SECOND)
    receiver.behave(fake.slow(0.06, fake.OK))
    tell(committed_database, agency.id, 60)
    seconds = send_by_two(settings, receiver, 60)
    assert len({one.headers["webhook-id"] for one in receiver.received}) == len(receiver.received) == 60
    assert receiver.most_at_once == AT_ONCE
    # A second's worth at once, the rest at the rate.
    assert seconds >= (60 - PER_SECOND) / PER_SECOND - 0.1


def test_control_two_that_both_lead_do_not(committed_database, settings, agency, receiver, monkeypatch):
    async def lead_at_once(_db) -> None:
        return

    monkeypatch.setattr(process, "lead", lead_at_once)
    add(committed_database, settings, agency.id, receiver.url, max_in_flight=AT_ONCE, per_second=PER_SECOND)
    receiver.behave(fake.slow(0.06, fake.OK))
    tell(committed_database, agency.id, 60)
    send_by_two(settings, receiver, 60)
    assert receiver.most_at_once > AT_ONCE


def test_a_call_that_takes_long_may_end_and_the_others_do_not_wait_for_it(
    committed_database, settings, agency, receiver
):
    add(committed_database, settings, agency.id, f"{receiver.url}/slow", event_types=["session.moved"])
    other = Factory(committed_database).agency()
    add(committed_database, settings, other.id, f"{receiver.url}/quick")
    receiver.behave(fake.slow(6, fake.OK), path="/slow")
    with sending(settings) as first, sending(settings):
        tell(committed_database, agency.id)
        receiver.wait_for(1, path="/slow")
        first.child.send_signal(signal.SIGTERM)
        tell(committed_database, other.id)
        receiver.wait_for(1, path="/quick", seconds=5)
        assert first.child.poll() is None, "it waits for the answer"
        assert first.child.wait(10) == 0
        wait_until(settings.database_url, LEFT, 0)
    assert [(one.state, one.attempts) for one in deliveries(committed_database)] == [("delivered", 1)] * 2
    assert len(receiver.on("/slow")) == 1


def test_told_to_be_quick_it_gives_back_what_hangs(committed_database, settings, agency, receiver):
    add(committed_database, settings, agency.id, receiver.url)
    receiver.behave(fake.HANG)
    with sending(settings, "--drain", "0.2") as sender:
        tell(committed_database, agency.id)
        receiver.wait_for(1)
        assert sender.stop(4) == 0
    assert [(one.state, one.attempts) for one in deliveries(committed_database)] == [("pending", 0)]


def test_an_endpoint_long_without_work_is_forgotten_and_served_again(
    committed_database, settings, agency, receiver, monkeypatch
):
    monkeypatch.setattr(process, "IDLE_SECONDS", 0.3)
    add(committed_database, settings, agency.id, receiver.url)

    async def run() -> None:
        async with sender_inside(settings) as sender:
            tell(committed_database, agency.id)
            await until(1, receiver)
            assert sender._lanes
            async with asyncio.timeout(10):
                while sender._lanes:
                    await asyncio.sleep(0.05)
            tell(committed_database, agency.id)
            await until(2, receiver)

    asyncio.run(run())
