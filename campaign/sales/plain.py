"""Batches as most senders write them, read in C: flat events of the types that come in numbers. Pure.

Whatever is unusual in a body (a null, an escape, an unknown field, a value of another type) leaves the whole of it to
the strict reader, which knows what to say. What is read here has the same bytes for the log and the same meaning as if
that reader and campaign.sales.submissions had read it; a property test holds the two against each other.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

import msgspec

from campaign.kit.instants import InstantsByText
from campaign.sales.events import Currency, MetricSample, OrderLine, Refund

_AS_WRITTEN: dict[Any, Any] = {
    datetime: str,
    datetime | None: str | None,
    datetime | int | None: str | int | None,
    Currency: str,
    Currency | None: str | None,
}
"""Moments stay text: the log keeps an event as its sender wrote it. A currency's pattern, sought in each event, would
take as long as the event itself: the few of a batch are looked at once.
"""


def _plain(kind: type[msgspec.Struct], tag: str) -> type[msgspec.Struct]:
    """An event's fields by name, nothing else let in; what is left out is left out again when it is written."""
    fields = [
        (one.name, _AS_WRITTEN.get(one.type, one.type), *(() if one.required else (one.default,)))
        for one in msgspec.structs.fields(kind)
        if one.name != "type"
    ]
    return msgspec.defstruct(
        f"Plain{kind.__name__}",
        fields,
        kw_only=True,
        forbid_unknown_fields=True,
        omit_defaults=True,
        tag=tag,
        tag_field="type",
        gc=False,
    )


PlainLine = _plain(OrderLine, "order.line")
PlainRefund = _plain(Refund, "refund")
PlainSample = _plain(MetricSample, "metric.sample")
TAGS: dict[type[msgspec.Struct], str] = {
    PlainLine: "order.line",
    PlainRefund: "refund",
    PlainSample: "metric.sample",
}


_DECODER = msgspec.json.Decoder(
    msgspec.defstruct(
        "PlainBatch",
        [("events", list[PlainLine | PlainRefund | PlainSample])],  # type: ignore[valid-type]
        forbid_unknown_fields=True,
    )
)
_ENCODER = msgspec.json.Encoder(order="sorted")
_CURRENCIES = frozenset[Currency]


def read_plain(body: bytes) -> tuple[list[Any], list[bytes]] | None:
    """The events of {"events": […]} and the canonical bytes of each; None where the strict reader must look.

    A key that stands twice, or with a null, shows in the quotes: more of them than the keys and texts that were read.
    """
    if b"\\" in body:
        return None
    try:
        events = _DECODER.decode(body).events  # type: ignore[attr-defined]
        currencies = {one.currency for one in events if type(one) is not PlainSample}
        msgspec.convert(currencies - {None}, _CURRENCIES)
    except (ValueError, RecursionError):
        return None
    written = [_ENCODER.encode(one) for one in events]
    # Two more: the key "events" itself. Without escapes no text holds a quote of its own.
    return (events, written) if body.count(b'"') == 2 + b"".join(written).count(b'"') else None


def written_anew(event: Any) -> bytes:
    """The canonical bytes of an event that was changed."""
    return _ENCODER.encode(event)


def as_object(event: Any) -> dict[str, Any]:
    """The event as the strict reader would have given it."""
    found: dict[str, Any] = msgspec.json.decode(_ENCODER.encode(event))
    return found


# The moments that most events tell: these are read together, others when they are asked for.
_MOSTLY_TOLD: dict[type[msgspec.Struct], Callable[[Any], tuple[str | None, ...]]] = {
    PlainLine: attrgetter("occurred_at", "ordered_at", "paid_at"),
    PlainRefund: attrgetter("occurred_at", "applied_at", "succeeded_at"),
    PlainSample: attrgetter("occurred_at", "at"),
}


def times_of(events: Sequence[Any]) -> list[tuple[datetime, datetime] | None]:
    """Of each when it occurred, and the latest of what must not lie ahead. None where a moment is none."""
    told: set[str | None] = set().union(*[_MOSTLY_TOLD[type(one)](one) for one in events])
    instants = InstantsByText(text for text in told if text is not None)
    return [_times_of(one, instants) for one in events]


def _times_of(event: Any, instants: InstantsByText) -> tuple[datetime, datetime] | None:
    occurred = instants[event.occurred_at]
    if occurred is None:
        return None
    kind = type(event)
    if kind is PlainSample:
        return None if instants[event.at] is None else (occurred, occurred)
    if kind is PlainRefund:
        return (occurred, occurred) if _all_in(instants, event.applied_at, event.succeeded_at) else None
    latest = occurred
    for text in (event.ordered_at, event.paid_at):
        # Most lines tell of one moment three times.
        if text is not None and text != event.occurred_at:
            at = instants[text]
            if at is None:
                return None
            latest = max(at, latest)
    later = (event.shipped_at, event.received_at, event.completed_at)
    if later != (None, None, None) or event.version is not None:
        version = event.version if isinstance(event.version, str) else None
        if not _all_in(instants, *later, version):
            return None
        if isinstance(event.version, int) and not 0 <= event.version < 2**62:
            return None
    return occurred, latest


def _all_in(instants: InstantsByText, *texts: str | None) -> bool:
    return all(text is None or instants[text] is not None for text in texts)
