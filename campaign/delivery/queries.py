"""Reading endpoints, deliveries and the feed. Row-level security scopes each to the actor's agency or hub."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.delivery.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage
from campaign.delivery.rows import own
from campaign.delivery.schemas import DeliveryQuery, EventList, EventOut, EventQuery
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import Invalid, NotFound
from campaign.kit.fields import ListQuery
from campaign.kit.paging import Page, from_cursor, page_from, to_cursor


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


def page_of_endpoints(db: Session, actor: Actor, query: ListQuery) -> Page[WebhookEndpoint]:
    """Endpoints in use, oldest first."""
    wanted = select(WebhookEndpoint).where(
        WebhookEndpoint.archived_at.is_(None), own(actor, WebhookEndpoint.agency_id)
    )
    if query.cursor is not None:
        (last_id,) = from_cursor(query.cursor, (int,))
        wanted = wanted.where(WebhookEndpoint.id > last_id)
    if query.updated_since is not None:
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


def page_of_deliveries(db: Session, actor: Actor, query: DeliveryQuery) -> Page[WebhookDelivery]:
    """Deliveries, newest first."""
    wanted = select(WebhookDelivery).where(own(actor, WebhookDelivery.agency_id))
    if query.cursor is not None:
        (last_id,) = from_cursor(query.cursor, (int,))
        wanted = wanted.where(WebhookDelivery.id < last_id)
    if query.endpoint_id is not None:
        wanted = wanted.where(WebhookDelivery.endpoint_id == query.endpoint_id)
    if query.state is not None:
        wanted = wanted.where(WebhookDelivery.state == query.state)
    if query.event_type is not None:
        wanted = wanted.where(WebhookDelivery.type == query.event_type)
    if query.event_id is not None:
        wanted = wanted.where(WebhookDelivery.event_id == query.event_id)
    if query.session_id is not None:
        wanted = wanted.where(WebhookDelivery.session_id == query.session_id)
    if query.updated_since is not None:
        wanted = wanted.where(
            func.greatest(WebhookDelivery.finished_at, WebhookDelivery.again_at, WebhookDelivery.created_at)
            >= query.updated_since
        )
    rows = db.scalars(wanted.order_by(WebhookDelivery.id.desc()).limit(query.limit + 1)).all()
    return page_from(rows, query.limit, lambda row: (row.id,))


def next_tries(
    db: Session, actor: Actor, deliveries: Sequence[WebhookDelivery]
) -> dict[int, datetime | None]:
    """When each is tried next, by its id: not before its endpoint's pause is over, and None once it is over."""
    paused = select(WebhookEndpoint.id, WebhookEndpoint.paused_until).where(
        WebhookEndpoint.id.in_({row.endpoint_id for row in deliveries}),
        WebhookEndpoint.paused_until.is_not(None),
        own(actor, WebhookEndpoint.agency_id),
    )
    pauses = dict(db.execute(paused).all())
    return {
        row.id: max(row.next_at, pauses.get(row.endpoint_id) or row.next_at)
        if row.state == "pending"
        else None
        for row in deliveries
    }


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
    items = [EventOut(id=row.event_id, **json.loads(row.body)) for row in rows]
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
        (position,) = from_cursor(cursor, (int,))
        return position, now
    return position, given_at


def endpoint_of(db: Session, actor: Actor, delivery: WebhookDelivery) -> WebhookEndpoint:
    """Where the delivery goes, also where its endpoint was removed since."""
    return db.scalars(
        select(WebhookEndpoint).where(
            WebhookEndpoint.id == delivery.endpoint_id, own(actor, WebhookEndpoint.agency_id)
        )
    ).one()
