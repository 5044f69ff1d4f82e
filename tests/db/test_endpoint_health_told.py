"""Who asks which endpoints changed since then is told of those whose health did, and not of each success."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from campaign.delivery import actions, queries
from campaign.delivery.backoff import Next
from campaign.delivery.schemas import EndpointIn
from campaign.delivery.sender.claims import Claimed
from campaign.delivery.sender.connection import Link
from campaign.delivery.sender.notes import Try, note
from campaign.kit.actor import SYSTEM
from campaign.kit.fields import ListQuery
from campaign.kit.outgoing import Answer
from tests.factory import HUB, SECRET_KEY, Factory

URL = "https://hooks.agency.example/"
OK, NO, LATER, GONE = (
    Answer(status, None, b"", after, 1)
    for status, after in ((204, None), (500, None), (503, 60), (410, None))
)


@pytest.fixture
def endpoint_id(committed_database):
    agency = Factory(committed_database).agency()
    given = EndpointIn(url=URL, agency_id=agency.id)
    with committed_database.transaction(HUB) as db:
        return actions.add_endpoint(db, HUB, given, secret_key=SECRET_KEY, allow=()).endpoint.id


@pytest.fixture
def answered(committed_database, database_url, endpoint_id):
    """Note so many answers, as the sender does; whether the endpoint is among what changed since, and its revision."""

    def judge(*answers):
        now = datetime.now(UTC)
        rest(committed_database)

        async def noted():
            link = Link(database_url, "test")
            claimed = Claimed(now.date(), 1, endpoint_id, 1, 1, 0, b"", 7, now, True)
            tries = [Try(claimed, URL, answer, Next("pending", 1, now), now) for answer in answers]
            await note(await link.get(), tries, [endpoint_id], now)
            await link.close()

        asyncio.run(noted())
        with committed_database.transaction(HUB) as db:
            page = queries.page_of_endpoints(db, HUB, ListQuery(updated_since=now - timedelta(seconds=1)))
            return [one.id for one in page.items] == [endpoint_id], queries.get_endpoint(
                db, HUB, endpoint_id
            ).rev

    return judge


def test_one_that_begins_to_fail_is_told_and_so_is_that_it_is_well_again(answered):
    assert answered(OK) == (False, 1)
    assert answered(NO) == (True, 1)
    assert answered(OK) == (True, 1)
    assert answered(OK) == (False, 1)


def test_the_breakers_pause_is_told_and_not_each_failure_before(answered):
    assert answered(NO) == (True, 1)
    assert answered(NO, NO) == (False, 1)
    # The fifth in a row.
    assert answered(NO, NO) == (True, 1)
    assert answered(LATER) == (True, 1)


def test_one_that_is_switched_off_is_told(answered):
    assert answered(GONE) == (True, 2)


def rest(database):
    """A day goes by without a word."""
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE webhook_endpoint SET updated_at = now() - interval '1 day'"))
