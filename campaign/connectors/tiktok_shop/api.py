"""TikTok Shop's interface: orders and returns in detail, what changed since, new tokens. No I/O.

Amounts are decimal text in major units; one line item is one unit. What an order pays as a whole (freight, tax) is
split over its lines by largest remainder. Sources: docs/connectors.md.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from campaign.connectors.details import (
    Access,
    Answered,
    Listed,
    Request,
    Tokens,
    Told,
    Trouble,
    instant,
    micros_of,
    objects,
    opened,
    some_id,
    wanted_id,
    without_none,
)
from campaign.kit.money import parse_major, split_whole
from campaign.sales.asks import Ask, Subject

_ORDERS = "/order/202309/orders"
_CHANGED = "/order/202309/orders/search"
_RETURNS = "/return_refund/202309/returns/search"
_REFRESH = "/api/v2/token/refresh"
_AUTH_URL = "https://auth.tiktok-shops.com"
_PAGE = 50

_TOKEN_CODES = frozenset((105000, 105001, 105002, 105003, 36009003))
_RATE_CODES = frozenset((36009002, 36009004, 36009005))

_STATUSES = {
    "UNPAID": "created",
    "ON_HOLD": "paid",
    "AWAITING_SHIPMENT": "paid",
    "PARTIALLY_SHIPPING": "paid",
    "AWAITING_COLLECTION": "paid",
    "IN_TRANSIT": "shipped",
    "DELIVERED": "received",
    "COMPLETED": "completed",
    "CANCEL": "cancelled",
    "CANCELLED": "cancelled",
}
_KINDS = {"REFUND": "refund_only", "RETURN_AND_REFUND": "return", "REPLACEMENT": "exchange"}


def sign(secret: str, path: str, query: Mapping[str, str], body: bytes) -> str:
    """Hex HMAC-SHA256 over secret, path, the sorted query, body and secret again."""
    pairs = "".join(f"{name}{query[name]}" for name in sorted(query) if name not in ("sign", "access_token"))
    text = f"{secret}{path}{pairs}".encode() + body + secret.encode()
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


class TikTokShopApi:
    """See details.Api."""

    base_url = "https://open-api.tiktokglobalshop.com"
    most: Mapping[Subject, int] = {"order": 50, "aftersale": 50}

    def ask(self, access: Access, subject: Subject, refs: Sequence[str], now: datetime) -> Request:
        if subject == "order":
            return self._signed(access, "GET", _ORDERS, {"ids": ",".join(refs)}, None, now)
        query = {"page_size": str(_PAGE)}
        return self._signed(access, "POST", _RETURNS, query, {"return_ids": list(refs)}, now)

    def read(self, subject: Subject, status: int, body: bytes) -> dict[str, list[Told]]:
        data = _checked(status, body).data
        if subject == "order":
            return {wanted_id(one.get("id"), "id"): _lines(one) for one in objects(data.get("orders"))}
        return {
            wanted_id(one.get("return_id"), "return_id"): _refunds(one)
            for one in objects(data.get("return_orders"))
        }

    def list_changed(
        self,
        access: Access,
        subject: Subject,
        span: tuple[datetime, datetime],
        page: str | None,
        now: datetime,
    ) -> Request:
        query = {"page_size": str(_PAGE), "sort_field": "update_time", "sort_order": "ASC"}
        if page:
            query["page_token"] = page
        since, until = (int(end.timestamp()) for end in span)
        path = _CHANGED if subject == "order" else _RETURNS
        given = {"update_time_ge": since, "update_time_lt": until}
        return self._signed(access, "POST", path, query, given, now)

    def read_changed(self, subject: Subject, status: int, body: bytes, page: str | None) -> Listed:  # noqa: ARG002 - as Api has it
        data = _checked(status, body).data
        rows, name = ("orders", "id") if subject == "order" else ("return_orders", "return_id")
        found = [
            Ask(subject, wanted_id(one.get(name), name), changed_at=instant(one.get("update_time")))
            for one in objects(data.get(rows))
        ]
        following = data.get("next_page_token")
        return Listed(found, following if isinstance(following, str) and following else None)

    def refresh(self, access: Access, now: datetime) -> Request:  # noqa: ARG002 - as Api has it
        given = access.credentials
        query = {
            "app_key": given.app_key,
            "app_secret": given.app_secret,
            "refresh_token": given.refresh_token,
            "grant_type": "refresh_token",
        }
        return Request("GET", f"{access.base_url or _AUTH_URL}{_REFRESH}?{urlencode(query)}", {})

    def read_tokens(self, status: int, body: bytes, now: datetime) -> Tokens:  # noqa: ARG002 - as Api has it
        try:
            data = _checked(status, body).data
        except Trouble as trouble:
            if trouble.reason == "token":
                raise Trouble("refused", trouble.said) from trouble
            raise
        until = instant(data.get("access_token_expire_in"))
        access, refresh = data.get("access_token"), data.get("refresh_token")
        if until is None or not isinstance(access, str) or not isinstance(refresh, str):
            raise Trouble("unreadable", "tokens")
        return Tokens(access, refresh, until)

    def _signed(
        self,
        access: Access,
        method: Any,
        path: str,
        query: Mapping[str, str],
        sent: Mapping[str, Any] | None,
        now: datetime,
    ) -> Request:
        given = access.credentials
        whole = dict(query) | {"app_key": given.app_key, "timestamp": str(int(now.timestamp()))}
        if given.shop_cipher:
            whole["shop_cipher"] = given.shop_cipher
        body = b"" if sent is None else json.dumps(sent, separators=(",", ":")).encode()
        whole["sign"] = sign(given.app_secret, path, whole, body)
        headers = {"Content-Type": "application/json", "x-tts-access-token": given.access_token}
        return Request(method, f"{access.base_url or self.base_url}{path}?{urlencode(whole)}", headers, body)


def _checked(status: int, body: bytes) -> Answered:
    """The answer where it is one. Raises Trouble as the platform's code says."""
    answered = opened(status, body)
    code = answered.document.get("code")
    if code == 0:
        return answered
    said = f"{code} {answered.document.get('message', '')}"
    if code in _RATE_CODES:
        raise Trouble("rate", said)
    raise Trouble("token" if code in _TOKEN_CODES else "refused", said)


def _lines(order: Mapping[str, Any]) -> list[Told]:
    order_id = wanted_id(order.get("id"), "id")
    changed, ordered = instant(order.get("update_time")), instant(order.get("create_time"))
    if changed is None or ordered is None:
        raise Trouble("unreadable", "update_time")
    items = objects(order.get("line_items"))
    paid = micros_of(order.get("paid_time"))
    given = order.get("payment")
    payment: Mapping[str, Any] = given if isinstance(given, dict) else {}
    currency = _currency(payment.get("currency") or next((one.get("currency") for one in items), None))
    prices = [_minor(one.get("sale_price"), currency) or 0 for one in items]
    freight = _shares(payment.get("shipping_fee"), prices, currency)
    taxes = _shares(payment.get("tax"), prices, currency)
    made = []
    for place, item in enumerate(items):
        status = _STATUSES.get(str(item.get("display_status") or order.get("status")))
        if status is None:
            raise Trouble("unreadable", f"status {item.get('display_status')}")
        # Cancelled after it was paid: nothing was shipped, and all of it went back.
        refunded = status == "cancelled" and paid is not None
        fields = without_none(
            {
                "parent_order_id": order_id,
                "line_kind": "gift" if item.get("is_gift") is True else "sale",
                "status": status,
                "ordered_at": micros_of(order.get("create_time")),
                "paid_at": paid,
                "shipped_at": micros_of(order.get("collection_time")),
                "received_at": micros_of(order.get("delivery_time")),
                "currency": currency,
                "qty": 1,
                "list_fen": _minor(item.get("original_price"), currency),
                "order_fen": prices[place],
                "paid_fen": prices[place] if paid is not None else None,
                "shipping_fen": freight[place],
                "tax_fen": taxes[place],
                "discount_shop_fen": _minor(item.get("seller_discount"), currency),
                "discount_platform_fen": _minor(item.get("platform_discount"), currency),
                "product_id": some_id(item.get("product_id")),
                "product_name": _text(item.get("product_name")),
                "sku_id": some_id(item.get("sku_id")),
                "merchant_sku": _text(item.get("seller_sku")),
                "room_id": some_id(item.get("room_id")),
                "traffic": "live" if some_id(item.get("room_id")) else None,
                "refunded_whole": refunded,
                "refunded_stage": "pre_ship",
            }
        )
        line_id = wanted_id(item.get("id"), "line_items.id")
        made.append(Told(line_id, changed, fields, item, some_id(order.get("shop_id")), refunded=refunded))
    return made


def _refunds(case: Mapping[str, Any]) -> list[Told]:
    changed = instant(case.get("update_time"))
    if changed is None:
        raise Trouble("unreadable", "update_time")
    items = objects(case.get("return_line_items"))
    given = case.get("refund_amount")
    total: Mapping[str, Any] = given if isinstance(given, dict) else {}
    own = [one["refund_amount"] if isinstance(one.get("refund_amount"), dict) else {} for one in items]
    currency = _currency(total.get("currency") or next((one.get("currency") for one in own), None))
    goods = [_minor(one.get("refund_subtotal"), currency) for one in own]
    freight: list[int | None] = [_minor(one.get("refund_shipping_fee"), currency) for one in own]
    if any(part is None for part in goods):
        # The case tells its whole alone.
        even = [1] * len(items)
        goods = list(_shares(total.get("refund_subtotal"), even, currency))
        freight = list(_shares(total.get("refund_shipping_fee"), even, currency))
    status = _state(str(case.get("return_status")))
    kind = _KINDS.get(str(case.get("return_type")))
    if any(part is None for part in goods):
        raise Trouble("unreadable", "refund_subtotal")
    return [
        Told(
            wanted_id(item.get("order_line_item_id"), "order_line_item_id"),
            changed,
            without_none(
                {
                    "status": status,
                    "refund_type": kind,
                    "currency": currency,
                    "amount_fen": 0 if kind == "exchange" else part,
                    "shipping_fen": ship,
                    "qty": 1,
                    "reason_code": _text(case.get("return_reason")),
                    "applied_at": micros_of(case.get("create_time")),
                    "succeeded_at": micros_of(case.get("update_time")) if status == "success" else None,
                }
            ),
            item,
            some_id(case.get("shop_id")),
            refund_id=wanted_id(item.get("return_line_item_id"), "return_line_item_id"),
        )
        for item, part, ship in zip(items, goods, freight, strict=True)
    ]


def _state(written: str) -> str:
    if written.endswith(("COMPLETE", "SUCCESS")):
        return "success"
    return "closed" if "CANCEL" in written or "REJECT" in written else "applied"


def _currency(written: Any) -> str:
    if isinstance(written, str) and len(written) == 3 and written.isascii() and written.isupper():
        return written
    raise Trouble("unreadable", "currency")


def _minor(written: Any, currency: str) -> int | None:
    if written is None or written == "":
        return None
    try:
        minor = parse_major(str(written), currency)
    except ValueError:
        raise Trouble("unreadable", f"amount {written!r}"[:60]) from None
    if minor < 0:
        raise Trouble("unreadable", f"amount {written!r}"[:60])
    return minor


def _shares(written: Any, weights: Sequence[int], currency: str) -> Sequence[int | None]:
    whole = _minor(written, currency)
    if whole is None or not weights:
        return [None] * len(weights)
    return split_whole(whole, weights)


def _text(value: Any) -> str | None:
    return value[:200] if isinstance(value, str) and value else None
