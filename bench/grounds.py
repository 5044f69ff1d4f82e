"""Where benches run: a PostgreSQL of their own with fsync on, as the product starts it, and databases in it."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

import campaign.app  # noqa: F401 - tables know each other once all of them are imported
from campaign.cli.embedded import home, servers
from campaign.cli.place import Place
from campaign.kit import schema


@dataclass
class Grounds:
    """The servers of one run; `full` False makes everything small, to see that the bench itself works."""

    admin_url: str
    redis_url: str
    full: bool
    rounds: int
    lines: int = 0
    """How many order lines `stored` holds; 0 for its own size."""
    prefix: str = "bench_"
    made: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    """What filling each database took."""

    def database(self, name: str, fill: Callable[[str], None]) -> str:
        """The URL of a migrated database, filled on first use of its name and kept for the run."""
        if name not in self.made:
            self._create(name)
            url = self._url(name)
            schema.upgrade(url)
            began = time.monotonic()
            fill(url)
            self.seconds[name] = time.monotonic() - began
            say(f"  {name}: filled in {self.seconds[name]:.0f} s")
            self.made[name] = url
        return self.made[name]

    def copy(self, name: str, of: str) -> str:
        """A copy of a filled database, to change what the other keeps."""
        if name not in self.made:
            self._create(name, template=of)
            self.made[name] = self._url(name)
        return self.made[name]

    def _url(self, name: str) -> str:
        return f"{self.admin_url.rsplit('/', 1)[0]}/{self.prefix}{name}"

    def _create(self, name: str, template: str = "") -> None:
        copied = f" TEMPLATE {self.prefix}{template} STRATEGY FILE_COPY" if template else ""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {self.prefix}{name}{copied}")


def say(text: str) -> None:
    """Progress goes to stderr: stdout is for figures."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@contextmanager
def opened(*, full: bool, rounds: int, lines: int = 0) -> Iterator[Grounds]:
    """Servers for the length of the block; their data is thrown away after it."""
    os.environ.setdefault("CAMPAIGN_SECRET_KEY", "a-key-for-benches-of-more-than-32-characters")
    with tempfile.TemporaryDirectory(prefix="xinji-bench-") as name:
        directory = Path(name)
        try:
            with servers.running(Place(directory), durable=True) as started:
                yield Grounds(started.database_url, started.redis_url, full, rounds, lines)
        finally:
            home.discard(directory)
