"""Throwing away what is past its time."""

from datetime import timedelta

from sqlalchemy import CursorResult, delete
from sqlalchemy.orm import Session

from campaign.accounts.models import Idempotency, SignIn
from campaign.kit import clock
from campaign.kit.actor import Actor


def tidy(db: Session, _actor: Actor) -> int:
    """Delete idempotency answers older than 24 h and sign-ins expired for 30 days; gives how many rows."""
    now, rows = clock.now(db), 0
    for statement in (
        delete(Idempotency).where(Idempotency.created_at < now - timedelta(hours=24)),
        delete(SignIn).where(SignIn.expires_at < now - timedelta(days=30)),
    ):
        result = db.execute(statement)
        rows += result.rowcount if isinstance(result, CursorResult) else 0
    return rows
