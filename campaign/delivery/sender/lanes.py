"""A lane per endpoint: so many in flight, so many a second. What one endpoint does delays no other."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Sequence
from datetime import datetime
from typing import Any

import structlog

from campaign.delivery.sender.claims import SECONDS_AHEAD, Claimed, Held, Target, size_of
from campaign.delivery.sender.places import Places

log = structlog.get_logger(__name__)

_NEWEST_COUNTS = 0.2

Send = Callable[[Target, Claimed], Coroutine[Any, Any, bool]]
"""Gives whether the place stays taken until what came of it is written down."""


class Lane:
    """What we hold for one endpoint: waiting in claim order, and in flight."""

    def __init__(self, target: Target, send: Send, on_room: Callable[[int], None], places: Places) -> None:
        self.target = target
        self.agency_id = 0
        self.size = 0
        """Bytes of all that we have."""
        self.has_more = False
        self.is_well = target.healthy
        self.success_noted_at = 0.0
        self.used_at = time.monotonic()
        # Monotonic time at which we learnt that the endpoint pauses.
        self.paused_at = 0.0
        self._send = send
        self._on_room = on_room
        self._places = places
        self._waiting: deque[Claimed] = deque()
        self._flying: dict[int, Claimed] = {}
        self._tasks: dict[asyncio.Task[bool], int] = {}
        # How long its calls took of late.
        self._seconds = 0.0
        # A bucket that holds one second's worth: bursts pass, the average does not exceed the rate.
        self._tokens = float(target.per_second)
        self._filled_at = time.monotonic()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def load(self) -> int:
        return len(self._waiting) + len(self._flying)

    @property
    def room(self) -> int:
        """For how many more: a lane must not run dry between claims, nor keep what it cannot send in time."""
        return max(0, self.most - self.load)

    @property
    def most(self) -> int:
        """How many it can make use of: as many as it may be sent, and answers, within SECONDS_AHEAD."""
        places = self.target.max_in_flight
        if self._seconds == 0:
            return self.target.most
        return min(self.target.most, max(places, int(places * SECONDS_AHEAD / self._seconds)))

    @property
    def has(self) -> Held | None:
        """What a claim is to know of it; None where it is as any other."""
        return Held(self.load, self.most) if self.load or self.most < self.target.most else None

    @property
    def held(self) -> list[Claimed]:
        """All that we have of it, waiting or under way."""
        return [*self._waiting, *self._flying.values()]

    def outlived(self, now: datetime) -> list[int]:
        """Of what we have, what its lease has run out of: it waits for its turn, or to be written down."""
        first = (next(iter(held), None) for held in (self._waiting, self._flying.values()))
        # Each in the order in which it was claimed, near enough: the first is the oldest.
        if all(one is None or one.until > now for one in first):
            return []
        return [one.id for one in self.held if one.until <= now]

    @property
    def tasks(self) -> Collection[asyncio.Task[bool]]:
        """Those that call, or wait for an answer."""
        return self._tasks

    def add(self, claimed: Claimed) -> None:
        self._waiting.append(claimed)
        self.size += size_of(claimed)
        self.agency_id = claimed.agency_id
        self._places.enter(self)

    def pump(self) -> None:
        """Start as many as places and rate allow."""
        self._refill()
        while self._waiting and len(self._flying) < self.target.max_in_flight:
            if self._tokens < 1:
                self._come_back((1 - self._tokens) / self.target.per_second)
                break
            if not self._places.take(self):
                break
            self._tokens -= 1
            claimed = self._waiting.popleft()
            task = asyncio.get_running_loop().create_task(self._send(self.target, claimed))
            self._flying[claimed.id] = claimed
            self._tasks[task] = claimed.id
            task.add_done_callback(self._ended)
        if self.has_more and len(self._waiting) <= self.most // 2:
            self.has_more = False
            self._on_room(self.target.id)

    def drop(self) -> list[Claimed]:
        """Take out what has not been started: the endpoint pauses, or we stop."""
        dropped = list(self._waiting)
        self._waiting.clear()
        self.has_more = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._gone(dropped)
        return dropped

    def cancel(self) -> list[Claimed]:
        """Give up on the calls that have not come back; gives what they were for."""
        late = [self._flying[delivery_id] for delivery_id in self._tasks.values()]
        for task in self._tasks:
            task.cancel()
        return late

    def took(self, seconds: float) -> None:
        """A call to it came back after so long."""
        known = self._seconds or seconds
        self._seconds = known + (seconds - known) * _NEWEST_COUNTS

    def land(self, delivery_id: int) -> None:
        """Its place is free: what came of it is written down, or it was given back."""
        self._landed(delivery_id)
        self.pump()

    def _landed(self, delivery_id: int) -> None:
        if (claimed := self._flying.pop(delivery_id, None)) is not None:
            self._gone((claimed,))

    def _gone(self, claimed: Sequence[Claimed]) -> None:
        self.size -= sum(map(size_of, claimed))
        self._leave_if_idle()

    def _leave_if_idle(self) -> None:
        if not self.load and not self._tasks:
            self._places.leave(self)

    def _ended(self, task: asyncio.Task[bool]) -> None:
        delivery_id = self._tasks.pop(task)
        self._places.give(self)
        if task.cancelled():
            self._landed(delivery_id)
        elif task.exception() is not None:
            # The lease runs out and it is tried again; the fault is ours and must be seen.
            log.error("delivery_fault", endpoint_id=self.target.id, exc_info=task.exception())
            self.land(delivery_id)
        elif not task.result():
            # It was not called: the next may go in its place.
            self._tokens = min(float(self.target.per_second), self._tokens + 1)
            self.land(delivery_id)
        self._leave_if_idle()

    def _refill(self) -> None:
        now = time.monotonic()
        self._tokens = min(
            float(self.target.per_second), self._tokens + (now - self._filled_at) * self.target.per_second
        )
        self._filled_at = now

    def _come_back(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self.pump()
