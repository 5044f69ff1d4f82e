"""The sender's own connections: asynchronous, as the system role, each statement a transaction."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import psycopg
import structlog
from psycopg.rows import TupleRow

from campaign.kit.arrays import understand

log = structlog.get_logger(__name__)

Connection = psycopg.AsyncConnection[TupleRow]
Result = TypeVar("Result")

# Every statement here looks up a handful of rows by index. Fresh partitions have no statistics, and a plan
# that scans or hashes a whole day because of that costs seconds with a million rows due.
_OPTIONS = (
    "-c role=xinji_system -c timezone=UTC -c statement_timeout=30000"
    " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off"
)
TIMED_OUT = (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable)
"""A statement that took too long, or waited too long for a lock: nothing was done, and the connection is well."""

_FIRST_WAIT, _LONGEST_WAIT = 0.1, 2.0


class Link:
    """One connection that comes back: after PostgreSQL restarts, the next call opens a new one."""

    def __init__(self, url: str, name: str, *, durable: bool = True, lock_ms: int = 5000) -> None:
        """Not `durable`: what it wrote last may be undone by a crash of PostgreSQL, and has to be done again then.

        `lock_ms`: how long a statement waits for what somebody holds (TIMED_OUT).
        """
        self._url = url
        self._name = name
        self._options = f"{_OPTIONS} -c lock_timeout={lock_ms}"
        if not durable:
            self._options += " -c synchronous_commit=off"
        self._open: Connection | None = None
        # Told once, until it is back.
        self._is_lost = False
        self.openings = 0
        """How many connections were opened so far."""
        # One piece of work at a time: a second one would land inside the first one's transaction.
        self._turn = asyncio.Lock()

    async def get(self) -> Connection:
        """The open connection; raises psycopg.OperationalError while there is none to be had."""
        if self._open is None or self._open.closed:
            self._open = await psycopg.AsyncConnection.connect(
                self._url,
                autocommit=True,
                connect_timeout=5,
                options=self._options,
                application_name=f"xinji-live {self._name}",
            )
            understand(self._open)
            self.openings += 1
            if self._is_lost:
                self._is_lost = False
                # To the same readers as the loss.
                log.warning("sender_database_back", link=self._name)
        return self._open

    async def close(self) -> None:
        if self._open is not None:
            await self._open.close()
            self._open = None

    async def _insist_on_one(self) -> Connection:
        """The connection, however long it takes. Who comes meanwhile waits behind us: one tries, and one tells."""
        wait = _FIRST_WAIT
        while True:
            try:
                return await self.get()
            except psycopg.OperationalError as error:
                self._tell(error)
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT)

    async def insist(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Do `work`, again after each lost connection or statement that timed out, until it is done (or this is
        cancelled). Not for what others' work waits behind and locks rows that people may hold: see `attempt`.
        """
        wait = _FIRST_WAIT
        while True:
            try:
                return await self.attempt(work)
            except TIMED_OUT as error:
                log.warning("sender_statement_timed_out", link=self._name, error=_said(error))
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def attempt(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Do `work`, again after each lost connection; raises TIMED_OUT, for who calls to go on with others."""
        wait = _FIRST_WAIT
        while True:
            async with self._turn:
                db = await self._insist_on_one()
                try:
                    return await work(db)
                except TIMED_OUT:
                    raise
                except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                    self._tell(error)
                    await self.close()
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    def _tell(self, error: psycopg.Error) -> None:
        if not self._is_lost:
            self._is_lost = True
            log.warning("sender_database_lost", link=self._name, error=_said(error))


def _said(error: psycopg.Error) -> str:
    return str(error).strip()[:200]


class Time:
    """The database's time, read once per connection and carried on by this process's own clock."""

    def __init__(self, offset: timedelta) -> None:
        self._offset = offset
        self._ahead = 0.0

    async def read(self, db: Connection) -> None:
        found = await (await db.execute("SELECT clock_timestamp()")).fetchone()
        if found is not None:
            self._ahead = found[0].timestamp() - time.time()

    def now(self) -> datetime:
        """Aware UTC, shifted by settings.clock_offset_seconds as kit.clock is."""
        return datetime.fromtimestamp(time.time() + self._ahead, UTC) + self._offset


async def sign_of_life(db: Connection) -> None:
    """What kit.heartbeat.beat does, over this connection; /readyz looks at its age."""
    await db.execute(
        "INSERT INTO heartbeat (name, at) VALUES ('sender', clock_timestamp())"
        " ON CONFLICT (name) DO UPDATE SET at = clock_timestamp()"
    )
