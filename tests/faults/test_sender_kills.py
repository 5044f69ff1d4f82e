"""Senders and PostgreSQL killed in the middle of the work: nothing lost, nothing twice but what was in flight."""

import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import Protocol

import psycopg
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from campaign.cli.embedded import home
from campaign.cli.embedded.servers import Servers
from campaign.cli.place import Place
from campaign.cli.process.child import Lifeline
from campaign.kit import schema
from campaign.kit.database import Database
from campaign.kit.redis import connect
from campaign.kit.signing import new_secret, signed_headers
from campaign.outbox.actions import write
from tests.factory import HUB, Factory
from tests.fakes import receiver as fake
from tests.fakes.receiver import Received, Receiver
from tests.fakes.senders import add, sending, start, wait_until

ENDPOINTS, EVENTS, KILLS, IN_FLIGHT = 5, 80, 6, 4
DELIVERED = "SELECT count(*) FROM webhook_delivery WHERE state = 'delivered'"
UNDONE = b"never"
CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE application_name LIKE 'xinji-live sender%' AND datname = current_database()"
)


class Heard(Protocol):
    """Whoever can tell what came in."""

    received: list[Received]


@pytest.fixture
def receiver():
    with Receiver() as running:
        running.behave(fake.slow(0.03, fake.OK))
        yield running


@pytest.fixture
def secrets(committed_database, settings, receiver):
    agency = Factory(committed_database).agency()
    made = [
        add(committed_database, settings, agency.id, f"{receiver.url}/{number}")
        for number in range(ENDPOINTS)
    ]
    return agency.id, {f"/{number}": one.secret for number, one in enumerate(made)}


def tell(database: Database, agency_id: int, count: int) -> None:
    for number in range(count):
        with database.transaction(HUB) as db:
            write(db, "session.moved", session_id=number % 7 + 1, agency_ids=[agency_id], data={"n": number})


def check_all_came(receiver: Heard, secrets: dict[str, str], wanted: int = ENDPOINTS * EVENTS) -> int:
    """Every event once per endpoint at least, verifiable; gives how many came more than once."""
    ids = Counter((request.target, request.headers["webhook-id"]) for request in receiver.received)
    assert len(ids) == wanted
    bodies = {(request.target, request.headers["webhook-id"], request.body) for request in receiver.received}
    assert len(bodies) == len(ids)
    for request in receiver.received:
        Webhook(secrets[request.target]).verify(request.body, request.headers)
    assert not any(UNDONE in request.body for request in receiver.received)
    return sum(count - 1 for count in ids.values())


@pytest.mark.longer
def test_a_sender_killed_again_and_again_loses_nothing(committed_database, settings, receiver, secrets):
    agency_id, texts = secrets
    chance = random.Random(7)
    tell(committed_database, agency_id, EVENTS)
    for kill in range(KILLS):
        victim = start(settings)
        receiver.wait_for((kill + 1) * 25, seconds=20)
        time.sleep(chance.random() * 0.1)
        victim.kill()
    with sending(settings) as last:
        wait_until(settings.database_url, DELIVERED, ENDPOINTS * EVENTS, seconds=30)
        assert last.stop() == 0
    twice = check_all_came(receiver, texts)
    assert twice <= KILLS * ENDPOINTS * IN_FLIGHT


def test_of_two_senders_one_works_and_nothing_comes_twice(committed_database, settings, receiver, secrets):
    agency_id, texts = secrets
    with sending(settings), sending(settings):
        tell(committed_database, agency_id, EVENTS)
        wait_until(settings.database_url, DELIVERED, ENDPOINTS * EVENTS, seconds=30)
    assert check_all_came(receiver, texts) == 0


def test_the_next_one_takes_over_when_the_one_at_work_is_killed(
    committed_database, settings, receiver, secrets
):
    agency_id, texts = secrets
    with sending(settings) as first, sending(settings):
        receiver.behave(fake.slow(0.05, fake.OK))
        tell(committed_database, agency_id, EVENTS)
        receiver.wait_for(50)
        first.kill()
        wait_until(settings.database_url, DELIVERED, ENDPOINTS * EVENTS, seconds=30)
    assert check_all_came(receiver, texts) <= ENDPOINTS * IN_FLIGHT


def test_connections_cut_in_the_middle_are_made_again(committed_database, settings, receiver, secrets):
    agency_id, texts = secrets
    with sending(settings) as sender:
        receiver.behave(fake.slow(0.05, fake.OK))
        for part in range(4):
            tell(committed_database, agency_id, EVENTS // 4)
            receiver.wait_for(part * 100 + 20, seconds=20)
            with psycopg.connect(settings.database_url, autocommit=True) as admin:
                found = admin.execute(CUT).fetchone()
            assert found is not None
            assert found[0] >= 2
        wait_until(settings.database_url, DELIVERED, ENDPOINTS * EVENTS, seconds=60)
        assert sender.child.poll() is None
    assert check_all_came(receiver, texts) <= 4 * ENDPOINTS * IN_FLIGHT


@pytest.fixture
def killable(tmp_path, settings):
    """Servers of this test alone, durable, with the child that runs PostgreSQL; and settings for them."""
    place = Place(tmp_path / "own")
    place.make()
    lifeline = Lifeline()
    servers = Servers(place)
    try:
        children = servers.start(lifeline)
        schema.upgrade(servers.database_url)
        (postgres,) = (child for child in children if "postgres" in child.name.lower())
        given = replace(settings, database_url=servers.database_url, redis_url=servers.redis_url)
        yield postgres, given
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.wait(8)
    finally:
        lifeline.cut()
        home.discard(tmp_path / "own")


def test_postgresql_killed_in_the_middle_loses_nothing(killable, receiver):
    postgres, settings = killable
    database = Database.connect(settings.database_url)
    agency = Factory(database).agency()
    made = [add(database, settings, agency.id, f"{receiver.url}/{number}") for number in range(ENDPOINTS)]
    tell(database, agency.id, EVENTS)
    with sending(settings) as sender:
        for kill in range(2):
            receiver.wait_for((kill + 1) * 100, seconds=30)
            os.kill(postgres.pid, signal.SIGKILL)
            postgres.wait(10)
            postgres.start()
        wait_until(settings.database_url, DELIVERED, ENDPOINTS * EVENTS, seconds=60)
        assert sender.stop() == 0
    database.dispose()
    texts = {f"/{number}": one.secret for number, one in enumerate(made)}
    assert check_all_came(receiver, texts) <= 2 * ENDPOINTS * IN_FLIGHT


class NeverMind(Exception):
    """Raised to roll a change back."""


def tell_and_roll_back(database: Database, agency_id: int) -> None:
    with database.transaction(HUB) as db:
        write(db, "session.moved", session_id=1, agency_ids=[agency_id], data={"n": UNDONE.decode()})
        raise NeverMind


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_twenty_thousand_deliveries_survive_whatever_dies(killable, receiver):
    """Ten kills of the sender, three of PostgreSQL, Valkey wiped twice; what was rolled back is never sent."""
    postgres, settings = killable
    endpoints, events, chance = 20, 1000, random.Random(11)
    wanted = endpoints * events
    receiver.behave(fake.OK)
    database = Database.connect(settings.database_url)
    agency = Factory(database).agency()
    made = [add(database, settings, agency.id, f"{receiver.url}/{number}") for number in range(endpoints)]
    kills = [*["sender"] * 10, *["postgres"] * 3, *["valkey"] * 2]
    chance.shuffle(kills)
    victim = start(settings)
    try:
        for number, kill in enumerate(kills):
            tell(
                database,
                agency.id,
                events // len(kills) if number else events - events // len(kills) * (len(kills) - 1),
            )
            for _ in range(3):
                with pytest.raises(NeverMind):
                    tell_and_roll_back(database, agency.id)
            receiver.wait_for((number + 1) * wanted // (len(kills) + 3), seconds=60)
            time.sleep(chance.random() * 0.2)
            if kill == "sender":
                victim.kill()
                victim = start(settings)
            elif kill == "valkey":
                connect(settings.redis_url).flushall()
            else:
                os.kill(postgres.pid, signal.SIGKILL)
                postgres.wait(10)
                postgres.start()
                wait_until_up(settings.database_url)
        wait_until(settings.database_url, DELIVERED, wanted, seconds=240)
        assert victim.stop() == 0
    finally:
        if victim.child.poll() is None:
            victim.kill()
    database.dispose()
    texts = {f"/{number}": one.secret for number, one in enumerate(made)}
    assert check_all_came(receiver, texts, wanted) <= 13 * endpoints * IN_FLIGHT


def wait_until_up(url: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            assert time.monotonic() < until
            time.sleep(0.2)
        else:
            return


@dataclass
class Retold:
    """What a receiver has heard, as a test makes it up."""

    received: list[Received]


def test_the_check_sees_what_was_lost_changed_sent_twice_or_undone():
    """Negative control: the proof above fails where it should, and counts what came again."""
    secret = new_secret()
    secrets = {"/0": secret}

    def one(number: int, body: bytes, *, signed: bytes | None = None) -> Received:
        named = f"evt_{number}"
        headers = signed_headers([secret], named, int(time.time()), signed or body)
        return Received("POST", "/0", {name.lower(): value for name, value in headers.items()}, body)

    both = [one(1, b"{}"), one(2, b"{}")]
    assert check_all_came(Retold(both), secrets, 2) == 0
    assert check_all_came(Retold([*both, one(2, b"{}")]), secrets, 2) == 1
    with pytest.raises(AssertionError):
        check_all_came(Retold(both[:1]), secrets, 2)
    with pytest.raises(AssertionError):
        check_all_came(Retold([*both, one(2, b'{"n":2}')]), secrets, 2)
    with pytest.raises(WebhookVerificationError):
        check_all_came(Retold([one(1, b"{}", signed=b"[]"), both[1]]), secrets, 2)
    with pytest.raises(AssertionError):
        check_all_came(Retold([both[0], one(2, b'{"n":"' + UNDONE + b'"}')]), secrets, 2)
