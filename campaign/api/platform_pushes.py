"""Ways in for sales: what platforms push by themselves, in their own schemes."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, current_app, request
from pydantic import BaseModel, Field

from campaign.accounts.models import Connector
from campaign.connectors.platforms import PLATFORMS, credentials_of, may_push_from
from campaign.connectors.protocol import Platform
from campaign.gate.clients import client_address
from campaign.gate.current import parts
from campaign.gate.door import mended, opened
from campaign.gate.spec import describe
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import FieldError, Forbidden, Invalid
from campaign.kit.ids import internal
from campaign.kit.signing import BadSignature
from campaign.parties.models import Shop
from campaign.sales import seen
from campaign.sales.batches import LARGEST_PUSH, Batch, PushTooLarge
from campaign.sales.intake import Intake
from campaign.sales.seen import Seen
from campaign.sales.submissions import Rejection

bp = APIBlueprint("api_platform_pushes", __name__, tag="Sales")


class TikTokShopPush(BaseModel):
    """TikTok Shop's envelope; `data` depends on the type and is kept as it came."""

    type: int
    tts_notification_id: str
    shop_id: str
    timestamp: int
    data: dict[str, Any] = Field(default_factory=dict)


class PlatformAnswer(BaseModel):
    """Durable when this is answered. The text beside the code is named as the platform wants it."""

    code: int


def _tiktok_shop_push(account: str) -> Response:
    """TikTok Shop's webhook, signed in Authorization; any number of times the same."""
    return _push(PLATFORMS["tiktok_shop"], account, "")


def _douyin_push(account: str, token: str) -> Response:
    """Douyin's shop push, an array of messages signed in event-sign; the path holds the account's token."""
    return _push(PLATFORMS["douyin"], account, token)


bp.post("/connectors/tiktok-shop/<account>", endpoint="push_tiktok_shop")(
    describe(_tiktok_shop_push, permission="public", body=TikTokShopPush, answer=PlatformAnswer)
)
bp.post("/connectors/douyin/<account>/<token>", endpoint="push_douyin")(
    describe(_douyin_push, permission="public", answer=PlatformAnswer)
)


def _push(platform: Platform, account: str, token: str) -> Response:
    if (request.content_length or 0) > LARGEST_PUSH:
        raise PushTooLarge
    body = request.get_data(cache=False)
    actor = _account(platform, account, token, body)
    batch = _at_home(platform.read(body), actor)
    if batch.raws:
        intake: Intake = current_app.extensions["intake"]
        with mended():
            outcome = intake.take_in(actor, batch)
        _refuse_what_was_not_kept(outcome.rejected)
    return Response(platform.answer, mimetype="application/json")


def _account(platform: Platform, written: str, token: str, body: bytes) -> Actor:
    """Whose account the push is of. One that is not there answers as a wrong signature does."""
    try:
        connector_id = internal("con", written)
    except ValueError:
        raise BadSignature from None
    with opened(SYSTEM, readonly=True) as db:
        found = db.get(Connector, connector_id)
        if found is None or found.archived_at is not None or found.kind != platform.kind:
            raise BadSignature
        known = credentials_of(found, secret_key=parts().settings.secret_key, now=clock.now(db))
        headers = {name.lower(): value for name, value in request.headers.items()}
        platform.verify(known, headers, token, body)
        actor = Actor(
            kind="key",
            role="connector",
            name=found.name,
            connector_id=found.id,
            shop_ids=tuple(found.shop_ids),
        )
        address = client_address()
        if may_push_from(found, address):
            return actor
    # Whoever signs rightly is told of on the account's page: it may be the platform from a new address. To whoever
    # stole the secret it looks like one that does not count.
    with opened(SYSTEM) as db:
        seen.note(db, [Seen(connector_id, refused=1, why=f"elsewhere {address}")], clock.now(db))
    raise BadSignature


def _at_home(batch: Batch, actor: Actor) -> Batch:
    """What names no shop is of the account's own, where that has one alone: some messages leave it out."""
    without = [raw for raw in batch.raws if isinstance(raw, dict) and raw.get("shop_id") is None]
    if not without or len(actor.shop_ids) != 1:
        return batch
    with opened(SYSTEM, readonly=True) as db:
        own = db.get_one(Shop, actor.shop_ids[0]).external_id
    for raw in without:
        raw["shop_id"] = own
    return batch


def _refuse_what_was_not_kept(rejected: list[Rejection]) -> None:
    """A conflict is kept and shown; of anything else the platform must hear, since it would be gone."""
    lost = [one for one in rejected if one.code != "conflict"]
    if any(one.code == "out_of_scope" for one in lost):
        raise Forbidden
    if lost:
        raise Invalid(
            [
                FieldError(f"{one.index}.{one.field}".rstrip("."), f"event_{one.code}", {"field": one.field})
                for one in lost
            ]
        )
