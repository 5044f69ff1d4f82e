"""Reading endpoints, deliveries and the feed. Row-level security scopes each to the actor's agency or hub."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from campaign.delivery import standing
from campaign.delivery.models import (
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookMessage,
    WebhookSecret,
)
from campaign.delivery.rows import own
from campaign.delivery.schemas import DeliveryQuery, EventList, EventOut, EventQuery
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import Invalid, NotFound
from campaign.kit.fields import ListQuery
from campaign.kit.paging import Page, from_cursor, page_from, to_cursor
from campaign.kit.ranges import read_range
from campaign.parties.queries import zone_of_hub


def get_endpoint(db: Session, actor: Actor, endpoint_id: int) -> WebhookEndpoint:
    """One endpoint that is in use; raises NotFound."""
    found = db.scalars(
        select(WebhookEndpoint).where(
            WebhookEndpoint.id == endpoint_id,
            WebhookEndpoint.archived_at.is_(None),
            own(actor, WebhookEndpoint.agency_id),
        )
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def secrets_until(db: Session, actor: Actor, endpoint: WebhookEndpoint) -> Sequence[datetime]:
    """Until when each replaced secret that still signs along does, the first to end first."""
    wanted = select(WebhookSecret.active_until).where(
        WebhookSecret.endpoint_id == endpoint.id,
        WebhookSecret.active_until > clock.now(db),
        own(actor, WebhookSecret.agency_id),
    )
    return [until for until in db.scalars(wanted.order_by(WebhookSecret.active_until)) if until is not None]


def page_of_endpoints(db: Session, actor: Actor, query: ListQuery) -> Page[WebhookEndpoint]:
    """Endpoints in use, oldest first; with updated_since those removed too, so that a copy can follow."""
    wanted = select(WebhookEndpoint).where(own(actor, WebhookEndpoint.agency_id))
    if query.cursor is not None:
        (last_id,) = from_cursor(query.cursor, (int,))
        wanted = wanted.where(WebhookEndpoint.id > last_id)
    if query.updated_since is None:
        wanted = wanted.where(WebhookEndpoint.archived_at.is_(None))
    else:
        wanted = wanted.where(WebhookEndpoint.updated_at >= query.updated_since)
    rows = db.scalars(wanted.order_by(WebhookEndpoint.id).limit(query.limit + 1)).all()
    return page_from(rows, query.limit, lambda row: (row.id,))


def get_delivery(db: Session, actor: Actor, delivery_id: int) -> WebhookDelivery:
    """One delivery; raises NotFound."""
    found = db.scalars(
        select(WebhookDelivery).where(
            WebhookDelivery.id == delivery_id, own(actor, WebhookDelivery.agency_id)
        )
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


_EXACT = ("delivery_id", "event_id", "session_id")
_FIELDS = {
    "delivery_id": WebhookDelivery.id,
    "event_id": WebhookDelivery.event_id,
    "session_id": WebhookDelivery.session_id,
    "endpoint_id": WebhookDelivery.endpoint_id,
    "event_type": WebhookDelivery.type,
    "last_status": WebhookDelivery.last_status,
}


def page_of_deliveries(
    db: Session, actor: Actor, query: DeliveryQuery, *, sessions: Sequence[int] | None = None
) -> Page[WebhookDelivery]:
    """Deliveries, newest first; where `sessions` are given, of any of these. Raises Invalid for no range."""
    wanted = select(WebhookDelivery).where(own(actor, WebhookDelivery.agency_id))
    if query.from_at is not None or query.to_at is not None:
        wanted = wanted.where(*_between(*read_range(query.from_at, query.to_at, zone_of_hub(db, actor))))
    given = {name: getattr(query, name) for name in _FIELDS if getattr(query, name) is not None}
    if query.state is not None:
        wanted = wanted.where(standing.is_in(actor, query.state))
    wanted = wanted.where(*(_FIELDS[name] == value for name, value in given.items()))
    if sessions is not None:
        wanted = wanted.where(WebhookDelivery.session_id.in_(sessions))
    if query.cursor is not None:
        (last_id,) = from_cursor(query.cursor, (int,))
        wanted = wanted.where(WebhookDelivery.id < last_id)
    if query.updated_since is not None:
        wanted = wanted.where(standing.changed_since(actor, query.updated_since))
    # Those of one event or session are few. By the bare id PostgreSQL hopes to meet them soon, going back through all
    # there are: 720 ms among a million, and 1 ms by their own index.
    few = sessions is not None or any(name in given for name in _EXACT)
    order = (WebhookDelivery.id + 0 if few else WebhookDelivery.id).desc()
    rows = db.scalars(wanted.order_by(order).limit(query.limit + 1)).all()
    return page_from(rows, query.limit, lambda row: (row.id,))


def _between(start: datetime | None, end: datetime | None) -> Iterator[ColumnElement[bool]]:
    """Of events in [start, end). A delivery's day is that of its event by UTC: other days are not looked at."""
    if start is not None:
        yield WebhookDelivery.created_at >= start
        yield WebhookDelivery.day >= start.astimezone(UTC).date()
    if end is not None:
        yield WebhookDelivery.created_at < end
        yield WebhookDelivery.day <= end.astimezone(UTC).date()


def attempts_of(db: Session, actor: Actor, delivery: WebhookDelivery) -> Sequence[WebhookAttempt]:
    """The tries of a delivery, oldest first."""
    return db.scalars(
        select(WebhookAttempt)
        .where(WebhookAttempt.delivery_id == delivery.id, own(actor, WebhookAttempt.agency_id))
        .order_by(WebhookAttempt.at, WebhookAttempt.id)
    ).all()


def body_of(db: Session, actor: Actor, delivery: WebhookDelivery) -> bytes:
    """The bytes that the delivery sends."""
    found = db.scalars(
        select(WebhookMessage.body).where(
            WebhookMessage.day == delivery.day,
            WebhookMessage.position == delivery.position,
            own(actor, WebhookMessage.agency_id),
        )
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def events_after(db: Session, actor: Actor, query: EventQuery, *, event_days: int) -> EventList:
    """The feed from a cursor on. Positions are given when they become visible: nothing slips in before one.

    The hub reads every agency's messages, so an event for two agencies comes twice there. A cursor carries the moment
    (Unix seconds) it was given out: events are kept `event_days`, and what came later than an older one may be gone.
    """
    now = int(clock.now(db).timestamp())
    position, given_at = (0, now) if query.after is None else _place(query.after, now)
    rows = db.scalars(
        select(WebhookMessage)
        .where(WebhookMessage.position > position, own(actor, WebhookMessage.agency_id))
        .order_by(WebhookMessage.position)
        .limit(query.limit)
    ).all()
    items = [
        EventOut(
            id=row.event_id,
            agency_id=row.agency_id if actor.role != "agency" else None,
            **json.loads(row.body),
        )
        for row in rows
    ]
    return EventList(
        items=items,
        next_cursor=to_cursor((rows[-1].position if rows else position, now)),
        forgotten=given_at < now - event_days * 86_400,
    )


def _place(cursor: str, now: int) -> tuple[int, int]:
    try:
        position, given_at = from_cursor(cursor, (int, int))
    except Invalid:
        # Cursors did not carry a moment at first, and receivers keep theirs.
        (position,) = from_cursor(cursor, (int,), field="after")
        return position, now
    return position, given_at


def endpoint_of(db: Session, actor: Actor, delivery: WebhookDelivery) -> WebhookEndpoint:
    """Where the delivery goes, also where its endpoint was removed since."""
    return db.scalars(
        select(WebhookEndpoint).where(
            WebhookEndpoint.id == delivery.endpoint_id, own(actor, WebhookEndpoint.agency_id)
        )
    ).one()
