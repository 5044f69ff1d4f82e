"""The secrets endpoints sign with, unsealed once per revision of the endpoint and kept in memory."""

from collections.abc import Iterable
from datetime import datetime

import structlog

from campaign.delivery.sender.claims import Target
from campaign.delivery.sender.connection import Connection
from campaign.kit.sealing import Unsealable, unseal

log = structlog.get_logger(__name__)

CONTEXT = "webhook_secret"

_READ = """
SELECT endpoint_id, sealed, active_until FROM webhook_secret
WHERE endpoint_id = ANY(%s) AND (active_until IS NULL OR active_until > %s)
ORDER BY endpoint_id, active_until DESC NULLS FIRST
"""


class Secrets:
    """By endpoint: whsec_ texts with the time until which each signs."""

    def __init__(self, secret_key: bytes) -> None:
        self._secret_key = secret_key
        self._known: dict[int, tuple[int, list[tuple[str, datetime | None]]]] = {}

    async def refresh(self, db: Connection, targets: Iterable[Target], now: datetime) -> None:
        """Read what is missing or older than the endpoint's revision."""
        wanted = {one.id: one.rev for one in targets if self._known.get(one.id, (0, []))[0] != one.rev}
        if not wanted:
            return
        read: dict[int, list[tuple[str, datetime | None]]] = {endpoint_id: [] for endpoint_id in wanted}
        for endpoint_id, sealed, until in await (await db.execute(_READ, (list(wanted), now))).fetchall():
            try:
                read[endpoint_id].append((unseal(self._secret_key, sealed, context=CONTEXT), until))
            except Unsealable:
                log.exception("secret_unsealable", endpoint_id=endpoint_id)
        for endpoint_id, rev in wanted.items():
            self._known[endpoint_id] = (rev, read[endpoint_id])

    def of(self, endpoint_id: int, now: datetime) -> list[str]:
        """Those that sign now, the newest first; empty where none could be unsealed."""
        return [text for text, until in self._known[endpoint_id][1] if until is None or until > now]

    def forget(self, endpoint_id: int) -> None:
        """Nothing is sent to it any more; should something be, they are read again."""
        self._known.pop(endpoint_id, None)
