"""The product's web server on a filled database, as `up` starts it, with one process."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.grounds import Grounds
from campaign.cli.embedded.ports import free_port
from config import processes

KEY = "a-key-for-benches-of-more-than-32-characters"
_READY_SECONDS = 60


@contextmanager
def served(grounds: Grounds, url: str) -> Iterator[int]:
    """Gives the port. Workers and clock do not run: they would be busy with what only the fill made up."""
    port = free_port()
    with _serving(processes.web("127.0.0.1", port, 1), grounds, url, port):
        yield port


@contextmanager
def served_by(other: str, grounds: Grounds, url: str) -> Iterator[int]:
    """Another WSGI application (module:name) by the same server with the same settings; gives the port."""
    port = free_port()
    command = [part for part in processes.web("127.0.0.1", port, 1) if part != "--factory"]
    command[command.index("campaign.app:create_app")] = other
    with _serving(command, grounds, url, port):
        yield port


@contextmanager
def _serving(command: list[str], grounds: Grounds, url: str, port: int) -> Iterator[None]:
    given = {"DATABASE_URL": url, "REDIS_URL": grounds.redis_url, "CAMPAIGN_SECRET_KEY": KEY}
    child = subprocess.Popen(
        [sys.executable, *command],
        env=os.environ | given,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, child)
        yield
    finally:
        child.terminate()
        child.wait(10)


def _wait(port: int, child: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _READY_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if child.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the web server does not start") from None
            time.sleep(0.1)
        else:
            return
