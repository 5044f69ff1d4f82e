"""Webhook endpoints and their deliveries: an agency its own, the hub all."""

import json
from datetime import timedelta

from apiflask import APIBlueprint
from flask import Response, url_for
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.delivery import actions, queries, schemas
from campaign.delivery.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from campaign.delivery.standing import Standing, stands
from campaign.gate import limits
from campaign.gate.current import parts
from campaign.gate.door import Answer, reads, writes
from campaign.gate.etag import etag, expect, expected_version
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.fields import ListQuery

bp = APIBlueprint("api_webhooks", __name__, tag="Webhooks")


def _endpoint(db: Session, actor: Actor, endpoint_id: str) -> WebhookEndpoint:
    return queries.get_endpoint(db, actor, read_id("whe", endpoint_id))


def _shown(endpoint: WebhookEndpoint, status: int = 200) -> Answer:
    return Answer(schemas.EndpointOut.model_validate(endpoint), status, {"ETag": _etag(endpoint)})


def _etag(endpoint: WebhookEndpoint) -> str:
    """Another with each change and with its health; If-Match minds the changes alone."""
    return etag(endpoint.rev, endpoint.health_mark)


@bp.get("/webhook-endpoints")
@reads("endpoints.read", query=ListQuery, answer=schemas.EndpointList)
def list_endpoints(*, db: Session, actor: Actor, query: ListQuery) -> BaseModel:
    """Endpoints in use; with updated_since those removed since then too, which have `archived_at`."""
    page = queries.page_of_endpoints(db, actor, query)
    items = [schemas.EndpointOut.model_validate(row) for row in page.items]
    return schemas.EndpointList(items=items, next_cursor=page.next_cursor)


@bp.post("/webhook-endpoints")
@writes("endpoints.write", body=schemas.EndpointIn, answer=schemas.EndpointWithSecret, status=201)
def add_endpoint(*, db: Session, actor: Actor, body: schemas.EndpointIn) -> Answer:
    """Register an address. The secret is in this answer alone."""
    settings = parts().settings
    made = actions.add_endpoint(
        db, actor, body, secret_key=settings.secret_key, allow=settings.outgoing_allow
    )
    shown = schemas.EndpointOut.model_validate(made.endpoint)
    path = url_for("api_webhooks.get_endpoint", endpoint_id=shown.model_dump()["id"])
    headers = {"ETag": _etag(made.endpoint), "Location": path}
    given = {name: getattr(shown, name) for name in type(shown).model_fields}
    return Answer(schemas.EndpointWithSecret(**given, secret=made.secret), 201, headers)


@bp.get("/webhook-endpoints/<endpoint_id>")
@reads("endpoints.read", answer=schemas.EndpointOut)
def get_endpoint(*, db: Session, actor: Actor, endpoint_id: str) -> Answer:
    """One endpoint with its health."""
    return _shown(_endpoint(db, actor, endpoint_id))


@bp.patch("/webhook-endpoints/<endpoint_id>")
@writes("endpoints.write", body=schemas.EndpointChange, answer=schemas.EndpointOut)
def change_endpoint(*, db: Session, actor: Actor, endpoint_id: str, body: schemas.EndpointChange) -> Answer:
    """Change, pause (state paused) or take up again (state active). One that is disabled is not paused: 409."""
    endpoint = _endpoint(db, actor, endpoint_id)
    allow = parts().settings.outgoing_allow
    changed = actions.change_endpoint(db, actor, endpoint, body, allow=allow, expected_rev=expected_version())
    return _shown(changed)


@bp.delete("/webhook-endpoints/<endpoint_id>")
@writes("endpoints.write", status=204)
def remove_endpoint(*, db: Session, actor: Actor, endpoint_id: str) -> Response:
    """Take it out of use; deliveries that wait for it are aborted."""
    actions.remove_endpoint(db, actor, _endpoint(db, actor, endpoint_id), expected_rev=expected_version())
    return Response(status=204)


@bp.post("/webhook-endpoints/<endpoint_id>/test")
@writes("endpoints.write", answer=schemas.CountOut, status=202, limited="At most 30 a minute of one endpoint")
def test_endpoint(*, db: Session, actor: Actor, endpoint_id: str) -> BaseModel:
    """Send endpoint.test to this endpoint."""
    endpoint = _endpoint(db, actor, endpoint_id)
    expect(endpoint.rev)
    limits.hook_tested(endpoint_id)
    actions.test(db, actor, endpoint)
    return schemas.CountOut(deliveries=1)


@bp.post("/webhook-endpoints/<endpoint_id>/rotate-secret")
@writes("endpoints.write", answer=schemas.SecretOut)
def rotate_secret(*, db: Session, actor: Actor, endpoint_id: str) -> Answer:
    """A new secret, in this answer alone; each one before it signs along for 24 hours after it was replaced.

    Four sign at a time at most: 409 `secrets_full` says when the oldest has ended (Retry-After).
    """
    endpoint = _endpoint(db, actor, endpoint_id)
    secret, until = actions.rotate_secret(
        db,
        actor,
        endpoint,
        secret_key=parts().settings.secret_key,
        expected_rev=expected_version(),
    )
    shown = schemas.SecretOut(secret=secret, previous_active_until=until)
    return Answer(shown, 200, {"ETag": _etag(endpoint)})


@bp.post("/webhook-endpoints/<endpoint_id>/replay")
@writes(
    "endpoints.write",
    body=schemas.ReplayIn,
    answer=schemas.CountOut,
    status=202,
    limited="At most 10 a minute and 60 an hour of one endpoint",
)
def replay(*, db: Session, actor: Actor, endpoint_id: str, body: schemas.ReplayIn) -> BaseModel:
    """Send every event since a time again, as far back as events are kept; of a session's totals the newest."""
    endpoint = _endpoint(db, actor, endpoint_id)
    expect(endpoint.rev)
    limits.hook_replayed(endpoint_id)
    count = actions.replay(db, actor, endpoint, body.since)
    return schemas.CountOut(deliveries=count)


@bp.post("/webhook-endpoints/<endpoint_id>/enable")
@writes("endpoints.write", answer=schemas.EndpointOut)
def enable(*, db: Session, actor: Actor, endpoint_id: str) -> Answer:
    """Take up a disabled or paused endpoint; what was held is sent."""
    endpoint = _endpoint(db, actor, endpoint_id)
    return _shown(actions.enable(db, actor, endpoint, expected_rev=expected_version()))


@bp.get("/webhook-deliveries")
@reads("deliveries.read", query=schemas.DeliveryQuery, answer=schemas.DeliveryList)
def list_deliveries(*, db: Session, actor: Actor, query: schemas.DeliveryQuery) -> BaseModel:
    """Deliveries, newest first."""
    page = queries.page_of_deliveries(db, actor, query)
    standing = stands(db, actor, page.items)
    items = [schemas.DeliveryOut(**_facts(row, standing[row.id])) for row in page.items]
    return schemas.DeliveryList(items=items, next_cursor=page.next_cursor)


@bp.get("/webhook-deliveries/<delivery_id>")
@reads("deliveries.read", answer=schemas.DeliveryWithAttempts)
def get_delivery(*, db: Session, actor: Actor, delivery_id: str) -> Answer:
    """One delivery with its body and every try."""
    row = queries.get_delivery(db, actor, read_id("whd", delivery_id))
    standing = stands(db, actor, [row])[row.id]
    shown = schemas.DeliveryWithAttempts(
        **_facts(row, standing),
        body=json.loads(queries.body_of(db, actor, row)),
        attempts_made=[_tried(one) for one in queries.attempts_of(db, actor, row)],
    )
    return Answer(shown, 200, {"ETag": etag(standing.mark)})


@bp.post("/webhook-deliveries/<delivery_id>/resend")
@writes(
    "deliveries.resend",
    answer=schemas.DeliveryOut,
    status=202,
    limited="At most 120 a minute of one endpoint",
)
def resend(*, db: Session, actor: Actor, delivery_id: str) -> Answer:
    """Send it again with the same webhook-id."""
    row = queries.get_delivery(db, actor, read_id("whd", delivery_id))
    expect(stands(db, actor, [row])[row.id].mark)
    limits.hook_resent(ids.public("whe", row.endpoint_id))
    again = actions.resend(db, actor, row, expected_mark=expected_version())
    standing = stands(db, actor, [again])[again.id]
    return Answer(schemas.DeliveryOut(**_facts(again, standing)), 202, {"ETag": etag(standing.mark)})


def _facts(row: WebhookDelivery, standing: Standing) -> dict[str, object]:
    names = ("id", "endpoint_id", "event_id", "session_id", "attempts", "last_status", "last_error")
    return {name: getattr(row, name) for name in names} | {
        "event_type": row.type,
        "state": standing.state,
        "next_try_at": standing.next_try_at,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "sent_again_at": row.again_at,
        "updated_at": standing.changed_at,
    }


def _tried(row: WebhookAttempt) -> schemas.AttemptOut:
    answer = row.answer.decode("utf-8", "replace")
    return schemas.AttemptOut(
        at=row.at - timedelta(milliseconds=row.took_ms),
        url=row.url,
        took_ms=row.took_ms,
        status=row.status,
        error=row.error,
        answer=answer,
    )
