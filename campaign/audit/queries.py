"""Reading the audit."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.models import AuditEntry
from campaign.kit.actor import Actor
from campaign.kit.paging import Page, from_cursor, page_from


def page_of(
    db: Session, _actor: Actor, *, limit: int, cursor: str | None, since: datetime | None = None
) -> Page[AuditEntry]:
    """Entries, newest first. Row-level security shows them to hub and admin alone."""
    statement = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(AuditEntry.id < from_cursor(cursor, (int,))[0])
    if since is not None:
        statement = statement.where(AuditEntry.at >= since)
    return page_from(db.scalars(statement).all(), limit, lambda row: (row.id,))
