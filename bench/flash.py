"""A flash: 20,000 orders of one product within ten seconds, refunds behind them. Nothing lost, and pages still open.

And the same again while the database stands still for two of them: more pushes wait than the way in allows.
"""

import asyncio
import http.client
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from bench import floor
from bench.figures import Figure, anchor, count, held, percentile
from bench.floor import Floor, Pusher
from bench.grounds import Grounds
from bench.serving import KEY, product
from campaign.kit import ids, redis
from campaign.sales import projecting

NAME = "flash"
ORDERS = {True: 20_000, False: 400}
SECONDS = {True: 9.8, False: 2}
"""Of ten: what is offered last is to be answered within them too."""
EVENTS_A_POST = 10
CLIENTS = 32
FLOODING = 160
"""Connections of the flash in which the database stands still: twice what may be inside."""

STANDS_STILL = {True: (3.0, 2.0), False: (0.5, 1.5)}
"""From when, and for how long, in seconds."""

_REFUNDED = 10
"""One order in so many comes back, in the seconds after the flash."""
_QUIET_SECONDS = {True: 10, False: 2}
_LOOKS_A_SECOND = 10
_MERGED_WITHIN_SECONDS = 180

_SOLD = (
    "SELECT coalesce(sum(lines), 0)::bigint, coalesce(sum(refund_pre_ship_fen), 0)::bigint FROM session_total"
    " WHERE session_id = %s"
)


def run(grounds: Grounds) -> Iterator[Figure]:
    """What was answered is in raw log, lines, sums and Redis; pages' p95 at most three times their quiet time."""
    url = grounds.database("flash", floor.fill)
    client = redis.connect(grounds.redis_url)
    client.flushdb()  # session ids of other benches
    found = floor.opened(url)
    with product(grounds, url) as port:
        asyncio.run(_warm(port, found))
        quiet = _Looking(port, found)
        time.sleep(_QUIET_SECONDS[grounds.full])
        quiet.stop()
        yield from _figures(_flash(grounds, url, client, port, found), quiet, "")
        with _standing_still(url, *STANDS_STILL[grounds.full]):
            second = _flash(grounds, url, client, port, found, room=1, clients=FLOODING)
        yield from _figures(second, quiet, "standing still: ")
        yield count(NAME, "standing still: POSTs sent away", second.refused, "", bar=">= 1")
    client.close()
    yield count(NAME, "raw, lines, sums, Redis: differ", _differences(grounds, url), "", bar="<= 0")


async def _warm(port: int, found: Floor) -> None:
    """Statements prepared, every other room with a sale."""
    pusher = Pusher(port, found.pusher)
    for room in range(2, floor.ROOMS):
        await pusher.push([floor.line(room, 0, 1)])
    pusher.close()


@dataclass
class _Flash:
    """What came of one. In seconds: until the last order was answered, and the last refund; how long after its moment
    the latest order was; until all of it was in the sums.
    """

    orders: int
    sold: float
    returned: float
    late: float
    merged: float
    lost: int
    refused: int
    post_p99: float
    looks: "_Looking"


def _flash(
    grounds: Grounds,
    url: str,
    client: redis.Client,
    port: int,
    found: Floor,
    *,
    room: int = 0,
    clients: int = CLIENTS,
) -> _Flash:
    orders, seconds = ORDERS[grounds.full], SECONDS[grounds.full]
    looks = _Looking(port, found)
    pushers, sold, returned, late = asyncio.run(_sell(port, found, room, clients, orders, seconds))
    looks.stop()
    merged = _merged(url, found.sessions[room], orders)
    told = projecting.find(client, [found.sessions[room]])[found.sessions[room]]["totals"]["CNY"]
    lost = orders - told["lines"] + orders // _REFUNDED - told["refund_pre_ship_fen"] // 129900
    refused = sum(one.refused for one in pushers)
    post_p99 = percentile([one for each in pushers for one in each.waits], 0.99)
    return _Flash(orders, sold, returned, late, merged, lost, refused, post_p99, looks)


async def _sell(
    port: int, found: Floor, room: int, clients: int, orders: int, seconds: float
) -> tuple[list[Pusher], float, float, float]:
    """Offered evenly over the seconds, however long the answers take; then the refunds, as fast as they go."""
    pushers = [Pusher(port, found.pusher) for _ in range(clients)]
    starts = itertools.count(0, EVENTS_A_POST)
    backs = itertools.count(0, EVENTS_A_POST)
    late = [0.0]
    begin = time.monotonic()

    async def sell(pusher: Pusher) -> None:
        while (start := next(starts)) < orders:
            due = begin + start / orders * seconds
            await asyncio.sleep(due - time.monotonic())
            at = await pusher.push(
                floor.line(room, number, 7) for number in range(start, start + EVENTS_A_POST)
            )
            late.append(at - due)

    async def give_back(pusher: Pusher) -> None:
        while (start := next(backs)) < orders // _REFUNDED:
            await pusher.push(
                floor.refund(room, number * _REFUNDED) for number in range(start, start + EVENTS_A_POST)
            )

    await asyncio.gather(*map(sell, pushers))
    sold = time.monotonic() - begin
    await asyncio.gather(*map(give_back, pushers))
    returned = time.monotonic() - begin
    for pusher in pushers:
        pusher.close()
    return pushers, sold, returned, max(late)


@contextmanager
def _standing_still(url: str, start: float, seconds: float) -> Iterator[None]:
    """From `start` on nobody can claim a key for so many seconds; pages are not touched."""

    def hold() -> None:
        time.sleep(start)
        with psycopg.connect(url) as connection:
            connection.execute("LOCK TABLE sale_event_key IN SHARE ROW EXCLUSIVE MODE")
            time.sleep(seconds)
            connection.rollback()

    holding = threading.Thread(target=hold, daemon=True)
    holding.start()
    yield
    holding.join()


def _figures(flash: _Flash, quiet: "_Looking", named: str) -> Iterator[Figure]:
    said = f"{named}{flash.orders:,} orders"
    if named:
        yield anchor(NAME, f"{said}: answered", flash.sold, "s")
    else:
        yield count(NAME, f"{said}: answered", flash.sold, "s", bar="<= 10")
    yield anchor(NAME, f"{said}: the latest behind its moment", flash.late, "s")
    yield anchor(NAME, f"{said}, and refunds: answered", flash.returned, "s")
    if not named:
        yield anchor(NAME, "POSTs refused with 503, and taken then", flash.refused, "")
    yield anchor(NAME, f"{named}POST p99", flash.post_p99, "s")
    yield anchor(NAME, f"{named}merged after the last answer", flash.merged, "s")
    yield count(NAME, f"{named}lost, by Redis", flash.lost, "", bar="<= 0")
    p95, still = percentile(flash.looks.waits, 0.95), percentile(quiet.waits, 0.95)
    if named:
        # They share the cores with all that was held up and now comes at once.
        yield anchor(NAME, f"{named}pages meanwhile p95", p95 * 1000, "ms")
        return
    against = f"quiet, {still * 1000:.0f} ms"
    yield held(NAME, "pages meanwhile p95", p95 * 1000, "ms", against=against, ratio=p95 / still, bar="<= 3")


class _Looking:
    """Somebody who opens pages, so many a second, while other things happen."""

    def __init__(self, port: int, found: Floor) -> None:
        self._port, self._key = port, found.viewer
        other = ids.public("ses", found.sessions[1])
        self._paths = ("/hub", "/hub/live", "/hub/board", f"/hub/sessions/{other}", "/hub/alerts")
        self.waits: list[float] = []
        self._over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over = True
        self._thread.join(60)

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        headers = {"Authorization": f"Bearer {self._key}", "Accept-Language": "en"}
        for path in itertools.cycle(self._paths):
            if self._over:
                break
            began = time.monotonic()
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{path} answered with {answer.status}")
            self.waits.append(time.monotonic() - began)
            time.sleep(max(0.0, began + 1 / _LOOKS_A_SECOND - time.monotonic()))
        connection.close()


def _merged(url: str, session_id: int, orders: int) -> float:
    """Seconds until all of it is in the sums. Raises when it never is."""
    began = time.monotonic()
    wanted = (orders, orders // _REFUNDED * 129900)
    with psycopg.connect(url, autocommit=True) as connection:
        while (found := connection.execute(_SOLD, (session_id,)).fetchone()) != wanted:
            if time.monotonic() - began > _MERGED_WITHIN_SECONDS:
                raise RuntimeError(f"{found} of {wanted} after {_MERGED_WITHIN_SECONDS} s")
            time.sleep(0.1)
    taken = time.monotonic() - began
    time.sleep(1)  # Redis is told right after
    return taken


def _differences(grounds: Grounds, url: str) -> int:
    """By the product's own command: raw events merged anew, lines recounted, Redis compared."""
    given = {"DATABASE_URL": url, "REDIS_URL": grounds.redis_url, "CAMPAIGN_SECRET_KEY": KEY}
    done = subprocess.run(
        [sys.executable, "-m", "campaign", "reconcile", "--json"],
        env=os.environ | given,
        capture_output=True,
        check=False,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    return len(told["differences"]) + int(told["redis_repaired"])
