"""Taking in sales: events a second that are durable when answered, beside what they are measured against."""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from statistics import median

import msgspec
import psycopg
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from bench import pushing, taking_in, upserts
from bench.figures import Figure, anchor, held
from bench.grounds import Grounds
from bench.serving import KEY, served, served_by
from campaign.accounts.actions import Scope, create_key
from campaign.kit.actor import SYSTEM
from campaign.kit.collector import spare_the_collector
from campaign.kit.database import Database
from campaign.sales.folding import fold
from campaign.sales.intake import Intake
from campaign.sales.merging_in import merge_waiting

NAME = "sales"
_SECONDS = {True: 2.0, False: 0.2}
_TASKS = {True: 400, False: 20}
_BATCH = taking_in.BATCH
_ONE_CLIENTS, _MANY_CLIENTS = 64, 4
_FAR = 10_000_000
"""Batches of other processes are numbered from here on."""
_MOST_SINGLES, _MOST_BATCHES = 40_000, 400
"""More than can be sent in one turn, a second of it: bodies are made before, outside of what is timed."""

_COPIED = (
    "CREATE SCHEMA copied; CREATE TABLE copied.event (shop text, type text, event_id text, line_id text,"
    " occurred_at timestamptz, payload jsonb, PRIMARY KEY (shop, type, event_id))"
)
_decoder = msgspec.json.Decoder()


@dataclass
class _Sides:
    """What is measured: name → events a second in one turn of so many seconds."""

    grounds: Grounds
    url: str
    database: Database
    key: str
    port: int
    throwing: int
    numbers: Iterator[int]

    def __post_init__(self) -> None:
        self.seconds = _SECONDS[self.grounds.full]
        self.intake = Intake(self.database, KEY.encode())
        self.copying = psycopg.connect(self.url)
        self.upserting = Session(create_engine(upserts.driver(self.url), pool_size=1))

    def bodies(self, count: int, size: int) -> list[bytes]:
        return [pushing.body(next(self.numbers) * size, size) for _ in range(count)]

    def path(self) -> float:
        """The way in without HTTP: bytes to verdicts, one thread."""
        return taking_in.rate(self.intake, iter(self.bodies(_MOST_BATCHES, _BATCH)), self.seconds)

    def paths(self) -> float:
        """The same in as many processes as the tasks have, together."""
        children = [self._path_apart() for _ in range(upserts.PROCESSES)]
        for child in children:
            _line(child)
        for child in children:
            print("go", file=child.stdin, flush=True)
        found = [float(_line(child)) for child in children]
        for child in children:
            child.communicate()
        return sum(found)

    def _path_apart(self) -> "subprocess.Popen[str]":
        first = 1000 * next(self.numbers) + _FAR
        command = [sys.executable, "-m", "bench.taking_in", self.url, str(self.seconds), str(first)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def copy(self) -> float:
        """COPY of the same events into a table with its unique key, a transaction per batch."""
        return self._timed(self._copy)

    def batched(self) -> float:
        """Batches of ORM ON CONFLICT."""
        return self._timed(lambda body: upserts.upsert_many(self.upserting, body))

    def http(self) -> float:
        """The way in over HTTP, 1,000 events a POST."""
        return self._posted(self.port, _BATCH, _MANY_CLIENTS, _MOST_BATCHES)

    def single(self) -> float:
        """The way in over HTTP, one event a POST."""
        return self._posted(self.port, 1, _ONE_CLIENTS, _MOST_SINGLES)

    def thrown(self) -> float:
        """One event a POST, decoded and forgotten by the same framework and server."""
        return self._posted(self.throwing, 1, _ONE_CLIENTS, _MOST_SINGLES)

    def naive(self) -> float:
        """One Celery task an event with ORM upserts, from the first sent to the last done."""
        events = [
            event
            for body in self.bodies(1, _TASKS[self.grounds.full])
            for event in _decoder.decode(body)["events"]
        ]
        with psycopg.connect(self.url, autocommit=True) as connection:
            count = "SELECT count(*) FROM naive.line"
            wanted = connection.execute(count).fetchone()[0] + len(events)  # type: ignore[index]
            began = time.monotonic()
            for event in events:
                upserts.upsert.delay(event)
            while connection.execute(count).fetchone()[0] < wanted:  # type: ignore[index]
                if time.monotonic() - began > 120:
                    raise RuntimeError("the tasks do not end")
                time.sleep(0.01)
            return len(events) / (time.monotonic() - began)

    def merged(self) -> float:
        """What waits merged into lines and folded into the rollups, one worker."""
        with self.database.transaction(SYSTEM) as db:
            waiting = db.execute(
                text("SELECT coalesce(sum(events), 0)::bigint FROM sale_parcel")
            ).scalar_one()
        done, began = 0, time.monotonic()
        while done < waiting and time.monotonic() - began < self.seconds:
            with self.database.transaction(SYSTEM) as db:
                done += merge_waiting(db, SYSTEM)
            self._fold()
        return done / (time.monotonic() - began)

    def _fold(self) -> None:
        while True:
            with self.database.transaction(SYSTEM) as db:
                if not fold(db, SYSTEM):
                    return

    def _copy(self, body: bytes) -> None:
        events = _decoder.decode(body)["events"]
        with self.copying.cursor() as cursor:
            with cursor.copy("COPY copied.event FROM STDIN") as copy:
                for one in events:
                    copy.write_row(
                        (
                            one["shop_id"],
                            one["type"],
                            one["event_id"],
                            one["line_id"],
                            one["occurred_at"],
                            msgspec.json.encode(one).decode(),
                        )
                    )
            self.copying.commit()

    def _timed(self, take: Callable[[bytes], object]) -> float:
        bodies = self.bodies(_MOST_BATCHES, _BATCH)
        done, began = 0, time.monotonic()
        for body in bodies:
            take(body)
            done += 1
            if time.monotonic() - began > self.seconds:
                break
        return done * _BATCH / (time.monotonic() - began)

    def _posted(self, port: int, size: int, clients: int, most: int) -> float:
        requests = [pushing.request(body, self.key) for body in self.bodies(most, size)]
        seconds = min(self.seconds, 2.0)
        return size * pushing.answered(port, iter(requests), clients=clients, seconds=seconds)


def run(grounds: Grounds) -> Iterator[Figure]:
    """Ratios of one run, in turns."""
    url = grounds.database("sales", upserts.prepare)
    with psycopg.connect(url) as connection:
        connection.execute(_COPIED)
    database = Database.connect(url, pool_size=2)
    with database.transaction(SYSTEM) as db:
        key = create_key(db, SYSTEM, secret_key=KEY.encode(), name="bench", scope=Scope("connector")).key
    with (
        served(grounds, url) as port,
        served_by("bench.throwing:app", grounds, url) as throwing,
        _naive_worker(grounds, url),
    ):
        sides = _Sides(grounds, url, database, key, port, throwing, itertools.count())
        spare_the_collector()  # as the web server does
        kinds = ("copy", "path", "batched", "http", "single", "thrown", "naive", "paths", "merged")
        rates: dict[str, list[float]] = {kind: [] for kind in kinds}
        for _ in range(grounds.rounds):
            for kind in kinds:
                rates[kind].append(getattr(sides, kind)())
        sides.upserting.close()
        sides.copying.close()
    database.dispose()
    yield from _figures(rates)


def _figures(rates: dict[str, list[float]]) -> Iterator[Figure]:
    def against(kind: str, other: str) -> float:
        return median(one / two for one, two in zip(rates[kind], rates[other], strict=True))

    def compared(figure: str, kind: str, other: str, name: str, bar: str) -> Figure:
        rate = median(rates[kind])
        said = f"{name}, {median(rates[other]):,.0f}/s"
        return held(NAME, figure, rate, "events/s", against=said, ratio=against(kind, other), bar=bar)

    yield compared("taken in, 1,000 a batch", "path", "copy", "COPY with its key", ">= 0.2")
    yield compared("over HTTP, 1,000 a POST", "http", "path", "without HTTP", ">= 0.8")
    yield compared("over HTTP, 1 a POST", "single", "thrown", "decode and throw", ">= 0.25")
    named = "taken in, as many processes as the tasks have"
    yield compared(named, "paths", "naive", "a task each", ">= 300")
    yield compared("taken in, 1,000 a batch", "path", "batched", "ORM ON CONFLICT", ">= 2")
    yield anchor(NAME, "merged and folded, one worker", median(rates["merged"]), "events/s")


def _line(child: "subprocess.Popen[str]") -> str:
    """What a child says next. Raises RuntimeError when it ended instead."""
    said = child.stdout.readline() if child.stdout else ""
    if not said:
        raise RuntimeError("a process that takes in ended")
    return said


@contextmanager
def _naive_worker(grounds: Grounds, url: str) -> Iterator[None]:
    """Celery as it comes, with as many processes as there are cores."""
    upserts.app.conf.broker_url = grounds.redis_url
    given = {"DATABASE_URL": url, "REDIS_URL": grounds.redis_url}
    options = ["--concurrency", str(upserts.PROCESSES), "--loglevel", "error"]
    child = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "bench.upserts", "worker", *options],
        env=os.environ | given,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(20)
