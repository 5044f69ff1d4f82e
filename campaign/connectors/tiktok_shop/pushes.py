"""TikTok Shop's webhook: an envelope per notice, hardly any money in it.

The amounts of an order, and which lines a refund is of, only the order's detail tells; so every notice is kept
as it came, under its notification id.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from campaign.connectors.details import instant
from campaign.connectors.protocol import Credentials, Platform, moment, written_id
from campaign.connectors.tiktok_shop.api import TikTokShopApi
from campaign.kit.signing import BadSignature, matches, tiktok_shop_signature
from campaign.kit.strict_json import BadJson, decode
from campaign.sales.asks import Ask, Subject
from campaign.sales.batches import LARGEST_PUSH, BadPush, Batch

_ASKS: dict[Any, tuple[Subject, tuple[str, ...]]] = {
    1: ("order", ("order_id",)),
    11: ("order", ("order_id",)),
    12: ("aftersale", ("return_id",)),
    67: ("aftersale", ("aftersales_request_id", "return_id")),
}
"""Type of notice → what to ask for, and where its number stands."""


def verify(known: Sequence[Credentials], headers: Mapping[str, str], _token: str, body: bytes) -> None:
    """Raises BadSignature unless Authorization signs the raw body under one of the credentials."""
    given = headers.get("authorization")
    # No early way out: the time taken does not tell which of the credentials it was.
    found = [matches(tiktok_shop_signature(one.app_key, one.app_secret, body), given) for one in known]
    if not any(found):
        raise BadSignature


def read(body: bytes) -> Batch:
    """The notice as one event of type tiktok_shop.<number>. Raises BadPush."""
    try:
        notice = decode(body, largest=LARGEST_PUSH)
    except BadJson as error:
        raise BadPush(why=error.code) from error
    if not isinstance(notice, dict):
        raise BadPush(why="not_an_object")
    event = {
        "type": f"tiktok_shop.{written_id(notice.get('type')) or 'unknown'}"[:100],
        "event_id": written_id(notice.get("tts_notification_id")),
        "occurred_at": moment(notice.get("timestamp")),
        "platform": "tiktok_shop",
        "shop_id": written_id(notice.get("shop_id")),
        "data": notice.get("data"),
    }
    return Batch([event], [], asks={0: ask} if (ask := _ask(notice)) else {})


def _ask(notice: Mapping[str, Any]) -> Ask | None:
    """The order or return that the notice hints at."""
    data = notice.get("data")
    told = data if isinstance(data, dict) else {}
    subject, names = _ASKS.get(notice.get("type"), ("order", ()))
    ref = next((found for name in names if (found := written_id(told.get(name)))), None)
    if ref is None:
        return None
    return Ask(subject, ref[:100], written_id(notice.get("shop_id")), instant(told.get("update_time")))


TIKTOK_SHOP = Platform(
    kind="tiktok_shop",
    verify=verify,
    read=read,
    answer=b'{"code":0,"message":"success"}',
    address=lambda account, _token: f"/api/v1/connectors/tiktok-shop/{account}",
    api=TikTokShopApi(),
)
