"""Sessions planned for campaigns, by campaign, day or brand."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.insight.pacing import Planned
from campaign.kit import clock
from campaign.kit.actor import Actor

_KEYS = {
    "campaign": "s.campaign_id::text",
    "day": "(s.starts_at AT TIME ZONE (SELECT timezone FROM hub))::date::text",
    "brand": "b.brand_id::text",
}
_WALLS = {
    "brand": "s.brand_ids @> ARRAY[CAST(:actor_id AS bigint)]",
    "agency": "s.agency_ids @> ARRAY[CAST(:actor_id AS bigint)]",
    "host": "s.host_ids @> ARRAY[CAST(:actor_id AS bigint)]",
}


def planned_by(
    db: Session, actor: Actor, campaign_ids: Sequence[int], key: Literal["campaign", "day", "brand"]
) -> dict[str, Planned]:
    """Key as text → what stands of it. By brand a session counts for each of its brands, and for an actor who is
    one, for that alone; a session's day is that of its start in the hub's zone.
    """
    wall = "true" if actor.is_hub else _WALLS.get(actor.role, "false")
    brands = "JOIN session_brand b ON b.session_id = s.id" if key == "brand" else ""
    if key == "brand" and actor.role == "brand":
        brands += " AND b.brand_id = CAST(:actor_id AS bigint)"
    rows = db.execute(
        text(
            f"SELECT {_KEYS[key]} AS key, count(*) AS sessions, sum(minutes)::bigint AS minutes,"
            " count(*) FILTER (WHERE gone) AS gone_sessions,"
            " coalesce(sum(minutes) FILTER (WHERE gone), 0)::bigint AS gone_minutes"
            " FROM (SELECT *, (extract(epoch FROM ends_at - starts_at) / 60)::bigint AS minutes,"
            "              ends_at <= CAST(:now AS timestamptz) AS gone FROM live_session) s"
            f" {brands} WHERE s.campaign_id = ANY (CAST(:ids AS bigint[]))"
            f" AND s.state NOT IN ('cancelled', 'no_show') AND {wall} GROUP BY 1"
        ),
        {
            "ids": list(campaign_ids),
            "now": clock.now(db),
            "actor_id": actor.brand_id or actor.agency_id or actor.host_id,
        },
    )
    return {row.key: Planned(row.sessions, row.minutes, row.gone_sessions, row.gone_minutes) for row in rows}
