"""Tries that could not be written down or judged with the others: somebody holds their endpoint's row, or one of them.
And what could not be given back.

They wait here, on a connection of their own, so that no other endpoint waits behind them. Their places in the lane stay
taken meanwhile: an endpoint gets no more until its health is known.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import structlog

from campaign.delivery.breaker import Health
from campaign.delivery.sender.claims import Claimed, release
from campaign.delivery.sender.connection import TIMED_OUT, Connection, Link, Time
from campaign.delivery.sender.notes import Try, judge, note

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.25
# So short that endpoints which are free do not wait long for the one that is not.
_PATIENCE_MS = 200

Learn = Callable[[Sequence[Try], Mapping[int, Health]], Awaitable[None]]


@dataclass(slots=True)
class _Held:
    """Of one endpoint: what is not written down yet, what is, and whether its health needs a look."""

    unwritten: list[Try] = field(default_factory=list)
    written: list[Try] = field(default_factory=list)
    looks: bool = False


class Aside:
    """What waits, by endpoint. `learn` is told of tries once they are written down and judged."""

    def __init__(self, database_url: str, learn: Learn, time: Time) -> None:
        self._link = Link(database_url, "sender aside", lock_ms=_PATIENCE_MS)
        self._learn, self._time = learn, time
        self._held: dict[int, _Held] = {}
        self._kept: list[Claimed] = []
        self._news = asyncio.Event()

    @property
    def endpoints(self) -> AbstractSet[int]:
        """Those that have something here."""
        return self._held.keys()

    def add(self, tries: Sequence[Try], to_judge: Collection[int]) -> list[Try]:
        """Take those whose endpoint has others here already, behind them; gives the rest."""
        rest = []
        for one in tries:
            if (endpoint_id := one.claimed.endpoint_id) in self._held:
                held = self._held[endpoint_id]
                held.unwritten.append(one)
                held.looks |= endpoint_id in to_judge
            else:
                rest.append(one)
        return rest

    def put(self, tries: Sequence[Try], to_judge: Collection[int], error: Exception | None = None) -> None:
        """Take these. With an `error` they are not written down yet."""
        for one in tries:
            held = self._held.setdefault(one.claimed.endpoint_id, _Held())
            (held.written if error is None else held.unwritten).append(one)
            held.looks |= one.claimed.endpoint_id in to_judge
        if tries:
            if error is not None:
                log.warning("sender_tries_put_aside", count=len(tries), error=str(error).strip()[:200])
            self._news.set()

    def keep(self, claimed: Sequence[Claimed]) -> None:
        """Give these back as soon as they are free, as long as their leases run."""
        if claimed:
            self._kept += claimed
            self._news.set()

    async def run(self) -> None:
        """Try again what waits, endpoint by endpoint, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self.waits:
                for endpoint_id in list(self._held):
                    await self._try(endpoint_id)
                await self._try_kept()
                await asyncio.sleep(LOOK_SECONDS if self.waits else 0)

    async def stop(self, seconds: float) -> None:
        """Give what waits so long to be written down."""
        ends = asyncio.get_running_loop().time() + seconds
        while self.waits and asyncio.get_running_loop().time() < ends:
            await asyncio.sleep(LOOK_SECONDS / 10)

    @property
    def waits(self) -> bool:
        """Whether anything is left to be written down or given back."""
        return bool(self._held or self._kept)

    async def _try_kept(self) -> None:
        now = self._time.now()
        kept, self._kept = [one for one in self._kept if one.until > now], []
        if kept:
            try:
                self._kept += await self._link.attempt(lambda db: release(db, kept, now))
            except TIMED_OUT:
                self._kept += kept

    async def close(self) -> None:
        await self._link.close()

    async def _try(self, endpoint_id: int) -> None:
        held = self._held[endpoint_id]
        # More may come while we write.
        new = list(held.unwritten)

        async def write(db: Connection) -> None:
            await note(db, new, (), self._time.now())

        async def look(db: Connection) -> dict[int, Health]:
            async with db.transaction():
                return await judge(db, done, [endpoint_id], self._time.now())

        try:
            if new:
                await self._link.attempt(write)
                del held.unwritten[: len(new)]
                held.written += new
            done = list(held.written)
            health = await self._link.attempt(look) if held.looks else {}
        except TIMED_OUT:
            return
        if held.looks and endpoint_id not in health:
            return
        if held.unwritten:
            # Came meanwhile, and may need a look of their own: with the next turn.
            held.written = []
        else:
            del self._held[endpoint_id]
        await self._learn(done, health)
