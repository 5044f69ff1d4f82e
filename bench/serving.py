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
    given = {"DATABASE_URL": url, "REDIS_URL": grounds.redis_url, "CAMPAIGN_SECRET_KEY": KEY}
    child = subprocess.Popen(
        [sys.executable, *processes.web("127.0.0.1", port, 1)],
        env=os.environ | given,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, child)
        yield port
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
