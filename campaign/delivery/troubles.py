"""Endpoints in trouble, told to their agency and to the hub: before anything is switched off, not after."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.outbox.notices import HUB_ID, tell

STEPS_HOURS = (24, 72)
"""How long an endpoint fails without a break before it is said, and said again."""

_LOOKS_BACK = timedelta(days=1)
# Of an address only the host: the rest may hold what is nobody's business.
_TROUBLED = text(r"""
SELECT e.id, e.agency_id, a.name AS agency, a.name_en AS agency_en,
       substring(e.url FROM '^\w+://([^/?#]+)') AS host, e.failing_since,
       e.state, given_up.at AS given_up_at
FROM webhook_endpoint e
JOIN agency a ON a.id = e.agency_id
LEFT JOIN LATERAL (
    SELECT max(finished_at) AS at FROM webhook_delivery d
    WHERE d.endpoint_id = e.id AND d.state = 'exhausted' AND d.finished_at > :since
) given_up ON true
WHERE e.archived_at IS NULL AND (e.failing_since <= :failing OR given_up.at IS NOT NULL)
ORDER BY e.id
""")


def tell_troubles(db: Session, _actor: Actor) -> int:
    """Tell of endpoints that fail for long and of deliveries given up; gives how many endpoints are troubled.

    Each is told once: a step once per time of failing, what was given up once a day. That an endpoint was
    disabled is told by the sender, with the disabling.
    """
    now = clock.now(db)
    given = {"since": now - _LOOKS_BACK, "failing": now - timedelta(hours=STEPS_HOURS[0])}
    rows = db.execute(_TROUBLED, given).all()
    for row in rows:
        if row.failing_since is not None and row.state == "active":
            hours = (now - row.failing_since) / timedelta(hours=1)
            for step in (one for one in STEPS_HOURS if one <= hours):
                key = f"endpoint:{row.id}:failing:{step}:{row.failing_since.isoformat()}"
                _tell(db, row, "system.endpoint_failing", key, {"hours": step})
        if row.given_up_at is not None:
            key = f"endpoint:{row.id}:given_up:{row.given_up_at.date().isoformat()}"
            _tell(db, row, "system.endpoint_given_up", key, {})
    return len(rows)


def _tell(db: Session, row: Row[Any], kind: str, key: str, more: dict[str, int]) -> None:
    tell(db, kind, "agency", (row.agency_id,), key=key, params={"address": row.host} | more)
    names = {"address": f"{row.agency} · {row.host}"}
    if row.agency_en:
        names["address_en"] = f"{row.agency_en} · {row.host}"
    tell(db, kind, "hub", (HUB_ID,), key=key, params=names | more)
