"""What came of tries, on its way from the lanes to the database and back to them."""

import asyncio
import time
from collections.abc import Mapping, Sequence

import structlog

from campaign.delivery.breaker import Health
from campaign.delivery.sender.aside import Aside
from campaign.delivery.sender.claims import Claimed, release
from campaign.delivery.sender.connection import TIMED_OUT, Link, Time
from campaign.delivery.sender.due import Due
from campaign.delivery.sender.lanes import Lane
from campaign.delivery.sender.notes import Try, note
from campaign.delivery.sender.tasks import breathing
from campaign.kit import ids

log = structlog.get_logger(__name__)

NOTE_BATCH = 500
# One success a minute is enough to tell when an endpoint was last well.
SUCCESS_NOTED_EVERY = 60.0
# Of a row that somebody holds: all others wait for it once, then it waits alone (aside).
_PATIENCE_MS = 2000


class Noting:
    """Writes tries down in batches, over one connection; what is held up, over another (aside)."""

    def __init__(self, database_url: str, lanes: Mapping[int, Lane], due: Due, now: Time) -> None:
        self._link = Link(database_url, "sender notes", lock_ms=_PATIENCE_MS)
        self._lanes, self._due, self._time = lanes, due, now
        self._tries: asyncio.Queue[Try | None] = asyncio.Queue()
        self.aside = Aside(database_url, self._learn, now)

    @property
    def link(self) -> Link:
        """Its connection, while nothing is noted yet."""
        return self._link

    def add(self, one: Try) -> None:
        """Its place in the lane is free once it is written down: a kill can repeat no more than the places of an
        endpoint, and a dead one gets no more before its health is judged.
        """
        self._tries.put_nowait(one)

    async def run(self) -> None:
        """While one batch is written down the next gathers; returns after finish()."""
        last = False
        while not last:
            taken = [await self._tries.get()]
            while not self._tries.empty() and len(taken) < NOTE_BATCH:
                taken.append(self._tries.get_nowait())
            last = None in taken
            if tries := [one for one in taken if one is not None]:
                await self._note(tries)

    async def finish(self, running: asyncio.Task[None], seconds: float) -> bool:
        """No more are to come: wait so long for run() to write down what is there; gives whether all is."""
        self._tries.put_nowait(None)
        ends = time.monotonic() + max(0.0, seconds)
        await asyncio.wait([running], timeout=max(0.0, seconds))
        await self.aside.stop(ends - time.monotonic())
        return running.done() and not self.aside.waits

    async def give_back(self, claimed: Sequence[Claimed]) -> None:
        """What was not sent, and no try is counted; what somebody holds follows as soon as it is free."""
        if claimed:
            left = await self._link.insist(lambda db: release(db, claimed, self._time.now()))
            self.aside.keep(left)

    async def close(self) -> None:
        await self._link.close()
        await self.aside.close()

    async def _note(self, tries: list[Try]) -> None:
        to_judge = {one.claimed.endpoint_id for one in tries if self._needs_a_look(one)}
        # Tries of an endpoint are judged in the order in which they came.
        tries = self.aside.add(tries, to_judge)
        to_judge -= self.aside.endpoints
        if not tries:
            return
        try:
            health = await self._link.attempt(lambda db: note(db, tries, to_judge, self._time.now()))
        except TIMED_OUT as error:
            self.aside.put(tries, to_judge, error)
            return
        held_up = to_judge - health.keys()
        self.aside.put([one for one in tries if one.claimed.endpoint_id in held_up], held_up)
        await self._learn([one for one in tries if one.claimed.endpoint_id not in held_up], health)

    async def _learn(self, tries: Sequence[Try], health: Mapping[int, Health]) -> None:
        """Of tries that are written down: what their lanes need to know; and their places are free."""
        now = self._time.now()
        for endpoint_id, found in health.items():
            lane = self._lanes[endpoint_id]
            lane.is_well = found.failing_since is None
            waits = found.paused_until is not None and found.paused_until > now
            if found.disabled is not None:
                log.warning(
                    "endpoint_disabled", endpoint=ids.public("whe", endpoint_id), reason=found.disabled
                )
            if found.disabled is not None or waits:
                lane.paused_at = time.monotonic()
                await self.give_back(lane.drop())
            else:
                self._due.at_one(endpoint_id)
        async for one in breathing(tries, 100):
            self._lanes[one.claimed.endpoint_id].land(one.claimed.id)

    def _needs_a_look(self, one: Try) -> bool:
        lane = self._lanes[one.claimed.endpoint_id]
        if not one.answer.is_success or one.claimed.probe or not lane.is_well:
            return True
        if time.monotonic() - lane.success_noted_at < SUCCESS_NOTED_EVERY:
            return False
        lane.success_noted_at = time.monotonic()
        return True
