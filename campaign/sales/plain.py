"""Batches as most senders write them, read in C: flat events of the types that come in numbers. Pure.

Whatever is unusual in a body (a null, an escape, an unknown field, a value of another type) leaves the whole of it to
the strict reader, which knows what to say. What is read here has the same bytes for the log and the same meaning as if
that reader and campaign.sales.submissions had read it; a property test holds the two against each other.
"""

from datetime import datetime
from typing import Any

import msgspec

from campaign.sales.events import MetricSample, OrderLine, Refund, moment_of

_AS_WRITTEN: dict[Any, Any] = {
    datetime: str,
    datetime | None: str | None,
    datetime | int | None: str | int | None,
}
"""Moments stay text: the log keeps an event as its sender wrote it."""


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


def read_plain(body: bytes) -> tuple[list[Any], list[bytes]] | None:
    """The events of {"events": […]} and the canonical bytes of each; None where the strict reader must look.

    A key that stands twice, or with a null, shows in the quotes: more of them than the keys and texts that were read.
    """
    if b"\\" in body:
        return None
    try:
        events = _DECODER.decode(body).events  # type: ignore[attr-defined]
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


def times_of(event: Any) -> tuple[datetime, datetime] | None:
    """When it occurred, and the latest of what must not lie ahead. None where a moment is none."""
    occurred = moment_of(event.occurred_at)
    if occurred is None:
        return None
    kind = type(event)
    if kind is PlainSample:
        return None if moment_of(event.at) is None else (occurred, occurred)
    if kind is PlainRefund:
        return (occurred, occurred) if _are_moments(event.applied_at, event.succeeded_at) else None
    latest = occurred
    for text in (event.ordered_at, event.paid_at):
        # Most lines tell of one moment three times.
        if text is not None and text != event.occurred_at:
            at = moment_of(text)
            if at is None:
                return None
            latest = max(at, latest)
    later = (event.shipped_at, event.received_at, event.completed_at)
    if later != (None, None, None) or event.version is not None:
        version = event.version if isinstance(event.version, str) else None
        if not _are_moments(*later, version):
            return None
        if isinstance(event.version, int) and not 0 <= event.version < 2**62:
            return None
    return occurred, latest


def _are_moments(*texts: str | None) -> bool:
    return all(text is None or moment_of(text) is not None for text in texts)
