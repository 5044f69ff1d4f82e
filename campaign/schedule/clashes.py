"""Booked sessions in a leave, a closure or outside opening hours: flagged to the hub until that is set right."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.schedule.availability import Owner
from campaign.schedule.states import BEFORE_AIR

RULES = ("host_away", "studio_closed", "hub_closed", "outside_hours")
_OF_OWNER = {"host": ("host_away",), "studio": ("studio_closed",), "hub": ("hub_closed", "outside_hours")}

HOURS_AHEAD = timedelta(days=35)
"""Opening hours touch every session; those further ahead are flagged as they come nearer."""


@dataclass(frozen=True)
class Clash:
    """One session against a leave, a closure or the hub's hours. thing_id: host, studio, 0 for the hub (no name)."""

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
        UNION ALL
        SELECT 'outside_hours', 0, '', '', s.id, s.title, s.starts_at, s.ends_at, s.warnings
        FROM (SELECT opens, closes, timezone, interval '1 day' * (closes <= opens)::integer AS over FROM hub
              WHERE opens <> closes AND settings #>> '{rules,levels,outside_hours}' IS DISTINCT FROM 'off') h
        CROSS JOIN LATERAL (
            SELECT n.*, n.starts_at AT TIME ZONE h.timezone AS wall FROM live_session n
            WHERE n.ends_at > CAST(:now AS timestamptz) AND n.starts_at < CAST(:until AS timestamptz)
              AND n.state = ANY (CAST(:states AS text[]))) s
        -- The opening it begins in ends that day or, where hours go past midnight, the next.
        CROSS JOIN LATERAL (
            SELECT (s.wall::date - (s.wall::time < h.opens)::integer + h.closes + h.over) AT TIME ZONE h.timezone AS at
        ) closing
        WHERE s.starts_at >= closing.at OR s.ends_at > closing.at
    ) found ORDER BY starts_at, id, thing_id LIMIT 1000
""")


def clashes(db: Session, actor: Actor, owner: Owner | None = None) -> list[Clash]:
    """Sessions ahead of air that lie in a leave, a closure or outside the hub's hours, as far as the actor sees them.

    Those booked all the same with a reason (a kept warning) are no news.
    """
    now = clock.now(db)
    rows = db.execute(_CLASHES, {"now": now, "until": now + HOURS_AHEAD, "states": sorted(BEFORE_AIR)})
    found = [
        Clash(row.rule, row.thing_id, row.id, row.title, row.starts_at, row.ends_at, row.name, row.name_en)
        for row in rows
        if not _overridden(row)
    ]
    if owner is None:
        return found
    return [one for one in found if one.rule in _OF_OWNER[owner.kind] and one.thing_id == owner.id]


def _overridden(row: Any) -> bool:
    prefix = {"host_away": "hst", "studio_closed": "std"}.get(row.rule)
    resource_id = ids.public(prefix, row.thing_id) if prefix else None
    return any(
        warning["rule"] == row.rule and warning["resource_id"] == resource_id and warning["reason"]
        for warning in row.warnings
    )
