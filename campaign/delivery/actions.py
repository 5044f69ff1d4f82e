"""What agencies and the hub do with endpoints and deliveries."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.delivery.destinations import start_anew, take_up, touch
from campaign.delivery.models import WebhookDelivery, WebhookEndpoint, WebhookSecret
from campaign.delivery.moving import begin
from campaign.delivery.queries import get_endpoint, secrets_until
from campaign.delivery.schemas import EndpointChange, EndpointIn
from campaign.delivery.standing import stands
from campaign.delivery.states import RESENDABLE, SUPERSEDED
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.kit.addresses import Blocked, Network, check_url
from campaign.kit.errors import FieldError, Invalid, Stale, WrongState
from campaign.kit.sealing import seal
from campaign.kit.signing import new_secret
from campaign.outbox.actions import wake, write
from campaign.parties.models import Agency
from campaign.parties.queries import get as get_party

SECRET_CONTEXT = "webhook_secret"  # noqa: S105 - says which column, no secret
OVERLAP = timedelta(hours=24)
MOST_SECRETS = 4
"""Of one endpoint that sign at a time: the newest, and those replaced less than OVERLAP ago."""
MOST_ENDPOINTS = 200
"""Of one agency, in use."""


@dataclass(frozen=True)
class Made:
    """A new endpoint with the secret that is shown this once."""

    endpoint: WebhookEndpoint
    secret: str


class EndpointNotActive(WrongState):
    """It is paused or disabled: what is put in line now would only be held."""

    code = "endpoint_not_active"


class EndpointDisabled(WrongState):
    """It is switched off, so that there is nothing to pause: taken up again first, by `enable` or state active."""

    code = "endpoint_disabled"


class EndpointsFull(WrongState):
    """The agency has MOST_ENDPOINTS already: each is sent every event, so that a few thousand would keep us busy."""

    code = "endpoints_full"


class SecretsFull(WrongState):
    """It signs with MOST_SECRETS already: another would end one whose time is not over."""

    code = "secrets_full"

    def __init__(self, seconds: int) -> None:
        super().__init__(most=MOST_SECRETS)
        self.retry_after = seconds


class DeliverySending(WrongState):
    """It is on its way this moment."""

    code = "delivery_sending"


def add_endpoint(
    db: Session, actor: Actor, given: EndpointIn, *, secret_key: bytes, allow: Sequence[Network]
) -> Made:
    """Register an address. Raises Invalid for a URL that may not be called or a missing agency."""
    agency_id = actor.agency_id if actor.role == "agency" else given.agency_id
    if agency_id is None:
        raise Invalid([FieldError("agency_id", "missing")])
    if given.agency_id not in (None, agency_id):
        raise Invalid([FieldError("agency_id", "unknown_id")])
    get_party(db, actor, Agency, agency_id)
    in_use = select(func.count()).where(
        WebhookEndpoint.agency_id == agency_id, WebhookEndpoint.archived_at.is_(None)
    )
    # One after the other: of two at once both would find room for the last.
    db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"endpoints of {agency_id}", 0))))
    if db.scalars(in_use).one() >= MOST_ENDPOINTS:
        raise EndpointsFull(most=MOST_ENDPOINTS)
    now = clock.now(db)
    endpoint = WebhookEndpoint(
        agency_id=agency_id,
        url=_checked(given.url, allow),
        event_types=given.event_types,
        description=given.description,
        max_in_flight=given.max_in_flight,
        per_second=given.per_second,
        created_at=now,
        updated_at=now,
    )
    db.add(endpoint)
    db.flush()
    secret = _add_secret(db, endpoint, secret_key, now)
    _note(db, actor, endpoint, "created", {"url": endpoint.url})
    return Made(endpoint, secret)


def change_endpoint(
    db: Session,
    actor: Actor,
    endpoint: WebhookEndpoint,
    given: EndpointChange,
    *,
    allow: Sequence[Network],
    expected_rev: int | None = None,
) -> WebhookEndpoint:
    """Change what is given; `state` pauses (deliveries are held) and takes up again (they are sent).

    Raises EndpointDisabled where one that is switched off is to be paused: why it was would be forgotten.
    """
    changes = given.model_dump(exclude_unset=True)
    if "url" in changes:
        changes["url"] = _checked(changes["url"], allow)
    state = changes.pop("state", None)
    touch(db, endpoint, expected_rev)
    if state == "paused" and endpoint.state == "disabled":
        raise EndpointDisabled
    if changes.get("url", endpoint.url) != endpoint.url:
        # What the old address did says nothing about the new one.
        endpoint.failures = 0
        start_anew(endpoint)
        wake(db)
    for name, value in changes.items():
        setattr(endpoint, name, value)
    if state == "active" and endpoint.state != "active":
        _take_up(db, endpoint)
    if state == "paused" and endpoint.state == "active":
        endpoint.state = "paused"
        begin(db, endpoint.id)
    db.flush()
    _note(db, actor, endpoint, "changed", {"fields": sorted(given.model_fields_set)})
    return endpoint


def enable(
    db: Session, actor: Actor, endpoint: WebhookEndpoint, *, expected_rev: int | None = None
) -> WebhookEndpoint:
    """Take a disabled or paused endpoint up again: its health starts anew and what was held is sent."""
    touch(db, endpoint, expected_rev)
    _take_up(db, endpoint)
    db.flush()
    _note(db, actor, endpoint, "enabled", {})
    return endpoint


def remove_endpoint(
    db: Session, actor: Actor, endpoint: WebhookEndpoint, *, expected_rev: int | None = None
) -> None:
    """Take it out of use; what was waiting for it is aborted, its log stays."""
    touch(db, endpoint, expected_rev)
    endpoint.archived_at = clock.now(db)
    begin(db, endpoint.id)
    _note(db, actor, endpoint, "removed", {"url": endpoint.url})


def rotate_secret(
    db: Session,
    actor: Actor,
    endpoint: WebhookEndpoint,
    *,
    secret_key: bytes,
    expected_rev: int | None = None,
) -> tuple[str, datetime]:
    """A new secret; each one before it signs along until OVERLAP after it was replaced.

    A receiver that has not heard of the second rotation of a day goes on with what it has. Raises SecretsFull.
    """
    now = clock.now(db)
    touch(db, endpoint, expected_rev)
    replaced = secrets_until(db, actor, endpoint)
    if len(replaced) >= MOST_SECRETS - 1:
        raise SecretsFull(math.ceil((replaced[0] - now).total_seconds()))
    mine = WebhookSecret.endpoint_id == endpoint.id
    db.execute(
        update(WebhookSecret)
        .where(mine, WebhookSecret.active_until.is_(None))
        .values(active_until=now + OVERLAP)
    )
    secret = _add_secret(db, endpoint, secret_key, now)
    _note(db, actor, endpoint, "secret_rotated", {})
    return secret, now + OVERLAP


def test(db: Session, actor: Actor, endpoint: WebhookEndpoint) -> None:
    """Send endpoint.test to this endpoint alone, through the same queue as everything."""
    _expect_active(endpoint)
    data = {"endpoint_id": ids.public("whe", endpoint.id)}
    write(db, "endpoint.test", agency_ids=[endpoint.agency_id], data=data)
    _note(db, actor, endpoint, "tested", {})


def resend(
    db: Session, actor: Actor, delivery: WebhookDelivery, *, expected_mark: int | None = None
) -> WebhookDelivery:
    """Send it again, with the same webhook-id, from the start of the retry table.

    Raises Stale where something became of it since it bore `expected_mark`.
    """
    unchanged: tuple[ColumnElement[bool], ...] = ()
    if expected_mark is not None:
        if stands(db, actor, [delivery])[delivery.id].mark != expected_mark:
            raise Stale
        # What the sender notes meanwhile counts too.
        unchanged = (WebhookDelivery.state == delivery.state, WebhookDelivery.attempts == delivery.attempts)
    _expect_active(get_endpoint(db, actor, delivery.endpoint_id))
    now = clock.now(db)
    changed = db.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.day == delivery.day,
            WebhookDelivery.id == delivery.id,
            WebhookDelivery.state.in_(RESENDABLE),
            *unchanged,
        )
        .values(
            state="pending",
            step=0,
            next_at=now,
            lease=None,
            finished_at=None,
            again_at=now,
            last_error=func.nullif(WebhookDelivery.last_error, SUPERSEDED),
        )
        .returning(WebhookDelivery.id)
    ).one_or_none()
    if changed is None:
        raise Stale if unchanged and delivery.state in RESENDABLE else DeliverySending
    wake(db)
    audit.note(db, actor, "webhook_delivery.resent", "webhook_delivery", delivery.id, {})
    db.refresh(delivery)
    return delivery


# What is waiting or on its way is left alone, and not locked either: the sender notes tries in another order.
_REPLAY = text("""
WITH wanted AS (
    SELECT m.day, m.event_id, m.position, m.type, m.session_id, m.at
    FROM (
        SELECT day, event_id, position, type, session_id, at,
               row_number() OVER (PARTITION BY type, session_id ORDER BY position DESC) AS newness
        FROM webhook_message
        WHERE agency_id = :agency_id AND at >= :since AND day >= CAST(:since AS timestamptz)::date
          AND type <> 'endpoint.test' AND CAST(:types AS text[]) && ARRAY['*', type]
    ) m
    -- Of a session's totals the newest: they say all that those before them said, and the others might come after them.
    WHERE m.newness = 1 OR m.type <> 'sales.updated'
), again AS (
    UPDATE webhook_delivery d
    SET state = 'pending', step = 0, next_at = :now, finished_at = NULL, again_at = :now,
        last_error = nullif(d.last_error, 'superseded')
    FROM wanted w
    WHERE d.day = w.day AND d.event_id = w.event_id AND d.endpoint_id = :endpoint_id
      AND d.state NOT IN ('pending', 'sending')
    RETURNING 1
), made AS (
    INSERT INTO webhook_delivery
        (day, endpoint_id, agency_id, event_id, position, type, session_id, state, next_at, created_at, again_at)
    SELECT day, :endpoint_id, :agency_id, event_id, position, type, session_id, 'pending', :now, at, :now
    FROM wanted ORDER BY position
    ON CONFLICT (day, event_id, endpoint_id) DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM again) + (SELECT count(*) FROM made)
""")


def replay(db: Session, actor: Actor, endpoint: WebhookEndpoint, since: datetime) -> int:
    """Send every event since then again, also those from before the endpoint was made. Gives how many.

    Of sales.updated only the newest of each session.
    """
    _expect_active(endpoint)
    # One after the other: the second of two at once finds what the first put in line.
    db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"replay of {endpoint.id}", 0))))
    now = clock.now(db)
    given = {"endpoint_id": endpoint.id, "agency_id": endpoint.agency_id, "types": endpoint.event_types}
    count = int(db.execute(_REPLAY, given | {"now": now, "since": since}).scalar_one())
    wake(db)
    _note(db, actor, endpoint, "replayed", {"since": since.isoformat(), "deliveries": count})
    return count


def _take_up(db: Session, endpoint: WebhookEndpoint) -> None:
    endpoint.failures = 0
    take_up(db, endpoint)
    begin(db, endpoint.id)


def _checked(url: str, allow: Sequence[Network]) -> str:
    try:
        return check_url(url.strip(), allow)
    except Blocked as error:
        raise Invalid([FieldError("url", error.error_code)]) from error


def _add_secret(db: Session, endpoint: WebhookEndpoint, secret_key: bytes, now: datetime) -> str:
    secret = new_secret()
    db.add(
        WebhookSecret(
            endpoint_id=endpoint.id,
            agency_id=endpoint.agency_id,
            sealed=seal(secret_key, secret, context=SECRET_CONTEXT),
            created_at=now,
        )
    )
    db.flush()
    return secret


def _expect_active(endpoint: WebhookEndpoint) -> None:
    if endpoint.state != "active":
        raise EndpointNotActive


def _note(db: Session, actor: Actor, endpoint: WebhookEndpoint, act: str, detail: dict[str, object]) -> None:
    audit.note(db, actor, f"webhook_endpoint.{act}", "webhook_endpoint", endpoint.id, detail)
