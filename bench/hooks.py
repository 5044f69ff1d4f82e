"""Grounds for the bench of webhooks: endpoints, a sender, a receiver, events to send, and what became of them."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import psycopg

from bench.receiver import host_of
from bench.serving import KEY
from campaign.cli.embedded.ports import free_port
from campaign.delivery.actions import add_endpoint
from campaign.delivery.schemas import EndpointIn
from campaign.kit.actor import Actor
from campaign.kit.database import Database
from campaign.outbox.actions import CHANNEL, FACT

ENDPOINTS = 200
LOOPBACK = "127.0.0.0/8"
_HUB = Actor(kind="user", role="hub", hub_role="manager", id=1, name="bench")
_PADDING = "皮" * 250
"""A body of about 1 KB."""

_WRITE = """
INSERT INTO outbox_event (type, at, session_id, seq, agency_ids, data, agency_data)
SELECT 'session.moved', now(), NULL, NULL, %(agencies)s, jsonb_build_object('number', n, 'note', %(note)s::text), '{}'
FROM generate_series(1, %(count)s) n RETURNING id
"""
_BACKLOG = """
WITH made AS (
    INSERT INTO webhook_message (day, event_id, agency_id, type, at, body)
    SELECT current_date, %(first)s::bigint + n, e.agency_id, 'session.moved', now(), %(body)s
    FROM webhook_endpoint e, generate_series(%(from)s::int, %(to)s::int) n RETURNING day, position, event_id, agency_id
)
INSERT INTO webhook_delivery (day, endpoint_id, agency_id, event_id, position, type, state, next_at, created_at)
SELECT m.day, e.id, e.agency_id, m.event_id, m.position, 'session.moved', 'pending', now(), now()
FROM made m JOIN webhook_endpoint e USING (agency_id)
"""
# Whether there is one, not how many: to count thousands fifty times a second would cost what is measured.
WAITING = "SELECT EXISTS (SELECT FROM outbox_event WHERE fanned_at IS NULL)"
LEFT = "SELECT EXISTS (SELECT FROM webhook_delivery WHERE state IN ('pending', 'sending') AND {of})"


def fill(url: str) -> None:
    """An agency with an endpoint each, as the hub adds them."""
    database = Database.connect(url, pool_size=1)
    with psycopg.connect(url) as connection:
        agencies = [
            connection.execute(
                "INSERT INTO agency (name) VALUES (%s) RETURNING id", (f"Agency {number}",)
            ).fetchone()[0]  # type: ignore[index]
            for number in range(ENDPOINTS)
        ]
    with database.transaction(_HUB) as db:
        for agency_id in agencies:
            given = EndpointIn(url="http://127.0.0.1:8080/", event_types=["*"], agency_id=agency_id)
            add_endpoint(db, _HUB, given, secret_key=KEY.encode(), allow=[ip_network(LOOPBACK)])
    database.dispose()


@dataclass
class Hooks:
    """What the sides of the bench share. Times are seconds."""

    url: str
    redis_url: str
    port: int
    agencies: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.connection = psycopg.connect(self.url, autocommit=True)
        self.agencies = [
            row[0] for row in self.ask("SELECT agency_id FROM webhook_endpoint ORDER BY agency_id")
        ]

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        return self.connection.execute(query, values).fetchall()

    def one(self, query: str, *values: object) -> float:
        return self.ask(query, *values)[0][0]  # type: ignore[return-value]

    def urls(self, path: str) -> list[str]:
        """Where each endpoint is, in order of their agencies: a host of its own, as agencies are."""
        return [
            f"http://{host_of(number)}:{self.port}/{path}/{agency_id}"
            for number, agency_id in enumerate(self.agencies)
        ]

    def aim(self, path: str, *, in_flight: int = 4, per_second: int = 50) -> None:
        """All endpoints at paths of the receiver: now, slow or never."""
        self.connection.execute(
            "UPDATE webhook_endpoint SET url = g.url, rev = rev + 1, max_in_flight = %s, per_second = %s,"
            " streak = 0, breaker_level = 0, paused_until = NULL, failing_since = NULL, state = 'active',"
            " disabled_reason = NULL FROM unnest(%s::bigint[], %s::text[]) AS g (id, url) WHERE agency_id = g.id",
            (in_flight, per_second, self.agencies, self.urls(path)),
        )

    def write(self, events: int, agencies: Sequence[int]) -> float:
        """Commit so many events for each of the agencies; gives the moment of the commit."""
        with self.connection.transaction():
            given = {"agencies": list(agencies), "note": _PADDING, "count": events}
            self.connection.execute(_WRITE, given)
            self.connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, FACT))
        return time.time()

    def backlog(self, each: int) -> None:
        """So many due rows for each endpoint, behind what is there."""
        body = json.dumps({"type": "session.moved", "data": {"note": _PADDING}}, ensure_ascii=False).encode()
        first = int(self.one("SELECT coalesce(max(event_id), 0) FROM webhook_delivery"))
        for start in range(1, each + 1, 500):
            span = {"from": start, "to": min(each, start + 499)}
            self.connection.execute(_BACKLOG, {"first": first, "body": body} | span)
        self.connection.execute("ANALYZE webhook_delivery, webhook_message")

    def clear(self) -> None:
        self.connection.execute("TRUNCATE webhook_delivery, webhook_message, webhook_attempt, outbox_event")

    def wait(self, of: str = "true", *, seconds: float = 120) -> None:
        """Until nothing is left to be sent `of` some, a condition in SQL."""
        until, left = time.monotonic() + seconds, LEFT.format(of=of)
        while self.one(WAITING) or self.one(left):
            if time.monotonic() > until:
                raise RuntimeError(f"not sent after {seconds:.0f} s")
            time.sleep(0.02)

    def receiver(self, path: str) -> object:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())

    def received(self) -> list[tuple[str, str, float]]:
        """webhook-id, path and time of each POST that came in, since asked last."""
        return [(named, path, at) for named, path, at in self.receiver("/times")]  # type: ignore[attr-defined]

    def arrivals(self) -> dict[str, float]:
        """webhook-id → the time at which it first came in, since asked last."""
        found: dict[str, float] = {}
        for named, _, at in self.received():
            found.setdefault(named, at)
        return found


@contextmanager
def receiving() -> Iterator[int]:
    """A receiver process; gives its port."""
    port = free_port()
    with _process([sys.executable, "-m", "bench.receiver", str(port)], {}):
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with suppress(OSError), closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
                connection.request("GET", "/count")
                connection.getresponse().read()
                break
            time.sleep(0.05)
        yield port


@contextmanager
def sender(hooks: Hooks) -> Iterator[int]:
    """The product's sender as `up` starts it; gives its process id once it is there."""
    given = {
        "DATABASE_URL": hooks.url,
        "REDIS_URL": hooks.redis_url,
        "CAMPAIGN_SECRET_KEY": KEY,
        "CAMPAIGN_OUTGOING_ALLOW": LOOPBACK,
    }
    began = datetime.now(UTC)
    with _process([sys.executable, "-m", "campaign", "sender"], given) as child:
        until = time.monotonic() + 20
        while not hooks.one("SELECT count(*) FROM webhook_sender WHERE started_at > %s", began):
            if time.monotonic() > until:
                raise RuntimeError("the sender does not start")
            time.sleep(0.02)
        yield child.pid


@contextmanager
def celery(module: str, hooks: Hooks, *, processes: int) -> Iterator[None]:
    """A Celery worker as it comes."""
    options = ["--concurrency", str(processes), "--loglevel", "error"]
    given = {"DATABASE_URL": hooks.url, "REDIS_URL": hooks.redis_url}
    with _process([sys.executable, "-m", "celery", "-A", module, "worker", *options], given):
        yield


def cpu_seconds(pid: int) -> float:
    """User and system time that a process has used."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _process(command: list[str], given: dict[str, str]) -> "Iterator[subprocess.Popen[bytes]]":
    child = subprocess.Popen(
        command, env=os.environ | given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield child
    finally:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(20)
