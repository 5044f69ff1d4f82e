"""Reading accounts."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.accounts.models import ApiKey, Connector
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound
from campaign.kit.paging import Page, from_cursor, page_from


def get_connector(db: Session, _actor: Actor, connector_id: int) -> Connector:
    """One connector that is in use; raises NotFound."""
    found = find_connector(db, _actor, connector_id)
    if found.archived_at is not None:
        raise NotFound
    return found


def find_connector(db: Session, _actor: Actor, connector_id: int) -> Connector:
    """One connector, also where it is out of use: what it brought stays. Raises NotFound."""
    found = db.get(Connector, connector_id)
    if found is None:
        raise NotFound
    return found


def connectors_out_of_use(db: Session, _actor: Actor) -> Sequence[Connector]:
    """The last hundred that were taken out of use, the latest first."""
    statement = select(Connector).where(Connector.archived_at.is_not(None))
    return db.scalars(statement.order_by(Connector.archived_at.desc(), Connector.id).limit(100)).all()


def page_of_connectors(
    db: Session, _actor: Actor, *, limit: int, cursor: str | None, updated_since: datetime | None = None
) -> Page[Connector]:
    """Connectors in use, oldest first; with updated_since those out of use too, so that a copy can follow.

    Row-level security shows them to hub and admin alone.
    """
    statement = select(Connector).order_by(Connector.id).limit(limit + 1)
    if updated_since is None:
        statement = statement.where(Connector.archived_at.is_(None))
    else:
        statement = statement.where(Connector.updated_at >= updated_since)
    if cursor is not None:
        statement = statement.where(Connector.id > from_cursor(cursor, (int,))[0])
    return page_from(db.scalars(statement).all(), limit, lambda row: (row.id,))


def all_keys(db: Session, _actor: Actor) -> list[ApiKey]:
    """Every API key, oldest first, revoked ones too."""
    return list(db.scalars(select(ApiKey).order_by(ApiKey.id)))
