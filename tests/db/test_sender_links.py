"""The sender's connections: many wait for one that is lost, one looks for it, and the log tells it once."""

import asyncio

import psycopg
from structlog.testing import capture_logs

from campaign.delivery.sender.connection import Connection, Link


async def ask(db: Connection) -> int:
    (answer,) = await (await db.execute("SELECT 1")).fetchone() or (0,)
    return int(answer)


def told(logs: list) -> list[str]:
    return [one["event"] for one in logs]


def test_a_connection_that_was_cut_is_told_once_and_serves_all_who_wait(database_url):
    async def run() -> list[int]:
        link = Link(database_url, "to be cut")
        await link.insist(ask)
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE application_name = 'xinji-live to be cut' AND datname = current_database()"
            )
        answers = await asyncio.gather(*(link.insist(ask) for _ in range(20)))
        assert link.openings == 2
        await link.close()
        return answers

    with capture_logs() as logs:
        assert asyncio.run(run()) == [1] * 20
    assert told(logs) == ["sender_database_lost", "sender_database_back"]


def test_while_nobody_answers_twenty_who_wait_are_one_line(database_url):
    async def run() -> None:
        link = Link("postgresql://127.0.0.1:1/nobody", "nowhere")
        waiting = [asyncio.create_task(link.insist(ask)) for _ in range(20)]
        await asyncio.wait(waiting, timeout=1)
        for one in waiting:
            one.cancel()

    with capture_logs() as logs:
        asyncio.run(run())
    assert told(logs) == ["sender_database_lost"]
