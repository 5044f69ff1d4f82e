"""A tap on the floor counts once, however often bad Wi-Fi sends it."""

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.schedule.models import Press

KEPT = timedelta(days=2)
_FOLD = 120


def first(db: Session, actor: Actor, token: str, session_id: int, verb: str) -> bool:
    """Whether this button was not pressed before; two at once take turns, and one that is refused leaves no trace.

    `token` is the button's own. Without one every press is the first.
    """
    if not token:
        return True
    now = clock.now(db)
    db.execute(delete(Press).where(Press.at < now - KEPT))
    done = db.execute(
        insert(Press)
        .values(token=f"{token}:{verb}"[:_FOLD], session_id=session_id, verb=verb, at=now)
        .on_conflict_do_nothing()
        .returning(Press.token)
    )
    return done.first() is not None
