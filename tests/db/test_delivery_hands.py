"""Fan-out by a sender with room: it claims what it makes, as far as its room goes and the endpoint is well."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from campaign.delivery.actions import add_endpoint
from campaign.delivery.schemas import EndpointIn
from campaign.delivery.sender.claims import Held, claim, release
from campaign.delivery.sender.connection import Link
from campaign.delivery.sender.fanout import Fanned, Hands, fan_out
from campaign.kit.actor import SYSTEM
from campaign.outbox.actions import write
from tests.factory import HUB, SECRET_KEY, Factory

MINE = 7


def fanned(url: str, rooms: dict[int, int]) -> tuple[Fanned, list[int]]:
    """What a fan-out gives, and whose deliveries another sender can claim after it."""

    async def run() -> tuple[Fanned, list[int]]:
        link = Link(url, "test")
        db, now = await link.get(), datetime.now(UTC)
        given = await fan_out(db, now, Hands(MINE, rooms))
        others = await claim(db, now=now, lease=8, held={}, since=now.date())
        await link.close()
        return given, [one.endpoint_id for one, _ in others]

    return asyncio.run(run())


@pytest.fixture
def agency(committed_database):
    return Factory(committed_database).agency()


def endpoint(database, agency_id: int, number: int = 1) -> int:
    with database.transaction(HUB) as db:
        given = EndpointIn(url=f"https://hooks{number}.agency.example/", agency_id=agency_id)
        return add_endpoint(db, HUB, given, secret_key=SECRET_KEY, allow=()).endpoint.id


def tell(database, *agency_ids: int, kind: str = "session.moved", number: int = 0, **more) -> None:
    with database.transaction(HUB) as db:
        write(db, kind, session_id=1, agency_ids=agency_ids, data={"number": number}, **more)


def numbers(given: Fanned) -> list[int]:
    return [json.loads(one.body)["data"]["number"] for one, _ in given.taken]


def states(database) -> list[tuple[str, int | None]]:
    with database.transaction(SYSTEM) as db:
        return [
            tuple(row) for row in db.execute(text("SELECT state, lease FROM webhook_delivery ORDER BY id"))
        ]


def test_the_first_are_claimed_and_what_has_no_room_waits_for_any_sender(
    committed_database, database_url, agency
):
    one = endpoint(committed_database, agency.id)
    for number in range(5):
        tell(committed_database, agency.id, number=number)
    given, others = fanned(database_url, {one: 3})
    assert (numbers(given), given.endpoints) == ([0, 1, 2], [one])
    assert {(target.url, target.healthy) for _, target in given.taken} == {
        ("https://hooks1.agency.example/", True)
    }
    assert others == [one, one]
    assert states(committed_database) == [("sending", MINE)] * 3 + [("sending", 8)] * 2


def test_each_endpoint_has_its_own_room(committed_database, database_url, agency):
    one, two = (endpoint(committed_database, agency.id, number) for number in (1, 2))
    tell(committed_database, agency.id, number=1)
    tell(committed_database, agency.id, number=2)
    given, others = fanned(database_url, {one: 1, two: 9})
    assert [
        (claimed.endpoint_id, json.loads(claimed.body)["data"]["number"]) for claimed, _ in given.taken
    ] == [
        (one, 1),
        (two, 1),
        (two, 2),
    ]
    assert others == [one]


def test_each_agency_has_its_own_body_in_the_lanes_too(committed_database, database_url, agency):
    other = Factory(committed_database).agency()
    one, two = endpoint(committed_database, agency.id), endpoint(committed_database, other.id)
    tell(committed_database, agency.id, other.id, per_agency={other.id: {"number": 22}})
    tell(committed_database, agency.id, other.id, number=3)
    given, _ = fanned(database_url, {one: 9, two: 9})
    told = [(claimed.endpoint_id, json.loads(claimed.body)["data"]["number"]) for claimed, _ in given.taken]
    assert told == [(one, 0), (two, 22), (one, 3), (two, 3)]
    with committed_database.transaction(SYSTEM) as db:
        kept = db.execute(text("SELECT agency_id, body FROM webhook_message ORDER BY position")).all()
    assert [(row.agency_id, bytes(row.body)) for row in kept] == [
        (claimed.agency_id, claimed.body) for claimed, _ in given.taken
    ]


UNWELL = {
    "unknown to the sender": None,
    "paused": "state = 'paused'",
    "failing": "failing_since = now(), streak = 2",
    "paused by its breaker": "streak = 9, paused_until = now() + interval '1 minute'",
}


@pytest.mark.parametrize("how", UNWELL)
def test_one_that_is_not_well_is_left_to_the_claims(committed_database, database_url, agency, how):
    one = endpoint(committed_database, agency.id)
    change = UNWELL[how]
    with committed_database.transaction(SYSTEM) as db:
        if change:
            db.execute(text(f"UPDATE webhook_endpoint SET {change}"))
    tell(committed_database, agency.id)
    given, _ = fanned(database_url, {one: 5} if change else {})
    assert given.taken == []
    assert [state for state, lease in states(committed_database) if lease == MINE] == []


def test_totals_go_in_turn_and_are_left_to_the_claims(committed_database, database_url, agency):
    """Claimed here, newer ones could pass older ones that are on their way."""
    one = endpoint(committed_database, agency.id)
    tell(committed_database, agency.id, kind="sales.updated", number=1)
    tell(committed_database, agency.id, number=2)
    given, others = fanned(database_url, {one: 5})
    assert (numbers(given), given.endpoints, others) == ([2], [one], [one])


def test_a_turn_takes_no_more_events_than_fit_but_always_one(
    committed_database, database_url, agency, monkeypatch
):
    monkeypatch.setattr("campaign.delivery.sender.fanout.MOST_MESSAGES", 3)
    other = Factory(committed_database).agency()
    for number in range(4):
        tell(committed_database, agency.id, other.id, number=number)
    turns = [fanned(database_url, {})[0] for _ in range(3)]
    assert [(turn.events, turn.more) for turn in turns] == [(2, True), (2, True), (0, False)]
    monkeypatch.setattr("campaign.delivery.sender.fanout.MOST_MESSAGES", 1)
    tell(committed_database, agency.id, other.id)
    assert fanned(database_url, {})[0].events == 1


def test_what_is_given_back_is_next(committed_database, database_url, agency):
    one = endpoint(committed_database, agency.id)
    for number in range(8):
        tell(committed_database, agency.id, number=number)

    async def run() -> list[list[int]]:
        link = Link(database_url, "test")
        db, now = await link.get(), datetime.now(UTC)
        await fan_out(db, now)
        turns = []
        for lease in (8, 9):
            taken = await claim(
                db, now=datetime.now(UTC), lease=lease, held={one: Held(0, 4)}, since=now.date()
            )
            turns.append([json.loads(claimed.body)["data"]["number"] for claimed, _ in taken])
            await release(db, [claimed for claimed, _ in taken], datetime.now(UTC))
        await link.close()
        return turns

    assert asyncio.run(run()) == [[0, 1, 2, 3]] * 2
