"""Both embedded servers together: started side by side, ready together."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from campaign.cli.embedded import home
from campaign.cli.embedded.ports import free_port
from campaign.cli.embedded.postgres import Postgres
from campaign.cli.embedded.valkey import Valkey
from campaign.cli.faults import SetupFault
from campaign.cli.place import Place
from campaign.cli.process.child import Child, Lifeline

START_SECONDS = 60.0
"""Crash recovery of a large log takes its time; anything longer is a fault."""


class Servers:
    """What is embedded of PostgreSQL and Valkey; an address given from outside takes its server's place."""

    def __init__(
        self,
        place: Place,
        *,
        database_url: str = "",
        redis_url: str = "",
        durable: bool = True,
    ) -> None:
        self._place = place
        self._given = database_url, redis_url
        at = home.prepare(place.data_dir) if not (database_url and redis_url) else None
        self._postgres = Postgres(at, free_port(), durable=durable) if at and not database_url else None
        self._valkey = Valkey(at, free_port(), durable=durable) if at and not redis_url else None

    def start(self, lifeline: Lifeline, keep: tuple[int, ...] = ()) -> list[Child]:
        """Start them and wait until both answer; SetupFault carries the last words of one that does not."""
        parts = [part for part in (self._valkey, self._postgres) if part is not None]
        children = []
        for part in parts:
            part.prepare()
            children.append(part.child(self._place, lifeline, keep))
            children[-1].start()
        until = time.monotonic() + START_SECONDS
        while not all(part.is_ready() for part in parts):
            for child in children:
                if child.status is not None or time.monotonic() > until:
                    raise SetupFault(f"{child.name} does not start; its last words:\n{child.last_words()}")
            time.sleep(0.02)
        if self._postgres is not None:
            self._postgres.make_database()
        return children

    def settle(self) -> None:
        """Wait until what start() made for the first time is safely on the disk."""
        if self._postgres is not None:
            self._postgres.settle()

    @property
    def description(self) -> str:
        """What runs where, without passwords."""
        parts = []
        for name, part in (("PostgreSQL", self._postgres), ("Valkey", self._valkey)):
            parts.append(f"{name} as given" if part is None else f"{name} on 127.0.0.1:{part.port}")
        return ", ".join(parts)

    @property
    def database_url(self) -> str:
        return self._given[0] if self._postgres is None else self._postgres.url

    @property
    def redis_url(self) -> str:
        return self._given[1] if self._valkey is None else self._valkey.url


@contextmanager
def running(
    place: Place,
    *,
    database_url: str = "",
    redis_url: str = "",
    durable: bool = True,
    keep: tuple[int, ...] = (),
) -> Iterator[Servers]:
    """The servers for the length of the block: for tests and for single commands."""
    place.make()
    lifeline = Lifeline()
    servers = Servers(place, database_url=database_url, redis_url=redis_url, durable=durable)
    children: list[Child] = []
    try:
        children = servers.start(lifeline, keep)
        yield servers
        servers.settle()
    finally:
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.wait(8)
        # Also ends what start() began before it failed.
        lifeline.cut()
