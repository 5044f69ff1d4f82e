"""Totals of a session reach an endpoint in turn: no older ones once newer ones may have come, whatever fails."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from campaign.delivery import actions, queries
from campaign.delivery.backoff import Next
from campaign.delivery.schemas import EndpointIn
from campaign.delivery.sender.claims import Claimed, claim, release
from campaign.delivery.sender.connection import Connection, Link
from campaign.delivery.sender.fanout import fan_out
from campaign.delivery.sender.notes import Try, note
from campaign.delivery.sender.registry import free_own
from campaign.kit.actor import SYSTEM
from campaign.kit.outgoing import Answer
from campaign.outbox.actions import write
from tests.factory import HUB, SECRET_KEY, Factory

LEASE = 7
SAID_NO, SAID_YES = Answer(500, None, b"no", None, 1), Answer(200, None, b"yes", None, 1)
NOW = datetime.now(UTC)


@pytest.fixture
def told(committed_database):
    """Writes a fact of session 1 for an agency with one endpoint."""
    agency = Factory(committed_database).agency()
    with committed_database.transaction(HUB) as db:
        given = EndpointIn(url="https://hooks.agency.example/", agency_id=agency.id)
        actions.add_endpoint(db, HUB, given, secret_key=SECRET_KEY, allow=())

    def tell(kind: str = "sales.updated", session_id: int = 1) -> None:
        with committed_database.transaction(HUB) as db:
            write(db, kind, session_id=session_id, agency_ids=[agency.id], data={})

    return tell


def acts(url: str, act: Callable[[Connection], Awaitable[None]]) -> None:
    async def run() -> None:
        link = Link(url, "test")
        try:
            await act(await link.get())
        finally:
            await link.close()

    asyncio.run(run())


async def taken(db: Connection) -> list[Claimed]:
    since = NOW.date() - timedelta(days=1)
    return [one for one, _ in await claim(db, now=datetime.now(UTC), lease=LEASE, held={}, since=since)]


async def noted(db: Connection, claimed: Claimed, *, well: bool, state: str = "pending") -> None:
    verdict = Next("delivered" if well else state, 1, NOW)  # type: ignore[arg-type]
    await note(db, [Try(claimed, "", SAID_YES if well else SAID_NO, verdict, NOW)], [], NOW)


def rows(database) -> list[tuple]:
    with database.transaction(SYSTEM) as db:
        found = db.execute(
            text(
                "SELECT state, last_error, last_status, finished_at IS NOT NULL FROM webhook_delivery ORDER BY position"
            )
        )
        return [tuple(row) for row in found]


@pytest.mark.parametrize("verdict", ["pending", "held", "exhausted"])
def test_older_totals_that_fail_on_their_way_are_not_tried_after_newer_ones(
    told, committed_database, database_url, verdict
):
    async def act(db: Connection) -> None:
        told()
        await fan_out(db, NOW)
        (older,) = await taken(db)
        told()
        await fan_out(db, NOW)
        assert await taken(db) == [], "newer totals wait for those on their way"
        await noted(db, older, well=False, state=verdict)
        assert len(await taken(db)) == 1

    acts(database_url, act)
    assert rows(committed_database) == [
        ("expired", "superseded", 500, True),
        ("sending", None, None, False),
    ]


def test_older_totals_that_arrive_are_delivered_and_newer_ones_go_after_them(
    told, committed_database, database_url
):
    async def act(db: Connection) -> None:
        told()
        await fan_out(db, NOW)
        (older,) = await taken(db)
        told()
        await fan_out(db, NOW)
        await noted(db, older, well=True)
        (newer,) = await taken(db)
        await noted(db, newer, well=True)

    acts(database_url, act)
    assert rows(committed_database) == [("delivered", None, 200, True)] * 2


@pytest.mark.parametrize("how", ["given back", "sender gone"])
def test_older_totals_that_were_claimed_and_not_sent_give_way(told, committed_database, database_url, how):
    async def act(db: Connection) -> None:
        told()
        await fan_out(db, NOW)
        claimed = await taken(db)
        told()
        await fan_out(db, NOW)
        if how == "given back":
            await release(db, claimed, NOW)
        else:
            await free_own(db, LEASE, [], NOW)
        assert len(await taken(db)) == 1

    acts(database_url, act)
    assert [row[:2] for row in rows(committed_database)] == [("expired", "superseded"), ("sending", None)]


@pytest.mark.parametrize(("kind", "session_id"), [("session.moved", 1), ("sales.updated", 2)])
def test_nothing_else_waits_or_gives_way(told, committed_database, database_url, kind, session_id):
    """The control: other facts, and totals of another session, are claimed beside those on their way."""

    async def act(db: Connection) -> None:
        told()
        await fan_out(db, NOW)
        (first,) = await taken(db)
        told(kind, session_id)
        await fan_out(db, NOW)
        assert len(await taken(db)) == 1
        await noted(db, first, well=False)

    acts(database_url, act)
    assert rows(committed_database) == [("pending", None, 500, False), ("sending", None, None, False)]


def test_final_figures_take_the_place_of_totals_and_nothing_takes_theirs(
    told, committed_database, database_url
):
    async def act(db: Connection) -> None:
        for kind in ("sales.updated", "sales.final", "sales.updated"):
            told(kind)
            await fan_out(db, NOW)

    acts(database_url, act)
    assert [row[0] for row in rows(committed_database)] == ["expired", "pending", "pending"]


def test_a_failure_noted_after_newer_totals_were_fanned_out_gives_way(told, committed_database, database_url):
    async def act(db: Connection) -> None:
        told()
        await fan_out(db, NOW)
        (older,) = await taken(db)
        told()
        other = await Link(database_url, "test beside").get()
        async with db.transaction():
            await fan_out(db, NOW)
            waits = asyncio.get_running_loop().create_task(noted(other, older, well=False))
            done, _ = await asyncio.wait([waits], timeout=0.3)
            assert not done, "both are after the same row"
        await waits
        await other.close()

    acts(database_url, act)
    assert [row[:2] for row in rows(committed_database)] == [("expired", "superseded"), ("pending", None)]


@pytest.mark.parametrize("holds", ["a note", "somebody"])
def test_who_holds_older_totals_holds_up_their_session_and_no_other(
    told, committed_database, database_url, holds
):
    """It could be held for a minute, and nobody would be told anything."""

    async def act(db: Connection) -> None:
        told()
        await fan_out(db, NOW)
        claimed = await taken(db) if holds == "a note" else []
        told()
        told("session.moved")
        told("sales.updated", 2)
        told("session.moved", 3)
        other = await Link(database_url, "test beside").get()
        async with other.transaction():
            if claimed:
                await noted(other, claimed[0], well=False)
            else:
                await other.execute("SELECT FROM webhook_delivery FOR UPDATE")
            first = await asyncio.wait_for(fan_out(db, NOW), 2)
            assert (first.events, first.more, first.held_up) == (2, False, True)
            again = await asyncio.wait_for(fan_out(db, NOW), 2)
            assert (again.events, again.more, again.held_up) == (0, False, True)
        last = await fan_out(db, NOW)
        assert (last.events, last.held_up) == (2, False)
        await other.close()

    acts(database_url, act)
    assert [(row[0], row[1]) for row in rows(committed_database)] == [
        ("expired", "superseded"),
        *[("pending", None)] * 4,
    ]


def test_totals_that_gave_way_are_sent_again_by_hand_and_tried_like_any(
    told, committed_database, database_url
):
    async def act(db: Connection) -> None:
        told()
        await fan_out(db, NOW)
        told()
        await fan_out(db, NOW)
        (newer,) = await taken(db)
        await noted(db, newer, well=True)
        with committed_database.transaction(HUB) as hub:
            (row,) = queries.page_of_deliveries(hub, HUB, queries.DeliveryQuery(state="expired")).items
            actions.resend(hub, HUB, row)
        (again,) = await taken(db)
        await noted(db, again, well=False)

    acts(database_url, act)
    assert rows(committed_database) == [("pending", None, 500, False), ("delivered", None, 200, True)]


def test_replaying_sends_the_newest_totals_of_each_session_alone(told, committed_database, database_url):
    async def act(db: Connection) -> None:
        for kind, session_id in (
            *(("sales.updated", 1), ("sales.updated", 1), ("sales.updated", 2)),
            *(("session.moved", 1), ("session.moved", 1), ("sales.updated", 1)),
        ):
            told(kind, session_id)
            await fan_out(db, NOW)
        for one in await taken(db):
            await noted(db, one, well=True)

    acts(database_url, act)
    with committed_database.transaction(HUB) as db:
        (endpoint,) = queries.page_of_endpoints(db, HUB, queries.ListQuery()).items
        assert actions.replay(db, HUB, endpoint, NOW - timedelta(days=1)) == 4
    assert [row[0] for row in rows(committed_database)] == ["expired"] * 2 + ["pending"] * 4


def test_replaying_waits_for_no_delivery_that_is_on_its_way(told, committed_database, database_url):
    """The sender locks them in another order than their events came: each could wait for the other."""

    async def act(db: Connection) -> None:
        told("session.moved")
        told("session.moved")
        await fan_out(db, NOW)
        assert len(await taken(db)) == 2
        async with db.transaction():
            locked = await db.execute("SELECT FROM webhook_delivery WHERE state = 'sending' FOR UPDATE")
            assert locked.rowcount == 2
            with committed_database.transaction(HUB) as hub:
                hub.execute(text("SET LOCAL lock_timeout = '2s'"))
                (endpoint,) = queries.page_of_endpoints(hub, HUB, queries.ListQuery()).items
                assert actions.replay(hub, HUB, endpoint, NOW - timedelta(days=1)) == 0

    acts(database_url, act)
    assert [row[0] for row in rows(committed_database)] == ["sending"] * 2
