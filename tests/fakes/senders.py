"""Real sender processes, and endpoints for them, as tests need them."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from campaign.delivery.actions import Made, add_endpoint
from campaign.delivery.schemas import EndpointIn
from campaign.kit.database import Database
from config.settings import Settings
from tests.factory import HUB

ROOT = Path(__file__).resolve().parents[2]
LEFT = "SELECT count(*) FROM webhook_delivery WHERE state IN ('pending', 'sending')"

AS_PROGRAM = (
    "import runpy, sys; sys.argv[:1] = ['campaign', 'sender'];"
    " runpy.run_module('campaign', run_name='__main__')"
)


@dataclass
class SenderProcess:
    """A running `campaign sender`."""

    child: subprocess.Popen[bytes]

    def stop(self, seconds: float = 10.0) -> int:
        """SIGTERM and wait; gives the exit status."""
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(seconds)

    def kill(self) -> None:
        self.child.kill()
        self.child.wait(5)


def environment(settings: Settings, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "CAMPAIGN_DATA_DIR": str(settings.data_dir),
        "CAMPAIGN_SECRET_KEY": settings.secret_key.decode(),
        "CAMPAIGN_OUTGOING_ALLOW": ",".join(str(one) for one in settings.outgoing_allow),
        **more,
    }


def start(
    settings: Settings, *words: str, descriptors: int | None = None, before: str = "", **more: str
) -> SenderProcess:
    """`descriptors`: the most it may have open, as a hard limit. `before`: statements of Python that it runs first."""
    argv = [sys.executable, "-m", "campaign", "sender", *words]
    if before:
        argv = [sys.executable, "-c", f"{before}; {AS_PROGRAM}", *words]
    if descriptors is not None:
        argv = ["sh", "-c", f'ulimit -n {descriptors} && exec "$@"', "sh", *argv]
    child = subprocess.Popen(argv, cwd=ROOT, env=environment(settings, **more))
    return SenderProcess(child)


@contextmanager
def sending(
    settings: Settings, *words: str, descriptors: int | None = None, before: str = "", **more: str
) -> Iterator[SenderProcess]:
    """A sender at work for as long as the block lasts."""
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        (now,) = connection.execute("SELECT clock_timestamp()").fetchone() or ("",)
    running = start(settings, *words, descriptors=descriptors, before=before, **more)
    try:
        query = f"SELECT count(*) > 0 FROM webhook_sender WHERE started_at > '{now}'"
        wait_until(settings.database_url, query, True)
        yield running
    finally:
        if running.child.poll() is None:
            running.kill()


def add(database: Database, settings: Settings, agency_id: int, url: str, **given: object) -> Made:
    """An endpoint of an agency; fast, so that tests do not wait for the limits they do not test."""
    wanted = EndpointIn(**{"url": url, "agency_id": agency_id, "per_second": 10_000} | given)  # type: ignore[arg-type]
    with database.transaction(HUB) as db:
        return add_endpoint(db, HUB, wanted, secret_key=settings.secret_key, allow=settings.outgoing_allow)


def wait_until(url: str, query: str, wanted: object, seconds: float = 30.0) -> None:
    """Until the query's one value is `wanted`; fails after `seconds`."""
    until = time.monotonic() + seconds
    found: object = None
    while time.monotonic() < until:
        # A server that is just starting again refuses; that is part of the waiting.
        with (
            contextlib.suppress(psycopg.OperationalError),
            psycopg.connect(url, autocommit=True) as connection,
        ):
            while time.monotonic() < until:
                row = connection.execute(query).fetchone()  # type: ignore[arg-type]
                found = None if row is None else row[0]
                if found == wanted:
                    return
                time.sleep(0.05)
        time.sleep(0.1)
    raise AssertionError(f"{query} gave {found!r}, not {wanted!r}, for {seconds} s")
