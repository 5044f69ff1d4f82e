"""A lease that ran out: another sender takes the delivery, and who was late writes nothing over it."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from campaign.delivery.actions import add_endpoint
from campaign.delivery.backoff import Next
from campaign.delivery.schemas import EndpointIn
from campaign.delivery.sender.claims import LEASE, Claimed, claim
from campaign.delivery.sender.connection import Connection, Link
from campaign.delivery.sender.fanout import fan_out
from campaign.delivery.sender.notes import Try, note
from campaign.kit.actor import SYSTEM
from campaign.kit.outgoing import Answer
from campaign.outbox.actions import write
from tests.factory import HUB, SECRET_KEY, Factory

SLOW, QUICK = 1, 2
SAID_NO, SAID_YES = Answer(500, None, b"no", None, 1), Answer(200, None, b"yes", None, 1)


def told(database) -> None:
    agency = Factory(database).agency()
    with database.transaction(HUB) as db:
        given = EndpointIn(url="https://hooks.agency.example/", agency_id=agency.id)
        add_endpoint(db, HUB, given, secret_key=SECRET_KEY, allow=())
    with database.transaction(HUB) as db:
        write(db, "session.moved", session_id=1, agency_ids=[agency.id], data={})


def row(database) -> tuple:
    with database.transaction(SYSTEM) as db:
        return tuple(
            db.execute(
                text(
                    "SELECT state, attempts, last_status, lease,"
                    " (SELECT array_agg(status ORDER BY status) FROM webhook_attempt) FROM webhook_delivery"
                )
            ).one()
        )


async def taken(db: Connection, lease: int, now: datetime) -> list[Claimed]:
    since = now.date() - timedelta(days=1)
    return [one for one, _ in await claim(db, now=now, lease=lease, held={}, since=since)]


def race(database_url: str, *, fenced: bool) -> list[int]:
    """One sender claims and hangs past its lease, another sends, then the first one notes a failure."""

    async def run() -> list[int]:
        link = Link(database_url, "test")
        db = await link.get()
        now = datetime.now(UTC)
        await fan_out(db, now)
        (first,) = await taken(db, SLOW, now)
        early = await taken(db, QUICK, now + LEASE - timedelta(seconds=1))
        later = now + LEASE + timedelta(seconds=1)
        (second,) = await taken(db, QUICK if fenced else SLOW, later)
        if fenced:
            await note(db, [Try(second, "", SAID_YES, Next("delivered", 1, later), later)], [], later)
        failed = Next("pending", 1, later + timedelta(hours=1))
        await note(db, [Try(first, "", SAID_NO, failed, later)], [], later)
        await link.close()
        return [len(early), second.lease]

    return asyncio.run(run())


def test_a_late_sender_does_not_undo_what_another_delivered(committed_database, database_url):
    told(committed_database)
    assert race(database_url, fenced=True) == [0, QUICK]
    # Both tries reached out, and both are kept; the delivery is the second one's.
    assert row(committed_database) == ("delivered", 1, 200, None, [200, 500])


def test_one_lease_for_all_would_let_the_late_one_write(committed_database, database_url):
    """Negative control: were the two leases alike, the delivery that another has in hand would be the late one's."""
    told(committed_database)
    assert race(database_url, fenced=False) == [0, SLOW]
    assert row(committed_database) == ("pending", 1, 500, None, [500])
