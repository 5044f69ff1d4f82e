"""PostgreSQL and Valkey for a test run, by the product's own launcher, without fsync unless asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from campaign.cli.embedded import home, servers
from campaign.cli.place import Place


@contextmanager
def running(directory: Path, *, durable: bool = False) -> Iterator[tuple[str, str]]:
    """(database_url, redis_url) of servers in `directory`; they end with the block, or with this process."""
    try:
        with servers.running(Place(directory), durable=durable) as started:
            yield started.database_url, started.redis_url
    finally:
        # As root the data may lie outside `directory` (pytest's folders are closed to others).
        home.discard(directory)
