"""The sender: woken by NOTIFY, swept by its own timer; stops in order on SIGTERM."""

import asyncio
import contextlib
import random
import secrets as randomness
import signal
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
import uvloop

from campaign.delivery.backoff import after_try
from campaign.delivery.sender.claims import (
    ALL_DAYS,
    LARGEST_SIZE,
    Claimed,
    Held,
    Target,
    changed,
    claim,
    release,
)
from campaign.delivery.sender.connection import Connection, Link, Time, sign_of_life
from campaign.delivery.sender.due import Due
from campaign.delivery.sender.fanout import Fanned, Hands, fan_out
from campaign.delivery.sender.herald import Herald, Wording
from campaign.delivery.sender.lanes import Lane
from campaign.delivery.sender.notes import Try
from campaign.delivery.sender.noting import Noting
from campaign.delivery.sender.places import Places, shares
from campaign.delivery.sender.posting import Posting
from campaign.delivery.sender.registry import enter, free_dead, free_own, lead, leave, resign
from campaign.delivery.sender.secrets import Secrets
from campaign.delivery.sender.tasks import breathing, started, within
from campaign.kit import descriptors
from campaign.kit.outgoing import LOCAL, TOTAL_SECONDS, Client, Guard
from campaign.outbox.actions import CHANNEL, FACT
from config.settings import Settings

log = structlog.get_logger(__name__)

TICK_SECONDS = 1.0
HELD_UP_SECONDS = 0.1
HAND_OVER_SECONDS = 1.5
DRAIN_SECONDS = float(TOTAL_SECONDS + 1)
STOP_SECONDS = 0.4
# Woken by NOTIFY we look at fresh days only; the timer looks at all that retention keeps.
FRESH_DAYS = 1
IDLE_SECONDS = 600.0


HANDS_BYTES = 128 * 2**20
"""Of all that waits here or is under way. Bodies differ a lot: what is not read yet counts as large as one may be."""

HOGS = 16
"""An endpoint is given no more than this part of what is left."""


class Sender:
    """One sending process. `run` returns after a graceful stop, which lets calls under way end for so many seconds."""

    def __init__(self, settings: Settings, wording: Wording, *, drain_seconds: float = DRAIN_SECONDS) -> None:
        self._drain_seconds = drain_seconds
        self._guard = Guard(settings.outgoing_allow)
        calls, notices = shares(descriptors.limit())
        self._places, self._connections = Places(calls), calls + notices
        url = settings.database_url
        # Claims and notes wait for the disk: what lanes hold must be ours after a crash of PostgreSQL too, or it
        # would be claimed and sent again; what was sent must be known before its place is free.
        self._work = Link(url, "sender work")
        self._fan = Link(url, "sender fan-out", durable=False)
        self._ears = Link(url, "sender ears")
        self._token = randomness.randbits(62)
        self._time = Time(timedelta(seconds=settings.clock_offset_seconds))
        self._secrets = Secrets(settings.secret_key)
        self._lanes: dict[int, Lane] = {}
        self._posting = Posting(self._guard, self._secrets)
        self._news = asyncio.Event()
        self._due = Due()
        self._noting = Noting(url, self._lanes, self._due, self._time)
        self._stopping = asyncio.Event()
        # Whether the locks that stand for us are ours: without them another may lead, take us for dead, and what we
        # hold for free.
        self._leads = False
        # Over which of its connections we know what was claimed: one that breaks may swallow the answer to a claim.
        self._sure_of = (0, 0)
        # Held while what fan-out claimed is not in the lanes yet: it is not to be taken for something lost meanwhile.
        self._hands = asyncio.Lock()
        self._herald = Herald(settings, self._guard, self._token, self._time, wording, most=notices)
        self._http: Client

    async def run(self) -> None:
        """Send until stop() is called; then finish what is in flight, give back the rest, and return."""
        async with self._guard.client(connections=self._connections) as http:
            self._http = http
            stopped = started(self._stopped())
            clock = started(self._noting.link.insist(self._time.read))
            await asyncio.wait((stopped, clock), return_when=asyncio.FIRST_COMPLETED)
            if not clock.done():
                # Told to stop before there was a database: nothing was begun.
                clock.cancel()
                return
            clock.result()
            ears, fan, pump = map(started, (self._listen(), self._keep_fanning(), self._keep_pumping()))
            notes, aside = started(self._noting.run()), started(self._noting.aside.run())
            herald = started(self._herald.run(http))
            log.info("sender_ready")
            # The others only end by a fault of ours: then the process ends too and is started again.
            ended, _ = await asyncio.wait(
                (stopped, ears, fan, pump, notes, aside, herald), return_when=asyncio.FIRST_COMPLETED
            )
            for task in ended:
                task.result()
            ears.cancel()
            ends = time.monotonic() + self._drain_seconds
            await asyncio.gather(within(STOP_SECONDS, fan), within(STOP_SECONDS, pump))
            await asyncio.gather(self._drain(), self._herald.stop(self._drain_seconds))
            await within(STOP_SECONDS, herald)
            if not await self._noting.finish(notes, STOP_SECONDS):
                # What was answered is to be known, or it comes twice; but nobody else is to wait for that.
                await within(STOP_SECONDS, started(self._ears.insist(resign)))
                await self._noting.finish(notes, ends - time.monotonic())
            notes.cancel()
            aside.cancel()
            await within(STOP_SECONDS, started(self._work.insist(lambda db: leave(db, self._token))))
        for link in (self._work, self._fan, self._noting, self._ears):
            await link.close()
        log.info("sender_stopped")

    def stop(self) -> None:
        """Ask for a graceful stop."""
        self._stopping.set()
        self._news.set()
        self._due.at_all()

    async def _stopped(self) -> None:
        await self._stopping.wait()

    async def _listen(self) -> None:
        async def listen(db: Connection) -> None:
            await enter(db, self._token)
            await lead(db)
            await self._work.insist(self._take_stock)
            await db.execute(f"LISTEN {CHANNEL}")
            self._leads = True
            try:
                # Whatever was said while nobody listened.
                self._due.at_all()
                self._news.set()
                async for told in db.notifies():
                    if told.payload != FACT:
                        self._due.at_all()
                    self._news.set()
                    self._herald.wake()
            finally:
                self._leads = False

        while True:
            await self._ears.insist(listen)

    async def _take_stock(self, db: Connection) -> None:
        """Begin anew but for what is in flight: while our lock was gone others may have taken what waits in our lanes,
        and a crash may have swallowed the answer to a claim.
        """
        async with self._hands:
            for lane in self._lanes.values():
                lane.drop()
            await self._free_unheld(db)

    async def _free_unheld(self, db: Connection) -> None:
        """To be called with the hands: what they hold stands in no lane yet."""
        openings = self._openings
        held = [one.id for lane in self._lanes.values() for one in lane.held]
        await free_own(db, self._token, held, self._time.now())
        self._sure_of = openings

    @property
    def _rows_left(self) -> int:
        """For how many more we have memory, in any case."""
        return max(0, HANDS_BYTES - sum(lane.size for lane in self._lanes.values())) // LARGEST_SIZE

    @property
    def _openings(self) -> tuple[int, int]:
        return self._work.openings, self._fan.openings

    async def _keep_fanning(self) -> None:
        """Beside the claims, so that lanes do not run dry while the next messages are made."""
        while not self._stopping.is_set():
            self._news.clear()
            fanned = await self._fan.insist(self._fan_out) if self._leads else Fanned()
            if fanned.more:
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), HELD_UP_SECONDS if fanned.held_up else TICK_SECONDS)

    async def _fan_out(self, db: Connection) -> Fanned:
        """One turn, and into our lanes what it made for those that have room."""
        async with self._hands:
            each = self._rows_left // max(HOGS, len(self._lanes))
            rooms = {
                endpoint_id: min(lane.room, each)
                for endpoint_id, lane in self._lanes.items()
                if not lane.has_more and not self._due.waits(endpoint_id)
            }
            asked_at = time.monotonic()
            now = self._time.now()
            fanned = await fan_out(db, now, Hands(self._token, rooms if self._leads else {}))
            await self._take_up(db, fanned.taken, asked_at, now)
        for endpoint_id in fanned.endpoints:
            lane = self._lanes.get(endpoint_id)
            if lane is not None and lane.load:
                # It asks when it has room again.
                lane.has_more = True
                lane.pump()
            else:
                self._due.at_one(endpoint_id)
        return fanned

    async def _keep_pumping(self) -> None:
        swept_at = 0.0
        while not self._stopping.is_set():
            sweep = self._leads and time.monotonic() - swept_at >= TICK_SECONDS
            if sweep:
                swept_at = time.monotonic()
                await self._work.insist(sign_of_life)
                await self._work.insist(lambda db: free_dead(db, self._token, self._time.now()))
                self._due.at_all()
                self._forget_idle()
            only = self._due.take()
            await self._work.insist(partial(self._turn, days=ALL_DAYS if sweep else FRESH_DAYS, only=only))
            self._due.answered()
            await self._due.wait(TICK_SECONDS)

    async def _turn(self, db: Connection, *, days: int, only: Sequence[int] | None) -> None:
        """Claim, and start what was claimed."""
        if not self._leads or (only is not None and not only):
            return
        if self._sure_of != self._openings:
            async with self._hands:
                await self._free_unheld(db)
        now = self._time.now()
        if only is None:
            await self._follow(db, now)
        held = {endpoint_id: has for endpoint_id, lane in self._lanes.items() if (has := lane.has)}
        rows = self._rows_left
        if not rows:
            return
        each = max(1, rows // HOGS)
        since = (now - timedelta(days=days)).date()
        ours = [one for lane in self._lanes.values() for one in lane.outlived(now)]
        asked_at = time.monotonic()
        taken = await claim(
            db, now=now, lease=self._token, held=held, since=since, only=only, ours=ours, rows=rows, each=each
        )
        for endpoint_id, count in (await self._take_up(db, taken, asked_at, now)).items():
            lane = self._lanes[endpoint_id]
            room = min(held.get(endpoint_id, Held(0, lane.target.most)).room, each)
            lane.has_more = count >= room or len(taken) == rows
            lane.pump()

    async def _follow(self, db: Connection, now: datetime) -> None:
        """What somebody changed of an endpoint holds for what its lane has already, too."""
        revisions = {endpoint_id: lane.target.rev for endpoint_id, lane in self._lanes.items() if lane.load}
        for target, goes_on in await changed(db, revisions) if revisions else ():
            self._use_lane(target)
            await self._secrets.refresh(db, [target], now)
            if not goes_on:
                self._noting.aside.keep(await release(db, self._lanes[target.id].drop(), now))

    async def _take_up(
        self, db: Connection, taken: Sequence[tuple[Claimed, Target]], asked_at: float, now: datetime
    ) -> Counter[int]:
        """Into the lanes, which are started; gives how many for each endpoint."""
        targets = {target.id: target for _, target in taken}
        for target in targets.values():
            self._use_lane(target)
        await self._secrets.refresh(db, targets.values(), now)
        late: list[Claimed] = []
        counts: Counter[int] = Counter()
        for claimed, target in taken:
            lane = self._lanes[target.id]
            if lane.paused_at > asked_at or target.rev < lane.target.rev:
                # Judged or changed while we were asking: the claim may not have seen that the endpoint pauses.
                late.append(claimed)
                continue
            counts[target.id] += 1
            lane.add(claimed)
        async for endpoint_id in breathing(counts, 25):
            self._lanes[endpoint_id].pump()
        if late:
            self._noting.aside.keep(await release(db, late, now))
        return counts

    def _use_lane(self, target: Target) -> None:
        lane = self._lanes.get(target.id)
        if lane is None:
            lane = self._lanes[target.id] = Lane(target, self._send, self._due.at_one, self._places)
        if target.rev < lane.target.rev:
            # Read before it was changed, by the other connection.
            return
        lane.target = target
        lane.is_well = target.healthy
        lane.used_at = time.monotonic()

    def _forget_idle(self) -> None:
        """Endpoints come and go; one that is long without work keeps no lane and no secret in memory."""
        before = time.monotonic() - IDLE_SECONDS
        for endpoint_id in [
            one for one, lane in self._lanes.items() if not lane.load and lane.used_at < before
        ]:
            del self._lanes[endpoint_id]
            self._secrets.forget(endpoint_id)

    async def _send(self, target: Target, claimed: Claimed) -> bool:
        now = self._time.now()
        if not self._leads or claimed.until - now <= timedelta(seconds=TOTAL_SECONDS + 1):
            # Another may take it before our answer is noted: it waited too long in the lane, or our lock is gone.
            await self._noting.give_back([claimed])
            return False
        answer = await self._posting.post(self._http, target, claimed, now)
        if answer.error == LOCAL:
            # Ours, and no try of the receiver's.
            self._places.rest()
            await self._noting.give_back([claimed])
            return False
        self._lanes[target.id].took(answer.took_ms / 1000)
        now = self._time.now()
        verdict = after_try(claimed.step, answer.status, answer.retry_after, now, random.random())  # noqa: S311 - jitter
        self._noting.add(Try(claimed, target.url, answer, verdict, now))
        return True

    async def _drain(self) -> None:
        """Let calls under way end; what is not started, or does not end in time, is given back."""
        dropped = [one for lane in self._lanes.values() for one in lane.drop()]
        await within(STOP_SECONDS, started(self._noting.give_back(dropped)))
        flying = {task for lane in self._lanes.values() for task in lane.tasks}
        hand_over = min(HAND_OVER_SECONDS, self._drain_seconds)
        if flying and (await asyncio.wait(flying, timeout=hand_over))[1]:
            # One endpoint that hangs is no reason for all the others to wait: who stands by may begin.
            await within(STOP_SECONDS, started(self._ears.insist(resign)))
            await asyncio.wait(flying, timeout=self._drain_seconds - hand_over)
        late = [one for lane in self._lanes.values() for one in lane.cancel()]
        if late:
            log.warning("sender_stopped_in_flight", count=len(late))
            await within(STOP_SECONDS, started(self._noting.give_back(late)))


def serve(settings: Settings, wording: Wording, *, drain_seconds: float = DRAIN_SECONDS) -> None:
    """Run a sender until SIGTERM or SIGINT; then calls under way may end for so many seconds."""
    descriptors.raise_limit()

    async def run() -> None:
        sender = Sender(settings, wording, drain_seconds=drain_seconds)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, sender.stop)
        await sender.run()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
