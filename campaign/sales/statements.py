"""From checked events to what the merge takes: statements with integer instants. Pure."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import asdict

from campaign.kit.strict_json import canonical
from campaign.sales.events import OrderLine, Refund
from campaign.sales.merging import LINE_STATUSES, PUSH, REFUND_STATUSES, Statement, micros, version_of

_ENVELOPE = frozenset(("type", "event_id", "occurred_at", "platform", "shop_id", "version"))
_NOT_OF_LINE = _ENVELOPE | {"line_id"}
_NOT_OF_REFUND = _ENVELOPE | {"line_id", "refund_id"}
_PAID_STATUSES = frozenset(("paid", "shipped", "received", "completed"))


def of_line(event: OrderLine, *, rank: int = PUSH, digest: str | None = None) -> Statement:
    """What an order.line event says. Traffic that is unknown says nothing.

    A status past payment without paid_at tells that it was paid by then: the line must not lose its money
    because a source leaves the moment out.
    """
    fields = _fields(event, leave=_NOT_OF_LINE)
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
    fields = _fields(event, leave=_NOT_OF_REFUND)
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
    return {
        name: micros(value) if isinstance(value, datetime) else value
        for name, value in asdict(event).items()
        if value is not None and name not in leave
    }
