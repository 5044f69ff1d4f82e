"""Ways in for sales: our push, by a connector's key or by its signature."""

from apiflask import APIBlueprint
from flask import Response, current_app, request
from pydantic import BaseModel, Field

from campaign.accounts.actions import secrets_of
from campaign.accounts.models import Connector
from campaign.api.quick_lane import found_by
from campaign.gate.current import parts
from campaign.gate.door import mended, opened
from campaign.gate.identity import find_key
from campaign.gate.spec import describe
from campaign.gate.wording import in_words
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import DomainError, Unauthenticated
from campaign.kit.ids import internal
from campaign.kit.signing import BadSignature, verify
from campaign.sales.batches import LARGEST_PUSH, Batch, PushTooLarge, read_batch
from campaign.sales.intake import Intake, check_key
from campaign.sales.taking import Taken

bp = APIBlueprint("api_ingest", __name__, tag="Sales")


class EventIn(BaseModel):
    """One sale event; which fields it needs depends on its type. Unknown fields are kept."""

    type: str
    event_id: str
    occurred_at: str
    platform: str
    shop_id: str


class EventsIn(BaseModel):
    """1 to 1,000 events; the same as NDJSON, one event a line, with Content-Type application/x-ndjson."""

    events: list[EventIn] = Field(min_length=1, max_length=1000)


class RejectedOut(BaseModel):
    """An event that was not taken. `field` where one is at fault."""

    index: int
    code: str
    message: str
    field: str = ""


class VerdictOut(BaseModel):
    """Durable when this is answered."""

    accepted: int
    duplicates: int
    quarantined: int
    rejected: list[RejectedOut]


def _push_by_key() -> Response:
    """Sale events by a connector's key. One bad event never refuses its neighbours."""
    key = find_key()
    if not key:
        raise Unauthenticated
    found = found_by(request.environ)
    if isinstance(found, Taken):
        return _told(found)
    if found is not None:
        with mended():
            raise found
    try:
        batch = read_batch(_body(), request.content_type or "")
    except DomainError:
        # Who may not push is told that, and nothing about the body.
        with opened(SYSTEM, readonly=True) as db:
            check_key(db, key)
        raise
    return _answer(key, batch)


def _push_signed(connector: str) -> Response:
    """Sale events by the Standard Webhooks signature of the connector's secret, without a Bearer."""
    body = _body()
    signer = _signer(connector, body)
    return _answer(signer, read_batch(body, request.content_type or ""))


bp.post("/ingest/events", endpoint="push_by_key")(
    describe(_push_by_key, permission="sales.ingest", body=EventsIn, answer=VerdictOut)
)
bp.post("/ingest/<connector>/events", endpoint="push_signed")(
    describe(_push_signed, permission="public", body=EventsIn, answer=VerdictOut)
)


def _body() -> bytes:
    if (request.content_length or 0) > LARGEST_PUSH:
        raise PushTooLarge
    return request.get_data(cache=False)


def _signer(written: str, body: bytes) -> Actor:
    """The connector that signed these bytes. One that is not there answers as a wrong signature does."""
    try:
        connector_id = internal("con", written)
    except ValueError:
        raise BadSignature from None
    with opened(SYSTEM, readonly=True) as db:
        found = db.get(Connector, connector_id)
        if found is None or found.archived_at is not None or found.kind != "push":
            raise BadSignature
        now = clock.now(db)
        known = secrets_of(found, secret_key=parts().settings.secret_key, now=now)
        verify(known, dict(request.headers.items()), body, now)
        return Actor(
            kind="key",
            role="connector",
            name=found.name,
            connector_id=found.id,
            shop_ids=tuple(found.shop_ids),
        )


def _answer(sender: Actor | str, batch: Batch) -> Response:
    with mended():
        outcome = _intake().take_in(sender, batch)
    return _told(outcome)


def _told(outcome: Taken) -> Response:
    return Response(_verdict(outcome).model_dump_json(), mimetype="application/json")


def _intake() -> Intake:
    intake: Intake = current_app.extensions["intake"]
    return intake


def _verdict(outcome: Taken) -> VerdictOut:
    return VerdictOut(
        accepted=outcome.accepted,
        duplicates=outcome.duplicates,
        quarantined=outcome.quarantined,
        rejected=[
            RejectedOut(
                index=one.index,
                code=one.code,
                field=one.field,
                message=in_words(f"event_{one.code}", {"field": one.field}),
            )
            for one in outcome.rejected
        ],
    )
