"""More pushes than can be taken in: the product's server sends some away, keeps its pages open, and loses nothing."""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from campaign.accounts.actions import Scope, create_key
from campaign.cli.embedded.ports import free_port
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.sales.intake import MOST_INSIDE, PATIENCE_SECONDS
from config import processes
from tests.sales_kit import fold_all, told_line

pytestmark = [pytest.mark.longer, pytest.mark.timeout(120)]

SECRET = "a-key-for-a-flood-of-more-than-32-characters"
SENDERS, EVENTS = MOST_INSIDE + 40, 5
PAGE = "/login"


@contextmanager
def served(url: str, redis_url: str, directory: Path, app: str) -> Iterator[int]:
    """The web server with the settings that `up` gives it; gives its port."""
    port = free_port()
    words = [
        app if word == "campaign.app:create_app" else word for word in processes.web("127.0.0.1", port, 1)
    ]
    given = {
        "DATABASE_URL": url,
        "REDIS_URL": redis_url,
        "CAMPAIGN_SECRET_KEY": SECRET,
        "CAMPAIGN_DATA_DIR": str(directory),
    }
    with subprocess.Popen([sys.executable, *words], env=os.environ | given) as child:
        try:
            until = time.monotonic() + 60
            while not answers(port):
                assert child.poll() is None, "the server ended"
                assert time.monotonic() < until, "the server does not start"
                time.sleep(0.1)
            yield port
        finally:
            child.terminate()


def answers(port: int, seconds: float = 2) -> bool:
    """Whether a page opens within so many seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", PAGE)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


class Sender:
    """Pushes its own lines until they are taken in, as a source does: a 503 is taken up again after its Retry-After."""

    def __init__(self, port: int, key: str, number: int) -> None:
        self.waits: list[int] = []
        self.accepted = self.duplicates = 0
        lines = [
            told_line(number * EVENTS + place, occurred_at="2026-11-30T00:00:00Z") for place in range(EVENTS)
        ]
        self._body = json.dumps({"events": lines}).encode()
        self._port, self._headers = (
            port,
            {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        self.first = threading.Event()
        self.fault: BaseException | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            while not self._push():
                time.sleep(self.waits[-1])
        except BaseException as fault:  # noqa: BLE001 - told by the test
            self.fault = fault
        self.first.set()

    def _push(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        connection.request("POST", "/api/v1/ingest/events", self._body, self._headers)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        connection.close()
        if answer.status == 503:
            assert told["code"] == "too_many_pushes"
            self.waits.append(int(answer.headers["Retry-After"]))
            self.first.set()
            return False
        assert answer.status == 200, told
        self.accepted, self.duplicates = told["accepted"], told["duplicates"]
        return True


@contextmanager
def a_database_that_stands_still(url: str) -> Iterator[None]:
    """Nobody can claim a key as long as the block runs; pages are not touched."""
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE sale_event_key IN SHARE ROW EXCLUSIVE MODE")
        yield
        connection.rollback()


def key_of(url: str) -> str:
    database = Database.connect(url, pool_size=1)
    with database.transaction(SYSTEM) as db:
        made = create_key(
            db, SYSTEM, secret_key=SECRET.encode(), name="a flood", scope=Scope("connector")
        ).key
    database.dispose()
    return made


@pytest.mark.parametrize("seconds", [2.0, PATIENCE_SECONDS + 1.5])
def test_a_flood_is_partly_sent_away_and_all_of_it_arrives_once(
    own_database_url: str, redis_url: str, tmp_path: Path, seconds: float
) -> None:
    key = key_of(own_database_url)
    with served(own_database_url, redis_url, tmp_path, "campaign.app:create_app") as port:
        with a_database_that_stands_still(own_database_url):
            until = time.monotonic() + seconds
            senders = [Sender(port, key, number) for number in range(SENDERS)]
            while time.monotonic() < until:
                assert answers(port), "the pages wait behind the pushes"
                time.sleep(0.1)
            refused = [one for one in senders if one.waits]
            # One is at work; the others inside wait as long as a source does, and no longer.
            least = SENDERS - 1 if seconds > PATIENCE_SECONDS else SENDERS - MOST_INSIDE
            assert len(refused) >= least
            assert {wait for one in refused for wait in one.waits} <= {1, 2, 3}
        for one in senders:
            one.thread.join(60)
    assert [one.fault for one in senders] == [None] * SENDERS
    assert [(one.accepted, one.duplicates) for one in senders] == [(EVENTS, 0)] * SENDERS
    database = Database.connect(own_database_url, pool_size=1)
    fold_all(database)
    database.dispose()
    with psycopg.connect(own_database_url) as connection:
        query = "SELECT (SELECT count(*) FROM sale_event), (SELECT count(*) FROM order_line)"
        assert connection.execute(query).fetchone() == (SENDERS * EVENTS, SENDERS * EVENTS)


def test_with_room_for_all_of_it_the_pages_wait_as_long_as_the_pushes(
    own_database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """Negative control: what keeps pages open above is that pushes are sent away."""
    key = key_of(own_database_url)
    with served(own_database_url, redis_url, tmp_path, "tests.faults.open_door:create_app") as port:
        with a_database_that_stands_still(own_database_url):
            senders = [Sender(port, key, number) for number in range(SENDERS)]
            time.sleep(2)
            assert not any(one.waits for one in senders)
            assert not answers(port)
        for one in senders:
            one.thread.join(60)
    assert [one.accepted for one in senders] == [EVENTS] * SENDERS
