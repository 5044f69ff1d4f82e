"""Who sends: so that what a killed sender held is free within a second and not when its leases run out.

Each sender holds an advisory lock on its own token for as long as its connection lives; PostgreSQL lets go of
it the moment the process dies. Whoever can take the lock of a registered sender knows that it is gone.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog

from campaign.delivery.sender import channel_rows
from campaign.delivery.sender.claims import GIVEN_BACK
from campaign.delivery.sender.connection import Connection

log = structlog.get_logger(__name__)

_FREE = f"""
UPDATE webhook_delivery SET {GIVEN_BACK}
WHERE state = 'sending' AND lease = %(lease)s AND id <> ALL(%(but)s)
"""


async def enter(db: Connection, token: int) -> None:
    """Register; to be called again on every new connection that stands for our life."""
    await db.execute("SELECT pg_advisory_lock(%s)", (token,))
    await db.execute("INSERT INTO webhook_sender (token) VALUES (%s) ON CONFLICT DO NOTHING", (token,))


async def free_own(db: Connection, token: int, flying: Sequence[int], now: datetime) -> None:
    """Give back what is leased to us but for the deliveries in flight: what we hold beside them is not ours to send."""
    await db.execute(_FREE, {"now": now, "lease": token, "but": list(flying)})


async def leave(db: Connection, token: int) -> None:
    """Sign off: nothing of ours is held any more."""
    await db.execute("DELETE FROM webhook_sender WHERE token = %s", (token,))


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
