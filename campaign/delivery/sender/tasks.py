"""Small things about tasks that the sender needs in many places."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import Any, TypeVar

Item = TypeVar("Item")


async def breathing(items: Iterable[Item], most: int) -> AsyncIterator[Item]:
    """So many, then a turn for all else: answers of the database must not wait behind hundreds of calls."""
    for number, item in enumerate(items, 1):
        yield item
        if number % most == 0:
            await asyncio.sleep(0)


def started(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    return asyncio.get_running_loop().create_task(work)


async def within(seconds: float, task: asyncio.Task[None]) -> None:
    """Wait for a task that has the database to wait for in its turn; give up on it when we must go."""
    await asyncio.wait([task], timeout=seconds)
    task.cancel()
