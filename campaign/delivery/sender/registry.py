"""Who sends: so that what a killed sender held is free within a second and not when its leases run out.

Each sender holds an advisory lock on its own token for as long as its connection lives; PostgreSQL lets go of
it the moment the process dies. Whoever can take the lock of a registered sender knows that it is gone.

One of them leads: it alone fans out and calls endpoints, so that what an endpoint may be sent at once and in a
second holds whatever number of senders run. The others stand by for the moment its connection is gone.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

import structlog

from campaign.delivery.sender import channel_rows
from campaign.delivery.sender.claims import GIVEN_BACK
from campaign.delivery.sender.connection import Connection, sign_of_life

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.5
STUCK_SECONDS = 30.0
"""Of a leader that gives no sign of life. What it claimed before is too old to be sent by then: see LEASE."""

_LEAD = 7_301_002

# What somebody holds holds up none of the others.
_FREE = f"""
WITH free AS (
    SELECT day, id FROM webhook_delivery
    WHERE state = 'sending' AND lease = %(lease)s AND id <> ALL(%(but)s) FOR UPDATE SKIP LOCKED
)
UPDATE webhook_delivery d SET {GIVEN_BACK} FROM free WHERE d.day = free.day AND d.id = free.id
"""
_LEAVE = """
DELETE FROM webhook_sender
WHERE token = %s AND NOT EXISTS (SELECT FROM webhook_delivery WHERE state = 'sending' AND lease = token)
"""

_CUT = """
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid() AND objsubid = 1 AND classid = 0 AND objid = %s
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


async def enter(db: Connection, token: int) -> None:
    """Register; to be called again on every new connection that stands for our life."""
    await db.execute("SELECT pg_advisory_lock(%s)", (token,))
    await db.execute("INSERT INTO webhook_sender (token) VALUES (%s) ON CONFLICT DO NOTHING", (token,))


async def lead(
    db: Connection, *, look_every: float = LOOK_SECONDS, stuck_after: float = STUCK_SECONDS
) -> None:
    """Return once this connection leads; until then another does, and we stand by (seconds).

    A leader that lives and does nothing (stopped, out of breath) loses its connection after `stuck_after`.
    """
    sign, seen_at, stands_by = None, time.monotonic(), False
    while not await _may_lead(db):
        if not stands_by:
            stands_by = True
            log.info("sender_stands_by")
        # Held against our own clock, so that no other's matters.
        found = await (await db.execute("SELECT at FROM heartbeat WHERE name = 'sender'")).fetchone()
        if found != sign:
            sign, seen_at = found, time.monotonic()
        elif time.monotonic() - seen_at >= stuck_after:
            log.warning("sender_stuck", seconds=round(stuck_after))
            await _cut_leader(db)
            seen_at = time.monotonic()
            continue
        await asyncio.sleep(look_every)
    await sign_of_life(db)
    if stands_by:
        log.warning("sender_takes_over")


async def resign(db: Connection) -> None:
    """Let another lead; what we have in flight stays ours."""
    await db.execute("SELECT pg_advisory_unlock(%s)", (_LEAD,))


async def _may_lead(db: Connection) -> bool:
    return await (await db.execute("SELECT pg_try_advisory_lock(%s)", (_LEAD,))).fetchone() == (True,)


async def _cut_leader(db: Connection) -> None:
    async with db.transaction():
        # A backend may be ended by who signed in as its user, not by the role taken on since.
        await db.execute("SET LOCAL ROLE NONE")
        await db.execute(_CUT, (_LEAD,))


async def free_own(db: Connection, token: int, flying: Sequence[int], now: datetime) -> None:
    """Give back what is leased to us but for the deliveries in flight: what we hold beside them is not ours to send.

    What somebody holds is free when its lease has run out.
    """
    await db.execute(_FREE, {"now": now, "lease": token, "but": list(flying)})


async def leave(db: Connection, token: int) -> None:
    """Sign off where nothing of ours is held any more; otherwise who leads next frees it, once nobody holds it."""
    await db.execute(_LEAVE, (token,))


async def free_dead(db: Connection, token: int, now: datetime) -> None:
    """Give back what senders hold that have died; their tries in flight may come twice, with the same id."""
    others = await (
        await db.execute("SELECT token FROM webhook_sender WHERE token <> %s", (token,))
    ).fetchall()
    for (other,) in others:
        async with db.transaction():
            gone = await (await db.execute("SELECT pg_try_advisory_xact_lock(%s)", (other,))).fetchone()
            if gone is None or not gone[0]:
                continue
            freed = await db.execute(_FREE, {"now": now, "lease": other, "but": []})
            await channel_rows.free(db, other, now)
            await leave(db, other)
        log.warning("sender_died", held=freed.rowcount)
