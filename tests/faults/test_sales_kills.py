"""Writers, folders, Valkey and PostgreSQL killed while shops sell: nothing answered is lost, nothing counts twice."""

import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psycopg
import pytest

from campaign.cli.embedded import home
from campaign.cli.embedded.servers import Servers
from campaign.cli.place import Place
from campaign.cli.process.child import Child, Lifeline
from campaign.kit import clock, schema
from campaign.kit.database import Database
from campaign.kit.redis import RedisError, connect
from campaign.wiring import wire
from config.settings import Settings
from tests import zones
from tests.factory import Factory
from tests.fakes.senders import environment
from tests.faults import till
from tests.season_kit import NOW, Season
from workers import task

pytestmark = pytest.mark.timeout(400)

WRITERS, FOLDERS = 3, 2


# Forked from one that has read all modules: what is killed every moment must be back at once.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.faults.till"])


@dataclass
class Running:
    """A process that sells, and the pipe by which it says that it is at work."""

    child: Any
    heard: Connection
    at_work: bool = False

    def is_at_work(self) -> bool:
        """Whether it has said so: one that is only beginning is not worth killing."""
        with suppress(EOFError):
            if not self.at_work and self.heard.poll():
                self.at_work = bool(self.heard.recv())
        return self.at_work and self.child.is_alive()

    def end(self) -> None:
        self.child.kill()
        self.child.join(20)
        self.heard.close()


@dataclass
class Floor:
    """The servers of one test, durable, and the processes that sell on them."""

    settings: Settings
    children: dict[str, Child]
    events: list[dict[str, Any]]
    file: Path
    options: dict[str, str] = field(default_factory=dict)
    running: dict[str, Running] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)

    @property
    def shares(self) -> list[tuple[int, int]]:
        size = -(-len(self.events) // WRITERS)
        return [(start, min(start + size, len(self.events))) for start in range(0, len(self.events), size)]

    def start(self, name: str) -> None:
        """Begin a writer or a folder, or begin it again."""
        role, number = name.split()
        given = [str(self.file), *map(str, self.shares[int(number)])] if role == "writer" else []
        more = [self.options[role]] if role in self.options else []
        heard, says = PROCESSES.Pipe(duplex=False)
        around = environment(self.settings, CAMPAIGN_CLOCK_OFFSET=str(self.settings.clock_offset_seconds))
        child = PROCESSES.Process(target=till.begin, args=(says, around, role, *given, *more), daemon=True)
        child.start()
        says.close()
        self.running[name] = Running(child, heard)

    def start_all(self) -> None:
        for name in (*(f"writer {n}" for n in range(WRITERS)), *(f"folder {n}" for n in range(FOLDERS))):
            self.start(name)
        until = time.monotonic() + 120
        while not all(one.is_at_work() for one in self.running.values()):
            assert time.monotonic() < until, "not all begin"
            time.sleep(0.1)

    def kill(self, what: str, chance: random.Random) -> None:
        """SIGKILL one of a kind that is at work, and begin it again. Writers that have all sold are left."""
        if what in self.children:
            self._kill_server(self.children[what])
        else:
            mine = [name for name in self.running if name.startswith(what)]
            until = time.monotonic() + 60
            while not (ready := [name for name in mine if self.running[name].is_at_work()]):
                if all(self.running[name].child.exitcode == 0 for name in mine):
                    return
                assert time.monotonic() < until, f"no {what} is at work"
                self.keep_up()
                time.sleep(0.02)
            name = chance.choice(ready)
            self.running[name].end()
            self.start(name)
        self.done[what] += 1

    def _kill_server(self, child: Child) -> None:
        """One that answers: killing what is only starting proves little."""
        self.wait_until_up()
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait(20)
        child.start()

    def wait_until_up(self) -> None:
        until = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.settings.database_url, connect_timeout=2).close()
                with connect(self.settings.redis_url) as client:
                    client.ping()
            except (psycopg.OperationalError, RedisError):
                assert time.monotonic() < until, "the servers do not come back"
                self.keep_up()
                time.sleep(0.05)
            else:
                return

    def keep_up(self) -> None:
        """A server that could not start since the last one's memory was still there is started again."""
        for child in self.children.values():
            if child.status is not None:
                child.start()

    def wait_until_sold(self, seconds: float) -> None:
        """Every writer has had its last answer, and the folders have left nothing undone."""
        until = time.monotonic() + seconds
        writers = [one.child for name, one in self.running.items() if name.startswith("writer")]
        while any(child.is_alive() for child in writers):
            assert time.monotonic() < until, "the writers do not end"
            self.keep_up()
            time.sleep(0.1)
        assert [child.exitcode for child in writers] == [0] * WRITERS
        self.wait_until_up()
        query = "SELECT count(*) FROM sale_parcel UNION ALL SELECT count(*) FROM sale_change"
        while waiting := self._counts(query):
            assert time.monotonic() < until, f"the folders leave {waiting}"
            time.sleep(0.1)
        self.stop()

    def _counts(self, query: str) -> list[int]:
        with psycopg.connect(self.settings.database_url) as connection:
            return [row[0] for row in connection.execute(query.encode()) if row[0]]

    def stop(self) -> None:
        for one in self.running.values():
            one.end()

    def answered(self) -> list[dict[str, Any]]:
        """What writers were told is taken in; none of it was ever taken in a second time."""
        found = []
        for first, _ in self.shares:
            notes = self.file.with_suffix(f".{first}")
            told = notes.read_text().split() if notes.exists() else ["0"]
            assert "lost" not in told
            found += self.events[first : first + int(told[-1])]
        return found


@contextmanager
def floor_of(tmp_path: Path, settings: Settings, lines: int) -> Iterator[tuple[Floor, Season]]:
    """Servers of their own, and a season whose pushes are the writers' to sell."""
    place = Place(tmp_path / "own")
    place.make()
    lifeline = Lifeline()
    servers = Servers(place)
    database, children = None, []
    try:
        children = servers.start(lifeline)
        schema.upgrade(servers.database_url)
        zones.settle(servers.database_url)
        given = replace(
            settings,
            database_url=servers.database_url,
            redis_url=servers.redis_url,
            clock_offset_seconds=(NOW - datetime.now(UTC)).total_seconds(),
        )
        database = Database.connect(given.database_url)
        parts = wire(given, database=database, nudges=False)
        task.use(parts)
        clock.set_offset(zones.offset())
        season = Season(7, parts, Factory(database), lines=lines)
        events = season.take_pushes()
        file = tmp_path / "events"
        file.write_text("\n".join(map(json.dumps, events)))
        named = {"postgres" if "postgres" in child.name else "valkey": child for child in children}
        floor = Floor(given, named, events, file)
        try:
            yield floor, season
        finally:
            floor.stop()
            parts.redis.close()
    finally:
        task.use(None)
        if database is not None:
            database.dispose()
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.wait(20)
        lifeline.cut()
        home.discard(tmp_path / "own")


def play(floor: Floor, kills: dict[str, int], pause: float) -> None:
    """Sell amid the kills, then to the end. Redis is emptied now and then."""
    chance = random.Random(11)
    order = [what for what, count in kills.items() for _ in range(count)]
    chance.shuffle(order)
    floor.start_all()
    for number, what in enumerate(order):
        time.sleep(chance.random() * pause)
        floor.keep_up()
        floor.kill(what, chance)
        if number % 20 == 7:
            with suppress(RedisError):
                connect(floor.settings.redis_url).flushall()
    floor.wait_until_sold(240)
    floor.wait_until_up()


def check(floor: Floor, season: Season) -> None:
    """Each answered event once in the raw log and nothing else; every rollup and Redis as the oracle says."""
    answered = floor.answered()
    season.settle()
    with psycopg.connect(floor.settings.database_url) as connection:
        rows = connection.execute("SELECT type, event_id FROM sale_event").fetchall()
    assert Counter(rows) == Counter((one["type"], one["event_id"]) for one in answered)
    season.check()


@pytest.mark.longer
def test_thirty_kills_lose_nothing_and_count_nothing_twice(tmp_path: Path, settings: Settings) -> None:
    kills = {"writer": 12, "folder": 12, "valkey": 3, "postgres": 3}
    with floor_of(tmp_path, settings, 500) as (floor, season):
        play(floor, kills, 0.3)
        assert floor.done == kills
        check(floor, season)


@pytest.mark.nightly
@pytest.mark.timeout(1200)
def test_two_hundred_kills_lose_nothing_and_count_nothing_twice(tmp_path: Path, settings: Settings) -> None:
    kills = {"writer": 80, "folder": 70, "valkey": 25, "postgres": 25}
    with floor_of(tmp_path, settings, 4000) as (floor, season):
        play(floor, kills, 1.0)
        assert floor.done == kills
        check(floor, season)


@pytest.mark.longer
def test_a_writer_that_answers_before_its_commit_is_found(tmp_path: Path, settings: Settings) -> None:
    """Negative control: what it answered and then lost is missed."""
    with floor_of(tmp_path, settings, 300) as (floor, season):
        floor.options["writer"] = "early"
        play(floor, {"writer": 6, "postgres": 2}, 0.3)
        assert floor.done["writer"], "sold out before the first kill: nothing was tried"
        with pytest.raises(AssertionError):
            check(floor, season)


@pytest.mark.longer
def test_a_folder_that_adds_without_claiming_is_found(tmp_path: Path, settings: Settings) -> None:
    """Negative control: two of them, or one that dies in between, add the same twice."""
    with floor_of(tmp_path, settings, 300) as (floor, season):
        floor.options["folder"] = "unclaimed"
        play(floor, {"folder": 6}, 0.3)
        with pytest.raises(AssertionError):
            check(floor, season)
