"""Agencies hear of what was sold however many sessions sell at once: all in one turn, who waited longest first."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.sales import telling
from tests.factory import Factory
from tests.sales_kit import add_session
from tests.workers.test_sales_tasks import HOUR, event, now, push
from workers import sales as tasks

__all__ = ["now"]


@pytest.fixture
def many(now: datetime, database: Database, make: Factory) -> list[int]:
    """120 sessions of an agency's host that sold, none of them told of yet; ids in order."""
    agency, host = (made := make.agency()), make.host(agency=made)
    span = (now - 2 * HOUR, now)
    account = make.account(external_id="a1")
    first = add_session(make, *span, brand=make.brand(), account=account, shifts=((host, agency, *span),))
    push(database, event(1, now - HOUR))
    tasks.fold()
    with database.transaction(SYSTEM) as db:
        others = db.scalars(
            text(
                "INSERT INTO live_session"
                " (title, studio_id, state, starts_at, ends_at, brand_ids, agency_ids, host_ids)"
                " SELECT title, studio_id, state, starts_at, ends_at, brand_ids, agency_ids, host_ids"
                " FROM live_session, generate_series(1, 119) WHERE id = :first RETURNING id"
            ),
            {"first": first},
        ).all()
        for table in ("session_sales", "session_total"):
            db.execute(
                text(
                    f"INSERT INTO {table} SELECT (jsonb_populate_record(r, jsonb_build_object('session_id', id))).*"
                    f" FROM {table} r, unnest(CAST(:ids AS bigint[])) id WHERE r.session_id = :first"
                ),
                {"ids": others, "first": first},
            )
    return sorted([first, *others])


def told_of(database: Database) -> list[int]:
    with database.transaction(SYSTEM) as db:
        sql = text("SELECT session_id FROM outbox_event WHERE type = 'sales.updated' ORDER BY id")
        return list(db.scalars(sql))


def test_one_turn_tells_of_all_that_sold(many: list[int], database: Database) -> None:
    tasks.tell()
    assert told_of(database) == many
    tasks.tell()
    assert len(told_of(database)) == len(many)


def test_who_has_waited_longest_is_told_first(many: list[int], database: Database) -> None:
    """However many come, none is left behind by those with lower numbers that sell without end."""
    with database.transaction(SYSTEM) as db:
        assert telling.tell(db, SYSTEM) == telling.MOST_SESSIONS
        db.execute(text("UPDATE session_sales SET version = version + 1"))
    turns = [many[:50], many[50:100], [*many[:30], *many[100:]], many[30:50]]
    for minutes, _ in enumerate(turns[1:], 1):
        with clock.travel(timedelta(minutes=minutes)), database.transaction(SYSTEM) as db:
            telling.tell(db, SYSTEM)
    assert told_of(database) == [one for turn in turns for one in turn]
