"""Sales figures that stand on several pages."""

from typing import Any

from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.schedule.views import SessionView


def money_of(_db: Session, _actor: Actor, _session_ids: list[int]) -> dict[int, str]:
    """Paid GMV of sessions on air, short; currencies side by side, never added."""
    return {}


def sales_of(_db: Session, _actor: Actor, _session: SessionView) -> Any:
    """What a session sold, of what the actor may see; None before it went on air."""
    return None
