"""How soon a sale is seen: answered → in Redis, and on the open page, at 500 events a second on fifty shows."""

import asyncio
import http.client
import re
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from bench import floor
from bench.figures import Figure, anchor, count, percentile
from bench.floor import Floor, Pusher
from bench.grounds import Grounds
from bench.serving import product
from campaign.kit import ids, redis
from campaign.sales import projecting

NAME = "live"
EVENTS_A_POST = 10
_SECONDS = {True: 60, False: 4}
_WARM = {True: 10, False: 1}
"""Not counted: processes that have just begun prepare their statements."""
_LATEST_SECONDS = 60
STREAMS = 8
"""As many as one web process lets in."""

IN_REDIS, ON_PAGE = "in Redis", "on the page"
BARS = {IN_REDIS: "<= 0.2", ON_PAGE: "<= 2"}

_LINES = re.compile(r"([\d,]+) order lines")


@dataclass
class _Seen:
    """By session: when so many of its lines were first seen, both growing."""

    lines: dict[int, list[int]] = field(default_factory=dict)
    at: dict[int, list[float]] = field(default_factory=dict)

    def note(self, session_id: int, lines: int) -> None:
        known = self.lines.setdefault(session_id, [])
        if not known or lines > known[-1]:
            known.append(lines)
            self.at.setdefault(session_id, []).append(time.monotonic())

    def when(self, session_id: int, lines: int) -> float | None:
        place = bisect_left(self.lines.get(session_id, []), lines)
        moments = self.at.get(session_id, [])
        return moments[place] if place < len(moments) else None


def run(grounds: Grounds) -> Iterator[Figure]:
    """The median of the rounds' p99 of both, bars: 200 ms and 2 s. Each round sells into a database of its own."""
    waits: dict[str, list[list[float]]] = {name: [] for name in BARS}
    rates = []
    for turn in range(grounds.rounds):
        rate, found = _round(grounds, grounds.database(f"live_{turn}", floor.fill))
        rates.append(rate)
        for name, each in found.items():
            waits[name].append(each)
    said = f"{median(rates):.0f} events/s"
    for name, rounds in waits.items():
        typical = [percentile(each, 0.5) for each in rounds]
        slow = [percentile(each, 0.99) for each in rounds]
        yield anchor(NAME, f"answered to {name} p50, {said}", median(typical), "s")
        yield count(NAME, f"answered to {name} p99, {said}", median(slow), "s", bar=BARS[name])
        yield anchor(NAME, f"answered to {name} p99, the worst round", max(slow), "s")
        yield anchor(NAME, f"answered to {name}, the latest, {said}", max(map(max, rounds)), "s")


def _round(grounds: Grounds, url: str) -> tuple[float, dict[str, list[float]]]:
    """Events a second, and by what is looked at how long each POST's lines took to be seen there."""
    client = redis.connect(grounds.redis_url)
    client.flushdb()  # session ids of other rounds and benches
    found = floor.opened(url)
    in_redis, on_page, over = _Seen(), _Seen(), threading.Event()
    with product(grounds, url) as port:
        watchers = [
            threading.Thread(target=_watch_redis, args=(grounds.redis_url, in_redis, over), daemon=True)
        ]
        watchers += [
            threading.Thread(target=_watch_page, args=(port, found, session_id, on_page, over), daemon=True)
            for session_id in found.sessions[:STREAMS]
        ]
        for one in watchers:
            one.start()
        time.sleep(3)
        answered = asyncio.run(_push(port, found, _SECONDS[grounds.full], _WARM[grounds.full]))
        _wait_for_the_last(answered, in_redis, found.sessions)
        _wait_for_the_last(answered, on_page, found.sessions[:STREAMS])
        over.set()
        for one in watchers:
            one.join(10)
    client.close()
    counted = [one for one in answered if one.counted]
    return len(counted) * EVENTS_A_POST / _SECONDS[grounds.full], {
        IN_REDIS: _waits(counted, in_redis, set(found.sessions)),
        ON_PAGE: _waits(counted, on_page, set(found.sessions[:STREAMS])),
    }


@dataclass(frozen=True)
class _Answered:
    """So many lines of a session were durable from this moment on; counted unless all was still warming."""

    session_id: int
    lines: int
    at: float
    counted: bool


async def _push(port: int, found: Floor, seconds: float, warm: float) -> list[_Answered]:
    """Each room a POST a second, one after the other, so that the count of its durable lines is exact."""
    answered: list[_Answered] = []
    begin = time.monotonic()

    async def of_room(room: int) -> None:
        pusher, number = Pusher(port, found.pusher), 0
        due = begin + room / floor.ROOMS
        while due < begin + seconds + warm:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            some = range(number, number + EVENTS_A_POST)
            at = await pusher.push(floor.line(room, one, one % 500) for one in some)
            number += EVENTS_A_POST
            answered.append(_Answered(found.sessions[room], number, at, at > begin + warm))
            due += 1.0
        pusher.close()

    await asyncio.gather(*(of_room(room) for room in range(floor.ROOMS)))
    return answered


def _wait_for_the_last(answered: list[_Answered], seen: _Seen, sessions: list[int]) -> None:
    until = time.monotonic() + _LATEST_SECONDS
    last = {one.session_id: one.lines for one in answered if one.session_id in sessions}
    while any(seen.when(session_id, lines) is None for session_id, lines in last.items()):
        if time.monotonic() > until:
            raise RuntimeError(f"not all is seen {_LATEST_SECONDS} s after the last answer")
        time.sleep(0.1)


def _watch_redis(url: str, seen: _Seen, over: threading.Event) -> None:
    client = redis.connect(url)
    with client.pubsub(ignore_subscribe_messages=True) as heard:  # type: ignore[no-untyped-call]
        heard.subscribe(projecting.CHANNEL)
        while not over.is_set():
            message = heard.get_message(timeout=1)
            if message is not None:
                session_id = int(message["data"])
                for told in projecting.find(client, [session_id]).values():
                    seen.note(session_id, sum(one["lines"] for one in told["totals"].values()))
    client.close()


def _watch_page(port: int, found: Floor, session_id: int, seen: _Seen, over: threading.Event) -> None:
    """The event stream as a browser reads it; taken up again when it ends."""
    path = f"/hub/sessions/{ids.public('ses', session_id)}/stream"
    headers = {"Authorization": f"Bearer {found.viewer}", "Accept-Language": "en"}
    while not over.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        while not over.is_set() and (text := answer.readline()):
            told = _LINES.search(text.decode())
            if told:
                seen.note(session_id, int(told[1].replace(",", "")))
        connection.close()


def _waits(counted: list[_Answered], seen: _Seen, sessions: set[int]) -> list[float]:
    waits = []
    for one in counted:
        if one.session_id in sessions:
            at = seen.when(one.session_id, one.lines)
            if at is None:
                raise RuntimeError(f"never seen: {one}")
            waits.append(max(0.0, at - one.at))
    return waits
