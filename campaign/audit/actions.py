"""Noting who did what."""

from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from campaign.audit.models import AuditEntry
from campaign.kit import clock
from campaign.kit.actor import Actor


def note(
    db: Session, actor: Actor, action: str, subject_type: str, subject_id: int | None, detail: dict[str, Any]
) -> None:
    """Keep one audit row in the transaction of the change. `detail` must be plain JSON."""
    db.execute(
        # Core, not ORM: the app role may insert rows it may not read back.
        insert(AuditEntry)
        .values(
            at=clock.now(db),
            actor_kind=actor.kind,
            actor_role=actor.role,
            actor_id=actor.id,
            actor_name=actor.name,
            action=action,
            subject_type=subject_type,
            subject_id=subject_id,
            detail=detail,
        )
        .inline()
    )
