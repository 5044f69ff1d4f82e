"""Douyin shop's interface: orders and after-sale cases in detail, what changed since, new tokens. No I/O.

Amounts are fen, times seconds. Sources, and what is assumed: docs/connectors.md.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
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
    amount,
    instant,
    micros_of,
    objects,
    opened,
    some_id,
    wanted_id,
    without_none,
)
from campaign.connectors.protocol import written_id
from campaign.sales.asks import Ask, Subject

_PAGE = 100

_SUCCESS = 10_000
_TOKEN_CODES = frozenset((30_001, 30_002, 30_005))

_STATUSES = {
    1: "created",
    103: "created",
    105: "paid",
    2: "paid",
    101: "paid",
    3: "shipped",
    4: "cancelled",
    5: "completed",
    21: "paid",
    22: "shipped",
    39: "received",
}
_REFUNDED = {21: "pre_ship", 22: "post_ship", 39: "post_receipt"}
"""Main status of a line that was paid back whole → when."""

_CASES = {
    0: "return",
    1: "refund_only",
    2: "refund_only",
    3: "exchange",
    6: "price_protection",
    7: "exchange",
}
_STAGES = {2: "pre_ship"}
_PAID_BACK = 3
_CLOSED = frozenset((28, 51))
_TRADE_SAMPLE = frozenset((10, 12))


def sign(secret: str, app_key: str, method: str, param_json: str, timestamp: str) -> str:
    """Version 2: hex HMAC-SHA256 over what is sent, between the secret twice."""
    text = f"{secret}app_key{app_key}method{method}param_json{param_json}timestamp{timestamp}v2{secret}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class DouyinApi:
    """See details.Api."""

    base_url = "https://openapi-fxg.jinritemai.com"
    most: Mapping[Subject, int] = {"order": 1, "aftersale": 1}

    def ask(self, access: Access, subject: Subject, refs: Sequence[str], now: datetime) -> Request:
        (ref,) = refs
        if subject == "order":
            return self._signed(access, "order.orderDetail", {"shop_order_id": ref}, now)
        return self._signed(access, "afterSale.Detail", {"after_sale_id": ref}, now)

    def read(self, subject: Subject, status: int, body: bytes) -> dict[str, list[Told]]:
        data = _checked(status, body).data
        if subject == "order":
            order = _within(data, "shop_order_detail")
            return {wanted_id(order.get("order_id"), "order_id"): _lines(order)} if order else {}
        case = _within(data, "process_info", "after_sale_info")
        if not case:
            return {}
        return {wanted_id(case.get("after_sale_id"), "after_sale_id"): _refunds(case, data)}

    def list_changed(
        self,
        access: Access,
        subject: Subject,
        span: tuple[datetime, datetime],
        page: str | None,
        now: datetime,
    ) -> Request:
        since, until = (int(end.timestamp()) for end in span)
        start, number = _place(page)
        first = start or since
        # A page may begin at the span's last second, and a span of no length is refused.
        last = max(until, first + 1)
        paged: dict[str, Any] = {"page": number, "size": _PAGE}
        if subject == "order":
            paged |= {"update_time_start": first, "update_time_end": last}
            paged |= {"order_by": "update_time", "order_asc": True}
            return self._signed(access, "order.searchList", paged, now)
        # In another order than that of its span this listing leaves cases out, as its manual says.
        paged |= {"update_start_time": first, "update_end_time": last, "order_by": ["update_time asc"]}
        return self._signed(access, "afterSale.List", paged, now)

    def read_changed(self, subject: Subject, status: int, body: bytes, page: str | None) -> Listed:
        """The next page begins at the second in which this one ends, rather than so many rows further on.

        What changes again leaves the span, and all after it would move up by one, past a page number; and the
        platform counts no further than its 10,000th order and its 50,000th case. Only within one second are pages
        counted.
        """
        data = _checked(status, body).data
        if subject == "order":
            rows, name = objects(data.get("shop_order_list")), "order_id"
        else:
            rows = [_within(one, "aftersale_info") for one in objects(data.get("items"))]
            name = "aftersale_id"
        found = [
            Ask(
                subject,
                wanted_id(one.get(name), name),
                some_id(one.get("shop_id")),
                instant(one.get("update_time")),
            )
            for one in rows
        ]
        start, number = _place(page)
        if not rows or not _goes_on(data, number):
            return Listed(found, None)
        seconds = [_second(one) for one in rows]
        if min(seconds) == max(seconds):
            return Listed(found, f"{seconds[0]}.{number + 1 if start in (None, seconds[0]) else 1}")
        return Listed(found, f"{max(seconds)}.0")

    def refresh(self, access: Access, now: datetime) -> Request:
        given = {"grant_type": "refresh_token", "refresh_token": access.credentials.refresh_token}
        return self._signed(access, "token.refresh", given, now, with_token=False)

    def read_tokens(self, status: int, body: bytes, now: datetime) -> Tokens:
        try:
            data = _checked(status, body).data
        except Trouble as trouble:
            if trouble.reason == "token":
                raise Trouble("refused", trouble.said) from trouble
            raise
        lasts = data.get("expires_in")
        access, refresh = data.get("access_token"), data.get("refresh_token")
        if type(lasts) is not int or not isinstance(access, str) or not isinstance(refresh, str):
            raise Trouble("unreadable", "tokens")
        return Tokens(access, refresh, now + timedelta(seconds=min(max(lasts, 0), 10**8)))

    def _signed(
        self, access: Access, method: str, param: Mapping[str, Any], now: datetime, *, with_token: bool = True
    ) -> Request:
        given = access.credentials
        sent = json.dumps(param, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        stamp = str(int(now.timestamp()))
        query = {
            "method": method,
            "app_key": given.app_key,
            "timestamp": stamp,
            "v": "2",
            "sign_method": "hmac-sha256",
            "sign": sign(given.app_secret, given.app_key, method, sent, stamp),
        }
        if with_token:
            query["access_token"] = given.access_token
        url = f"{access.base_url or self.base_url}/{method.replace('.', '/')}?{urlencode(query)}"
        return Request("POST", url, {"Content-Type": "application/json"}, sent.encode())


def _place(page: str | None) -> tuple[int | None, int]:
    """(the second at which a page's span begins, its number there); of the first page the span is the caller's."""
    start, dot, number = (page or "").partition(".")
    return (int(start), int(number)) if dot else (None, 0)


def _goes_on(data: Mapping[str, Any], number: int) -> bool:
    """Whether more follows: the listing of cases may say so by itself, that of orders tells their total alone."""
    total = data.get("total")
    return data.get("has_more") is True or (type(total) is int and total > (number + 1) * _PAGE)


def _second(listed: Mapping[str, Any]) -> int:
    at = instant(listed.get("update_time"))
    if at is None:
        raise Trouble("unreadable", "update_time")
    return int(at.timestamp())


def _checked(status: int, body: bytes) -> Answered:
    """The answer where it is one. Raises Trouble as the platform's code says."""
    answered = opened(status, body)
    told = answered.document
    if told.get("code") == _SUCCESS:
        return answered
    reason = str(told.get("sub_code") or "")
    said = f"{told.get('code')} {reason} {told.get('sub_msg') or told.get('msg') or ''}"
    if told.get("code") in _TOKEN_CODES or "access-token" in reason:
        raise Trouble("token", said)
    if "business-failed" in reason:
        # Of what was asked for, not of the account: an order that is gone, or of another shop.
        raise Trouble("not_there", said)
    if "call-limited" in reason or "limit" in reason:
        raise Trouble("rate", said)
    if reason.startswith("isp."):
        raise Trouble("away", said)
    raise Trouble("refused", said)


def _lines(order: Mapping[str, Any]) -> list[Told]:
    order_id = wanted_id(order.get("order_id"), "order_id")
    made = []
    for line in objects(order.get("sku_order_list")):
        changed = instant(line.get("update_time")) or instant(order.get("update_time"))
        if changed is None:
            raise Trouble("unreadable", "update_time")
        main = _number(line.get("main_status"))
        main = main if main in _REFUNDED else _number(line.get("order_status"))
        status = _STATUSES.get(main)
        if status is None:
            raise Trouble("unreadable", f"status {main!r}"[:60])
        fields = _fields(order_id, line, status) | {
            "refunded_whole": main in _REFUNDED,
            "refunded_stage": _REFUNDED.get(main, "pre_ship"),
        }
        made.append(
            Told(
                wanted_id(line.get("order_id"), "sku_order_list.order_id"),
                changed,
                without_none(fields),
                line,
                some_id(order.get("shop_id")),
                refunded=main in _REFUNDED,
            )
        )
    return made


def _fields(order_id: str, line: Mapping[str, Any], status: str) -> dict[str, Any]:
    freight = amount(line.get("post_amount"))
    # What is paid and ordered holds the freight, where there is any; figures count goods alone.
    ordered, paid = amount(line.get("order_amount")), amount(line.get("pay_amount"))
    for whole in (ordered, paid):
        if whole is not None and whole < (freight or 0):
            raise Trouble("unreadable", "post_amount")
    paid_at = micros_of(line.get("pay_time"))
    room = some_id(line.get("room_id_str")) or some_id(line.get("room_id"))
    qty = line.get("item_num")
    if type(qty) is not int or not 0 <= qty <= 10**6 or ordered is None:
        raise Trouble("unreadable", "item_num" if ordered is not None else "order_amount")
    price = amount(line.get("origin_amount"))
    return {
        "parent_order_id": order_id,
        "line_kind": _kind(line),
        "status": status,
        "ordered_at": micros_of(line.get("create_time")),
        "paid_at": paid_at,
        "shipped_at": micros_of(line.get("ship_time")),
        "completed_at": micros_of(line.get("finish_time")),
        "currency": "CNY",
        "qty": qty,
        "list_fen": None if price is None else price * qty,
        "order_fen": ordered - (freight or 0),
        "paid_fen": paid - (freight or 0) if paid is not None and paid_at is not None else None,
        "shipping_fen": freight,
        "product_id": some_id(line.get("product_id_str")) or some_id(line.get("product_id")),
        "product_name": _text(line.get("product_name")),
        "sku_id": some_id(line.get("sku_id")),
        "merchant_sku": _text(line.get("code")),
        "author_id": some_id(line.get("author_id")),
        "room_id": room,
        "traffic": "live" if room or line.get("ad_env_type") == "live" else None,
        "is_ad": True if line.get("ad_env_type") else None,
    }


def _kind(line: Mapping[str, Any]) -> str:
    if line.get("given_product_type") == "FREE":
        return "gift"
    return "sample" if line.get("trade_type") in _TRADE_SAMPLE else "sale"


def _refunds(case: Mapping[str, Any], data: Mapping[str, Any]) -> list[Told]:
    changed = instant(case.get("update_time"))
    lines = objects(_within(data, "order_info").get("sku_order_infos"))
    if changed is None or len(lines) != 1:
        raise Trouble("unreadable", "update_time" if changed is None else "sku_order_infos")
    whole, freight = amount(case.get("refund_amount")), amount(case.get("refund_post_amount")) or 0
    kind = case.get("after_sale_type")
    if whole is None or whole < freight:
        raise Trouble("unreadable", "refund_amount")
    status = "applied"
    if case.get("refund_status") == _PAID_BACK:
        status = "success"
    elif case.get("after_sale_status") in _CLOSED:
        status = "closed"
    paid_back = micros_of(case.get("real_refund_time")) or micros_of(case.get("update_time"))
    fields = {
        "status": status,
        "refund_type": _CASES.get(kind) if type(kind) is int else None,
        "stage": _STAGES.get(kind) if type(kind) is int else None,
        "currency": "CNY",
        "amount_fen": whole - freight,
        "shipping_fen": freight,
        "reason_code": written_id(case.get("reason_code")),
        "applied_at": micros_of(case.get("apply_time")),
        "succeeded_at": paid_back if status == "success" else None,
    }
    line_id = wanted_id(lines[0].get("sku_order_id"), "sku_order_id")
    refund_id = wanted_id(case.get("after_sale_id"), "after_sale_id")
    shop = some_id(_within(data, "order_info").get("shop_id"))
    return [Told(line_id, changed, without_none(fields), case, shop, refund_id=refund_id)]


def _within(value: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The object at a path; an empty one where there is none."""
    for name in names:
        inner = value.get(name)
        value = inner if isinstance(inner, dict) else {}
    return value


def _number(value: Any) -> int:
    return value if type(value) is int else -1


def _text(value: Any) -> str | None:
    return value[:200] if isinstance(value, str) and value else None
