"""From checked events to what the merge takes: statements with integer instants. Pure."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from campaign.kit.strict_json import canonical
from campaign.sales.events import OrderLine, Refund
from campaign.sales.merging import LINE_STATUSES, PUSH, REFUND_STATUSES, Statement, micros, version_of

_ENVELOPE = frozenset(("type", "event_id", "occurred_at", "platform", "shop_id", "version"))
_PAID_STATUSES = frozenset(("paid", "shipped", "received", "completed"))


def of_line(event: OrderLine, *, rank: int = PUSH, digest: str | None = None) -> Statement:
    """What an order.line event says. Traffic that is unknown says nothing.

    A status past payment without paid_at tells that it was paid by then: the line must not lose its money
    because a source leaves the moment out.
    """
    fields = _fields(event, leave=frozenset(("line_id",)))
    if fields.get("traffic") == "unknown":
        del fields["traffic"]
    paid_by = micros(event.occurred_at) if event.status in _PAID_STATUSES and event.paid_at is None else None
    return Statement(
        rank,
        version_of(event.version, event.occurred_at),
        LINE_STATUSES[event.status],
        digest or digest_of(fields),
        fields,
        paid_by_us=paid_by,
    )


def of_refund(event: Refund) -> Statement:
    """What a refund event says; refunds carry no version of their own, so their time is when it occurred."""
    fields = _fields(event, leave=frozenset(("line_id", "refund_id")))
    if event.status == "success":
        fields.setdefault("succeeded_at", micros(event.occurred_at))
    if event.status == "applied":
        fields.setdefault("applied_at", micros(event.occurred_at))
    return Statement(
        PUSH, micros(event.occurred_at), REFUND_STATUSES[event.status], digest_of(fields), fields
    )


def digest_of(fields: Mapping[str, Any]) -> str:
    """A short name for a statement's content: the last tie-break between equal versions."""
    return hashlib.sha256(canonical(fields)).hexdigest()[:12]


def _fields(event: msgspec.Struct, *, leave: frozenset[str]) -> dict[str, Any]:
    told = {}
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if value is None or name in _ENVELOPE or name in leave:
            continue
        told[name] = micros(value) if isinstance(value, datetime) else value
    return told
