"""Bodies of a push: JSON or NDJSON into events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from campaign.kit.errors import DomainError, FieldError, Invalid
from campaign.kit.strict_json import BadJson, decode, decode_flat_events
from campaign.sales.asks import Ask
from campaign.sales.plain import read_plain
from campaign.sales.submissions import Rejection

MOST_EVENTS = 1000
LARGEST_PUSH = 4 * 1024 * 1024


class BadPush(DomainError):
    """The body is no batch of events."""

    status = 400
    code = "bad_json"


class PushTooLarge(DomainError):
    status = 413
    code = "too_large"


@dataclass(frozen=True)
class Batch:
    """Events as they came, and lines of NDJSON that could not be read. `asks`: whose detail an event asks for.

    Where `written` is given, the events are those of campaign.sales.plain and these are their canonical bytes.
    """

    raws: list[Any]
    unreadable: list[Rejection]
    asks: Mapping[int, Ask] = field(default_factory=dict)
    written: list[bytes] | None = None


def read_batch(body: bytes, content_type: str) -> Batch:
    """{"events": […]}, or one event a line when the type is NDJSON. Raises BadPush, PushTooLarge, Invalid."""
    if len(body) > LARGEST_PUSH:
        raise PushTooLarge
    if content_type.split(";", maxsplit=1)[0].strip().lower() in (
        "application/x-ndjson",
        "application/ndjson",
    ):
        return _lines(body)
    plain = read_plain(body)
    if plain is not None:
        return _counted(Batch(plain[0], [], written=plain[1]))
    flat = decode_flat_events(body)
    if flat is not None:
        return _counted(Batch(flat, []))
    try:
        document = decode(body, largest=LARGEST_PUSH)
    except BadJson as error:
        raise BadPush(why=error.code) from error
    if not isinstance(document, dict) or not isinstance(document.get("events"), list):
        raise Invalid([FieldError("events", "missing")])
    if set(document) != {"events"}:
        raise Invalid([FieldError(name, "unknown_field") for name in sorted(set(document) - {"events"})])
    return _counted(Batch(document["events"], []))


def _lines(body: bytes) -> Batch:
    raws: list[Any] = []
    unreadable = []
    for line in body.splitlines():
        if not line.strip():
            continue
        try:
            raws.append(decode(line, largest=LARGEST_PUSH))
        except BadJson as error:
            unreadable.append(Rejection(len(raws), error.code))
            raws.append(_UNREADABLE)
    return _counted(Batch(raws, unreadable))


_UNREADABLE = object()


def _counted(batch: Batch) -> Batch:
    if not 1 <= len(batch.raws) <= MOST_EVENTS:
        raise Invalid([FieldError("events", "batch_size", {"most": MOST_EVENTS})])
    return batch
