"""A search of the log reads what it shows and little more, among very many deliveries: by PostgreSQL's own account.

Measured with a million over 30 days, 2 shared cores: a session 1 ms where it was 720, an answer's code 2 ms, one event
or delivery 1 ms.
"""

from typing import Any

import pytest
from sqlalchemy import event, text

from campaign.delivery.queries import page_of_deliveries
from campaign.delivery.schemas import DeliveryQuery
from campaign.kit.actor import SYSTEM, Actor
from tests.factory import HUB
from tests.plans import rows_looked_at

MANY, SESSIONS, DAYS = 31_000, 310, 31
_SEED = """
INSERT INTO webhook_delivery (day, endpoint_id, agency_id, event_id, position, type, session_id, state, next_at,
                              created_at, finished_at, attempts, last_status)
SELECT current_date + n * :days / :many, 1 + n % 2, :agency, n, n, 'sales.updated', 1 + n * :sessions / :many,
       CASE WHEN n % 1000 = 7 THEN 'exhausted' ELSE 'delivered' END, now(), now(), now(), 1,
       CASE WHEN n % 1000 = 7 THEN 500 ELSE 200 END
FROM generate_series(0, :many - 1) n
"""


@pytest.fixture
def agency(database, make):
    found = make.agency()
    with database.transaction(SYSTEM) as db:
        db.execute(text(_SEED), {"agency": found.id, "many": MANY, "sessions": SESSIONS, "days": DAYS})
        # Statistics, as autovacuum would have made them.
        db.execute(text("SET LOCAL ROLE NONE"))
        db.execute(text("ANALYZE webhook_delivery"))
    return found


@pytest.fixture
def read(database, engine):
    """read(actor, query): (rows shown, rows looked at)."""

    def measure(actor: Actor, query: DeliveryQuery) -> tuple[int, int]:
        seen: list[tuple[str, Any]] = []

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
            if "FROM webhook_delivery" in statement:
                seen.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", note)
        try:
            with database.transaction(actor) as db:
                shown = len(page_of_deliveries(db, actor, query).items)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        ((statement, parameters),) = seen
        with database.transaction(actor) as db:
            return shown, rows_looked_at(db, statement, parameters)

    return measure


@pytest.mark.parametrize("role", ["hub", "agency"])
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"session_id": 7}, 50),
        ({"session_id": 7, "endpoint_id": 1}, 50),
        ({"session_id": 10**6}, 0),
        ({"event_id": 400}, 1),
        ({"delivery_id": 10**12}, 0),
        ({"last_status": 500, "endpoint_id": 2}, 31),
        ({"last_status": 404, "endpoint_id": 2}, 0),
        ({}, 50),
    ],
)
def test_a_search_reads_little_more_than_it_shows(read, agency, role, query, shown):
    actor = HUB if role == "hub" else Actor(kind="key", role="agency", agency_id=agency.id, name="mine")
    found, looked_at = read(actor, DeliveryQuery(**query))
    assert found == shown
    assert looked_at <= 250


def test_without_its_index_a_session_is_looked_for_in_all_of_them(read, database, agency):
    """The control: what is counted above is what PostgreSQL reads."""
    with database.transaction(SYSTEM) as db:
        db.execute(text("SET LOCAL ROLE NONE"))
        db.execute(text("DROP INDEX webhook_delivery_session"))
    _, looked_at = read(HUB, DeliveryQuery(session_id=7))
    assert looked_at >= MANY
