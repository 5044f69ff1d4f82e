"""How a delivery stands for its readers, also while very many of its endpoint's are still being moved (moving)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from zlib import crc32

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from campaign.delivery.models import WebhookDelivery, WebhookEndpoint
from campaign.delivery.rows import own
from campaign.delivery.states import State
from campaign.kit.actor import Actor


class Standing(NamedTuple):
    """Its state, when it is tried next (None once it is over, or held), when it last changed, and its tries."""

    state: State
    next_try_at: datetime | None
    changed_at: datetime
    attempts: int

    @property
    def mark(self) -> int:
        """Differs with each thing that becomes of it: state, tries, when. At most nine digits, as an ETag has."""
        return crc32(f"{self.state} {self.attempts} {self.changed_at.timestamp()}".encode()) % 10**9


def stands(db: Session, actor: Actor, deliveries: Sequence[WebhookDelivery]) -> dict[int, Standing]:
    """By the id of each. It is tried not before its endpoint's pause is over."""
    wanted = select(WebhookEndpoint).where(
        WebhookEndpoint.id.in_({row.endpoint_id for row in deliveries}), own(actor, WebhookEndpoint.agency_id)
    )
    endpoints = {row.id: row for row in db.scalars(wanted)}
    return {row.id: _stands(row, endpoints.get(row.endpoint_id)) for row in deliveries}


def _stands(row: WebhookDelivery, endpoint: WebhookEndpoint | None) -> Standing:
    state = row.state
    if endpoint is not None and endpoint.archived_at is not None and state in ("pending", "held"):
        state = "aborted"
    elif endpoint is not None and endpoint.state != "active" and state == "pending":
        state = "held"
    # It changed with its endpoint.
    changed_at = row.changed_at if state == row.state or endpoint is None else endpoint.updated_at
    paused_until = None if endpoint is None else endpoint.paused_until
    next_at = max(row.next_at, paused_until or row.next_at) if state == "pending" else None
    return Standing(state, next_at, max(row.changed_at, changed_at), row.attempts)


def is_in(actor: Actor, state: State) -> ColumnElement[bool]:
    """Deliveries that stand so."""
    row = WebhookDelivery
    # By two conditions and not IN: each has a partial index.
    waits, active = or_(row.state == "pending", row.state == "held"), WebhookEndpoint.state == "active"
    in_use = WebhookEndpoint.archived_at.is_(None)
    if state == "pending":
        return and_(row.state == "pending", row.endpoint_id.in_(_endpoints(actor, active, in_use)))
    if state == "held":
        idle = row.endpoint_id.in_(_endpoints(actor, ~active, in_use))
        return or_(
            and_(row.state == "held", row.endpoint_id.in_(_endpoints(actor, in_use))),
            and_(row.state == "pending", idle),
        )
    if state == "aborted":
        return or_(row.state == "aborted", and_(waits, row.endpoint_id.in_(_endpoints(actor, ~in_use))))
    return row.state == state


def changed_since(actor: Actor, since: datetime) -> ColumnElement[bool]:
    """Deliveries of which something became that their readers see, since then."""
    row, endpoint = WebhookDelivery, WebhookEndpoint
    own_change = func.greatest(row.created_at, row.updated_at, row.again_at, row.finished_at) >= since
    lately = endpoint.updated_at >= since
    removed = _endpoints(actor, lately, endpoint.archived_at.is_not(None))
    idle = _endpoints(actor, lately, endpoint.state != "active")
    return or_(
        own_change,
        and_(row.state == "pending", or_(row.endpoint_id.in_(removed), row.endpoint_id.in_(idle))),
        and_(row.state == "held", row.endpoint_id.in_(removed)),
    )


def _endpoints(actor: Actor, *which: ColumnElement[bool]) -> Select[int]:
    return select(WebhookEndpoint.id).where(own(actor, WebhookEndpoint.agency_id), *which)
