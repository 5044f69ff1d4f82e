"""Douyin's shop push: an array of messages, each with its text of JSON within.

A refund that succeeded says its amount and line and is merged at once; of the rest the detail tells the money,
and the message is kept as it came, under its message id.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from campaign.connectors.douyin.api import DouyinApi
from campaign.connectors.protocol import Credentials, Platform, moment, written_id
from campaign.kit.signing import BadSignature, douyin_signature, matches
from campaign.kit.strict_json import BadJson, decode
from campaign.sales.asks import Ask
from campaign.sales.batches import LARGEST_PUSH, MOST_EVENTS, BadPush, Batch
from campaign.sales.submissions import Rejection

_PROBE = "0"
"""The tag of the message by which the platform tries an address: nothing to keep."""

_REFUNDED = "206"
_ABOUT_ORDERS = frozenset(("100", "101", "102", "103", "106", "108", "109", "211"))
_ABOUT_CASES = frozenset(str(tag) for tag in range(200, 209))
_TIMES = (
    "update_time",
    "success_time",
    "complete_time",
    "cancel_time",
    "shipped_time",
    "pay_time",
    "modify_time",
    "apply_time",
    "create_time",
)
"""Where a message tells its moment; the first one there counts."""


def verify(known: Sequence[Credentials], headers: Mapping[str, str], token: str, body: bytes) -> None:
    """Raises BadSignature unless token, app-id and event-sign are of one of the credentials."""
    app_id, sign = headers.get("app-id"), headers.get("event-sign")
    # & and a list: every comparison is made, whatever the ones before it gave.
    found = [
        matches(one.path_token, token)
        & matches(one.app_key, app_id)
        & matches(douyin_signature(one.app_key, one.app_secret, body), sign)
        for one in known
    ]
    if not any(found):
        raise BadSignature


def read(body: bytes) -> Batch:
    """The messages as events; one that cannot be read never refuses its neighbours. Raises BadPush."""
    try:
        messages = decode(body, largest=LARGEST_PUSH)
    except BadJson as error:
        raise BadPush(why=error.code) from error
    if not isinstance(messages, list) or len(messages) > MOST_EVENTS:
        raise BadPush(why="not_a_list")
    raws: list[Any] = []
    unreadable = []
    asks: dict[int, Ask] = {}
    for message in messages:
        if isinstance(message, dict) and message.get("tag") == _PROBE:
            continue
        try:
            event = _event(message)
            if (ask := _ask(message, event)) is not None:
                asks[len(raws)] = ask
            raws.append(event)
        except BadJson as error:
            unreadable.append(Rejection(len(raws), error.code))
            raws.append(None)
    return Batch(raws, unreadable, asks)


def _ask(message: Any, event: Any) -> Ask | None:
    """The order or after-sale case that a message hints at."""
    if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
        return None
    tag, told = written_id(message.get("tag")), event["data"]
    if tag in _ABOUT_CASES and (ref := written_id(told.get("aftersale_id"))):
        return Ask("aftersale", ref[:100], event["shop_id"])
    if tag in _ABOUT_ORDERS and (ref := written_id(told.get("p_id"))):
        return Ask("order", ref[:100], event["shop_id"])
    return None


def _event(message: Any) -> Any:
    if not isinstance(message, dict):
        return None
    data = message.get("data")
    if isinstance(data, str):
        data = decode(data.encode("utf-8", "surrogatepass"))
    told = data if isinstance(data, dict) else {}
    tag = written_id(message.get("tag")) or "unknown"
    event = {
        "type": f"douyin.{tag}"[:100],
        "event_id": written_id(message.get("msg_id")),
        "occurred_at": moment(next((told[name] for name in _TIMES if told.get(name)), None)),
        "platform": "douyin",
        "shop_id": written_id(told.get("shop_id")),
        "data": data,
    }
    return event | _refund(told) if tag == _REFUNDED else event


def _refund(told: Mapping[str, Any]) -> dict[str, Any]:
    """What a refund that succeeded says beyond the envelope: of a line, in fen. Nothing where it does not say all."""
    refund_id, line_id = written_id(told.get("aftersale_id")), written_id(told.get("s_id"))
    amount = told.get("refund_amount")
    if refund_id is None or line_id is None or type(amount) is not int or amount < 0:
        return {}
    return {
        "type": "refund",
        "refund_id": refund_id,
        "line_id": line_id,
        "status": "success",
        "amount_fen": amount,
        "currency": "CNY",
        "reason_code": written_id(told.get("reason_code")),
        "succeeded_at": moment(told["success_time"]) if told.get("success_time") else None,
    }


DOUYIN = Platform(
    kind="douyin",
    verify=verify,
    read=read,
    answer=b'{"code":0,"msg":"success"}',
    address=lambda account, token: f"/api/v1/connectors/douyin/{account}/{token}",
    secret_path=True,
    api=DouyinApi(),
)
