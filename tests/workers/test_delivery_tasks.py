"""Delivery's tasks: run twice without harm, on their own parts."""

import pytest
from sqlalchemy import text

from campaign.kit.actor import SYSTEM
from config.periodic import PERIODIC
from workers import delivery, task


@pytest.fixture(autouse=True)
def _on_these(parts):
    task.use(parts)
    yield
    task.use(None)


@pytest.mark.parametrize(
    "run", [delivery.sweep, delivery.partitions, delivery.troubles], ids=lambda run: run.name
)
def test_a_task_may_come_twice_and_stands_in_the_table_of_periodic_jobs(run):
    assert run.name in PERIODIC
    run()
    run()


def test_the_sweep_puts_strays_right(database, make):
    agency = make.agency()
    with database.transaction(SYSTEM) as db:
        db.execute(
            text(
                "WITH made AS (INSERT INTO webhook_endpoint (agency_id, url, event_types, state)"
                " VALUES (:agency, 'https://hooks.agency.example/', '{*}', 'paused') RETURNING id)"
                " INSERT INTO webhook_delivery (day, endpoint_id, agency_id, event_id, position, type, state,"
                " next_at, created_at)"
                " SELECT current_date, id, :agency, 1, 1, 'session.moved', 'pending', now(), now() FROM made"
            ),
            {"agency": agency.id},
        )
    delivery.sweep()
    with database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT state FROM webhook_delivery")).scalar_one() == "held"
