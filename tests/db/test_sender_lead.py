"""One sender leads and the others stand by: who may, who takes over, and what becomes of one that is stuck."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import psycopg
import pytest

from campaign.delivery.sender.connection import Connection, Link, sign_of_life
from campaign.delivery.sender.registry import lead, resign

QUICK = {"look_every": 0.05, "stuck_after": 0.5}


@asynccontextmanager
async def links(url: str, *names: str) -> AsyncIterator[list[Connection]]:
    opened = [Link(url, name) for name in names]
    yield [await link.get() for link in opened]
    for link in opened:
        await link.close()


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


def test_the_first_leads_and_the_second_when_that_one_has_gone(committed_database, settings):
    async def work() -> None:
        async with links(settings.database_url, "first", "second") as (first, second):
            await asyncio.wait_for(lead(first, **QUICK), 5)
            waiting = asyncio.create_task(lead(second, **QUICK))
            done, _ = await asyncio.wait([waiting], timeout=0.3)
            assert not done, "two lead at once"
            await first.close()
            await asyncio.wait_for(waiting, 5)

    run(work)


def test_who_resigns_keeps_its_connection_and_lets_the_next_lead(committed_database, settings):
    async def work() -> None:
        async with links(settings.database_url, "first", "second") as (first, second):
            await lead(first, **QUICK)
            await resign(first)
            await asyncio.wait_for(lead(second, **QUICK), 5)
            assert await (await first.execute("SELECT 1")).fetchone() == (1,)

    run(work)


def test_one_that_lives_and_gives_no_sign_is_cut_off(committed_database, settings):
    async def work() -> None:
        async with links(settings.database_url, "stuck", "second") as (stuck, second):
            await lead(stuck, **QUICK)
            began = time.monotonic()
            await asyncio.wait_for(lead(second, **QUICK), 10)
            assert time.monotonic() - began >= QUICK["stuck_after"]
            with pytest.raises(psycopg.OperationalError):
                await stuck.execute("SELECT 1")

    run(work)


def test_one_that_gives_signs_is_left_at_work(committed_database, settings):
    """The control of the one before: nothing but the signs keeps it."""

    async def work() -> None:
        async with links(settings.database_url, "busy", "second") as (busy, second):
            await lead(busy, **QUICK)
            waiting = asyncio.create_task(lead(second, **QUICK))
            for _ in range(15):
                await asyncio.sleep(0.1)
                await sign_of_life(busy)
            assert not waiting.done()
            waiting.cancel()

    run(work)
