"""Booked sessions in a leave or closure: flagged to the hub until they are moved or the leave is taken back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.schedule.availability import Owner
from campaign.schedule.states import BEFORE_AIR

RULES = ("host_away", "studio_closed", "hub_closed")


@dataclass(frozen=True)
class Clash:
    """One session against one leave or closure. thing_id: the host, the studio, 0 for the hub (without a name)."""

    rule: str
    thing_id: int
    session_id: int
    title: str
    starts_at: datetime
    ends_at: datetime
    name: str
    name_en: str

    @property
    def subject(self) -> str:
        """What makes it the same clash: it rings once."""
        return f"session:{self.session_id}:{self.thing_id}"


# Leave and closures ahead are few; each finds its sessions by an index on times.
_CLASHES = text("""
    SELECT DISTINCT found.* FROM (
        SELECT 'host_away' AS rule, w.host_id AS thing_id, h.name, h.name_en,
               s.id, s.title, s.starts_at, s.ends_at, s.warnings
        FROM time_window w
        JOIN host h ON h.id = w.host_id
        JOIN participant p ON p.host_id = w.host_id AND p.starts_at < w.ends_at AND p.ends_at > w.starts_at
        JOIN live_session s ON s.id = p.session_id
        WHERE w.shut AND w.ends_at > CAST(:now AS timestamptz) AND s.state = ANY (CAST(:states AS text[]))
          AND s.ends_at > CAST(:now AS timestamptz)
        UNION ALL
        SELECT 'studio_closed', w.studio_id, t.name, t.name_en, s.id, s.title, s.starts_at, s.ends_at, s.warnings
        FROM time_window w
        JOIN live_session s ON s.studio_id = w.studio_id
        JOIN studio t ON t.id = w.studio_id
        WHERE w.shut AND w.ends_at > CAST(:now AS timestamptz) AND s.state = ANY (CAST(:states AS text[]))
          AND s.ends_at > CAST(:now AS timestamptz)
          AND s.starts_at < w.ends_at + make_interval(mins => t.setup_minutes)
          AND s.ends_at > w.starts_at - make_interval(mins => t.teardown_minutes)
        UNION ALL
        SELECT 'hub_closed', 0, '', '', s.id, s.title, s.starts_at, s.ends_at, s.warnings
        FROM time_window w
        JOIN live_session s ON s.starts_at < w.ends_at AND s.ends_at > w.starts_at
        WHERE w.shut AND w.host_id IS NULL AND w.studio_id IS NULL AND w.ends_at > CAST(:now AS timestamptz)
          AND s.state = ANY (CAST(:states AS text[])) AND s.ends_at > CAST(:now AS timestamptz)
    ) found ORDER BY starts_at, id, thing_id LIMIT 1000
""")


def clashes(db: Session, actor: Actor, owner: Owner | None = None) -> list[Clash]:
    """Sessions ahead of air that lie in a leave or closure, as far as the actor sees them, by time.

    Those booked all the same with a reason (a kept warning) are no news.
    """
    rows = db.execute(_CLASHES, {"now": clock.now(db), "states": sorted(BEFORE_AIR)})
    found = [
        Clash(row.rule, row.thing_id, row.id, row.title, row.starts_at, row.ends_at, row.name, row.name_en)
        for row in rows
        if not _overridden(row)
    ]
    if owner is None:
        return found
    rule = {"host": "host_away", "studio": "studio_closed", "hub": "hub_closed"}[owner.kind]
    return [one for one in found if (one.rule, one.thing_id) == (rule, owner.id)]


def _overridden(row: Any) -> bool:
    prefix = {"host_away": "hst", "studio_closed": "std"}.get(row.rule)
    resource_id = ids.public(prefix, row.thing_id) if prefix else None
    return any(
        warning["rule"] == row.rule and warning["resource_id"] == resource_id and warning["reason"]
        for warning in row.warnings
    )
