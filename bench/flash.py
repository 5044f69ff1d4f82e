"""A flash: 20,000 orders of one product within ten seconds, refunds behind them. Nothing lost, and pages still open."""

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
SECONDS = {True: 10, False: 2}
EVENTS_A_POST = 10
CLIENTS = 32
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
    orders, seconds = ORDERS[grounds.full], SECONDS[grounds.full]
    with product(grounds, url) as port:
        asyncio.run(_warm(port, found))
        quiet = _Looking(port, found)
        time.sleep(_QUIET_SECONDS[grounds.full])
        quiet.stop()
        busy = _Looking(port, found)
        pushers, taken = asyncio.run(_flash(port, found, orders, seconds))
        busy.stop()
        merged = _merged(url, found.sessions[0], orders)
        told = projecting.find(client, found.sessions[:1])[found.sessions[0]]["totals"]["CNY"]
    client.close()
    refused = sum(one.refused for one in pushers)
    lost = orders - told["lines"] + orders // _REFUNDED - told["refund_pre_ship_fen"] // 129900
    yield anchor(NAME, f"{orders:,} orders, refunds: answered", taken, "s")
    yield anchor(NAME, "POSTs refused with 503, and taken then", refused, "")
    yield anchor(NAME, "POST p99", percentile([one for each in pushers for one in each.waits], 0.99), "s")
    yield anchor(NAME, "merged after the last answer", merged, "s")
    yield count(NAME, "lost, by Redis", lost, "", bar="<= 0")
    yield count(NAME, "raw, lines, sums, Redis: differ", _differences(grounds, url), "", bar="<= 0")
    p95, still = percentile(busy.waits, 0.95), percentile(quiet.waits, 0.95)
    said = f"quiet, {still * 1000:.0f} ms"
    yield held(NAME, "pages meanwhile p95", p95 * 1000, "ms", against=said, ratio=p95 / still, bar="<= 3")


async def _warm(port: int, found: Floor) -> None:
    """Statements prepared, every other room with a sale."""
    pusher = Pusher(port, found.pusher)
    for room in range(1, floor.ROOMS):
        await pusher.push([floor.line(room, 0, 1)])
    pusher.close()


async def _flash(port: int, found: Floor, orders: int, seconds: float) -> tuple[list[Pusher], float]:
    """Offered evenly over the seconds, however long the answers take; gives when the last one had come."""
    pushers = [Pusher(port, found.pusher) for _ in range(CLIENTS)]
    starts = itertools.count(0, EVENTS_A_POST)
    backs = itertools.count(0, EVENTS_A_POST)
    begin = time.monotonic()

    async def sell(pusher: Pusher) -> None:
        while (start := next(starts)) < orders:
            await asyncio.sleep(begin + start / orders * seconds - time.monotonic())
            await pusher.push(floor.line(0, number, 7) for number in range(start, start + EVENTS_A_POST))

    async def give_back(pusher: Pusher) -> None:
        while (start := next(backs)) < orders // _REFUNDED:
            await pusher.push(
                floor.refund(0, number * _REFUNDED) for number in range(start, start + EVENTS_A_POST)
            )

    await asyncio.gather(*map(sell, pushers))
    await asyncio.gather(*map(give_back, pushers))
    for pusher in pushers:
        pusher.close()
    return pushers, time.monotonic() - begin


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
