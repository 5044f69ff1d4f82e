"""Whether a party is still needed by something that lies ahead."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.kit.errors import Conflict
from campaign.parties.models import Party

# Sessions that still need the party: not over, not called off.
_AHEAD = "state IN ('draft', 'offered', 'accepted', 'ready', 'live')"
_USES = {
    "studio": f"SELECT 1 FROM live_session WHERE studio_id = :id AND {_AHEAD}",
    "brand": f"SELECT 1 FROM live_session WHERE brand_ids @> ARRAY[CAST(:id AS bigint)] AND {_AHEAD}"
    " UNION ALL SELECT 1 FROM shop WHERE brand_id = :id AND archived_at IS NULL",
    "agency": "SELECT 1 FROM participant p JOIN live_session s ON s.id = p.session_id"
    f" WHERE p.agency_id = :id AND s.{_AHEAD}"
    " UNION ALL SELECT 1 FROM host_contract WHERE agency_id = :id AND during @> current_date",
    "host": f"SELECT 1 FROM live_session WHERE host_ids @> ARRAY[CAST(:id AS bigint)] AND {_AHEAD}",
    "shop": "SELECT 1 FROM platform_account WHERE shop_id = :id AND archived_at IS NULL",
    "product": "SELECT 1 FROM lineup_item l JOIN live_session s ON s.id = l.session_id"
    f" WHERE l.product_id = :id AND s.{_AHEAD}",
    "crew_pool": "SELECT 1 FROM session_crew c JOIN live_session s ON s.id = c.session_id"
    f" WHERE c.crew_pool_id = :id AND s.{_AHEAD}",
    "platform_account": "SELECT 1 FROM session_channel c JOIN live_session s ON s.id = c.session_id"
    f" WHERE c.platform_account_id = :id AND s.{_AHEAD}",
    "campaign": f"SELECT 1 FROM live_session WHERE campaign_id = :id AND {_AHEAD}"
    " UNION ALL SELECT 1 FROM campaign WHERE parent_id = :id AND archived_at IS NULL",
}


class InUse(Conflict):
    code = "in_use"


def refuse_in_use(db: Session, _actor: Actor, row: Party) -> None:
    """Raise InUse while a session ahead, a shop, a contract or an account needs the party."""
    if db.execute(text(f"{_USES[row.__tablename__]} LIMIT 1"), {"id": row.id}).first() is not None:
        raise InUse
