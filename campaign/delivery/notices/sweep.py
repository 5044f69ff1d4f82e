"""What the clock does for notices: strays put where they belong, old ones thrown away."""

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from campaign.delivery.notices.queries import oldest_kept
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.outbox.actions import wake
from campaign.outbox.notices import Notice

# A try is noted as pending whatever became of its channel meanwhile.
_STRAYS = (
    (
        "UPDATE notice_delivery d SET state = 'held' FROM notice_channel c WHERE c.id = d.channel_id"
        " AND d.state = 'pending' AND c.state <> 'active' AND c.archived_at IS NULL RETURNING 1"
    ),
    (
        "UPDATE notice_delivery d SET state = 'aborted', finished_at = :now FROM notice_channel c"
        " WHERE c.id = d.channel_id AND d.state IN ('pending', 'held') AND c.archived_at IS NOT NULL RETURNING 1"
    ),
    (
        "UPDATE notice_delivery SET state = 'expired', finished_at = :now"
        " WHERE state IN ('pending', 'held') AND useful_until <= :now RETURNING 1"
    ),
)


def sweep(db: Session, actor: Actor) -> int:
    """Strays to their place, what is older than it is kept away, the sender woken; gives how many rows."""
    now = clock.now(db)
    moved = sum(len(db.execute(text(one), {"now": now}).all()) for one in _STRAYS)
    gone = delete(Notice).where(Notice.at < oldest_kept(db, actor)).returning(Notice.id)
    moved += len(db.execute(gone.execution_options(synchronize_session=False)).all())
    if db.execute(text("SELECT 1 FROM notice WHERE fanned_at IS NULL LIMIT 1")).first():
        wake(db)
    return moved
