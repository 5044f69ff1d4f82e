"""Endpoints in trouble are told of: to their agency and the hub, each once, and to nobody else."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from campaign.delivery.troubles import tell_troubles
from campaign.kit.actor import SYSTEM
from tests.db.test_delivery_sweep import endpoint, put

HOUR = timedelta(hours=1)


@pytest.fixture
def one(database, make):
    return endpoint(database, make.agency(name="南星机构").id)


def failing(database, endpoint_id, hours):
    since = datetime.now(UTC) - hours * HOUR
    with database.transaction(SYSTEM) as db:
        db.execute(
            text("UPDATE webhook_endpoint SET failing_since = :since WHERE id = :id"),
            {"since": since, "id": endpoint_id},
        )


def told(database):
    with database.transaction(SYSTEM) as db:
        tell_troubles(db, SYSTEM)
    with database.transaction(SYSTEM) as db:
        rows = db.execute(text("SELECT kind, audience, params FROM notice ORDER BY id")).all()
    return [(row.kind.removeprefix("system.endpoint_"), row.audience, row.params) for row in rows]


def test_a_day_and_three_days_of_failing_are_told_once_each(database, one):
    failing(database, one.id, 23)
    assert told(database) == []
    failing(database, one.id, 25)
    day = [
        ("failing", "agency", {"address": "hooks.agency.example", "hours": 24}),
        ("failing", "hub", {"address": "南星机构 · hooks.agency.example", "hours": 24}),
    ]
    assert told(database) == day
    assert told(database) == day


def test_three_days_are_told_beside_the_first(database, one):
    failing(database, one.id, 73)
    assert [(kind, params["hours"]) for kind, audience, params in told(database) if audience == "hub"] == [
        ("failing", 24),
        ("failing", 72),
    ]


def test_another_time_of_failing_is_told_anew(database, one):
    failing(database, one.id, 25)
    told(database)
    failing(database, one.id, 30)
    assert len(told(database)) == 4


def test_what_is_given_up_is_told_once_a_day(database, one):
    put(database, one.id, "exhausted", event_id=1)
    put(database, one.id, "exhausted", event_id=2)
    put(database, one.id, "delivered", event_id=3)
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE webhook_delivery SET finished_at = now()"))
    assert [kind for kind, _, _ in told(database)] == ["given_up", "given_up"]
    assert len(told(database)) == 2


def test_a_removed_endpoint_is_nobodys_news(database, one):
    failing(database, one.id, 80)
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE webhook_endpoint SET archived_at = now()"))
    assert told(database) == []
