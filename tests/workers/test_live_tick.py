"""The clock's task and command: both take what is due, once."""

import argparse
import json
from datetime import timedelta

from sqlalchemy import text

from campaign.cli.commands import tick as command
from campaign.kit import clock, queue
from campaign.kit.actor import SYSTEM
from campaign.live import alerts
from campaign.live.clock import tick
from campaign.schedule import queries
from tests.factory import Factory
from tests.schedule_kit import Stage
from workers import live, task


def test_the_task_takes_every_due_edge(stage, parts):
    held = [
        stage.book(
            hold_until=stage.now() + timedelta(minutes=5),
            starts_at=stage.given().starts_at + timedelta(days=n),
        )
        for n in range(3)
    ]
    task.use(parts)
    try:
        with clock.travel(timedelta(minutes=6)):
            live.tick_once.run()
            live.tick_once.run()
    finally:
        task.use(None)
    assert {stage.act(queries.get_session, one.id).version for one in held} == {2}
    assert {stage.act(queries.get_session, one.id).state for one in held} == {"cancelled"}
    assert stage.act(alerts.open_alerts) == []


def test_the_command_looks_once_and_says_what_it_did(
    committed_database, database_url, redis_url, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("CAMPAIGN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CAMPAIGN_SECRET_KEY", "test-secret-key-of-more-than-32-characters")
    stage = Stage(Factory(committed_database))
    held = stage.book(hold_until=stage.now() + timedelta(minutes=5))
    with committed_database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE live_session SET hold_until = now(), due_at = now()"))
    parser = argparse.ArgumentParser()
    command.arguments(parser)
    try:
        assert command.run(parser.parse_args(["--once", "--json"])) == 0
        assert command.run(parser.parse_args(["--once"])) == 0
    finally:
        queue.use(None)
    first, second = capsys.readouterr().out.splitlines()
    assert (json.loads(first), second) == (
        {"edges": 1, "held": 0},
        "0 edges taken, 0 places held for the waiting list",
    )
    assert stage.act(queries.get_session, held.id).state == "cancelled"


def test_an_edge_does_not_wait_for_who_writes_of_its_session(committed_database):
    stage = Stage(Factory(committed_database))
    held = stage.book(hold_until=stage.now() + timedelta(minutes=5))
    with committed_database.transaction(SYSTEM) as writing:
        # As the foreign key of a sale or a notice does it.
        writing.execute(text("SELECT 1 FROM live_session WHERE id = :id FOR KEY SHARE"), {"id": held.id})
        with clock.travel(timedelta(minutes=6)):
            assert tick(committed_database) == 1
    assert stage.act(queries.get_session, held.id).state == "cancelled"
