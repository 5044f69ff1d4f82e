"""The product's web server on a filled database, as `up` starts it, with one process."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.grounds import Grounds
from campaign.cli.embedded.ports import free_port
from config import processes

KEY = "a-key-for-benches-of-more-than-32-characters"
_READY_SECONDS = 180


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
def product(grounds: Grounds, url: str) -> Iterator[int]:
    """Web, worker, clock and sender as `up` starts them; gives the port."""
    port = free_port()
    others = (processes.worker(), processes.clock(), processes.sender())
    with (
        started(others, grounds, url),
        _serving(processes.web("127.0.0.1", port, 1), grounds, url, port),
    ):
        yield port


@contextmanager
def started(
    commands: Sequence[list[str]], grounds: Grounds, url: str
) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Processes of the product on a filled database, for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="xinji-bench-run-") as directory:
        given = {
            "DATABASE_URL": url,
            "REDIS_URL": grounds.redis_url,
            "CAMPAIGN_SECRET_KEY": KEY,
            "CAMPAIGN_DATA_DIR": directory,
        }
        children = [
            subprocess.Popen(
                [sys.executable, *words],
                env=os.environ | given,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for words in commands
        ]
        try:
            yield children
        finally:
            for child in children:
                child.terminate()
            for child in children:
                try:
                    child.wait(30)
                except subprocess.TimeoutExpired:  # a worker finishes what it does; here nobody needs that
                    child.kill()
                    child.wait()


@contextmanager
def _serving(command: list[str], grounds: Grounds, url: str, port: int) -> Iterator[None]:
    with started([command], grounds, url) as (child,):
        _wait(port, child)
        yield


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
