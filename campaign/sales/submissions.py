"""What is handed to ingest: checked events with their dedup key, digest and statement. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from campaign.kit.strict_json import BadJson, canonical
from campaign.sales.events import BadEvent, Event, MetricSample, OrderLine, Refund, RoomEvent, read
from campaign.sales.merging import Statement
from campaign.sales.scrubbing import salted, scrubbed
from campaign.sales.statements import of_line, of_refund

MOST_AHEAD = timedelta(minutes=5)
MOST_BEHIND = timedelta(days=90)


@dataclass(frozen=True)
class Submission:
    """One event on its way in. (shop, type, event_id) is its identity, `digest` its content.

    `raw` is what the log keeps; `held` when its times are too far off to be merged unseen.
    """

    index: int
    platform: str
    shop_ref: str
    type: str
    event_id: str
    occurred_at: datetime
    raw: dict[str, Any]
    digest: bytes
    line_id: str | None = None
    refund_id: str | None = None
    statement: Statement | None = None
    sample: MetricSample | None = None
    room: RoomEvent | None = None
    held: bool = False


@dataclass(frozen=True)
class Rejection:
    """An event that was not taken: its place in the batch and why. `field` where one is at fault."""

    index: int
    code: str
    field: str = ""


def prepared(raws: Sequence[Any], *, salt: bytes, now: datetime) -> tuple[list[Submission], list[Rejection]]:
    """Check every event of a push by itself: a bad one never refuses its neighbours."""
    taken, refused = [], []
    for index, raw in enumerate(raws):
        try:
            taken.append(_submission(index, raw, salt, now))
        except BadEvent as fault:
            refused.append(Rejection(index, fault.code, fault.field))
        except BadJson:
            refused.append(Rejection(index, "unstorable"))
    return taken, refused


def _submission(index: int, raw: Any, salt: bytes, now: datetime) -> Submission:
    event = read(raw)
    kept = scrubbed(raw)
    if isinstance(event, OrderLine) and event.buyer_hash is not None:
        kept["buyer_hash"] = salted(event.buyer_hash, salt)
        event = msgspec.structs.replace(event, buyer_hash=kept["buyer_hash"])
    written = canonical(kept)
    if b"\\u0000" in written:
        raise BadEvent("unstorable")
    return Submission(
        index=index,
        platform=event.platform,
        shop_ref=event.shop_id,
        type=event.type,
        event_id=event.event_id,
        occurred_at=event.occurred_at,
        raw=kept,
        digest=hashlib.sha256(written).digest(),
        line_id=event.line_id if isinstance(event, OrderLine | Refund) else None,
        refund_id=event.refund_id if isinstance(event, Refund) else None,
        statement=statement_of(event),
        sample=event if isinstance(event, MetricSample) else None,
        room=event if isinstance(event, RoomEvent) else None,
        held=_is_far_off(event, now),
    )


def statement_of(event: Event) -> Statement | None:
    """What an event says of a line or refund; None for the rest."""
    if isinstance(event, OrderLine):
        return of_line(event)
    return of_refund(event) if isinstance(event, Refund) else None


def _is_far_off(event: Event, now: datetime) -> bool:
    """Too old or from the future: a clock is wrong, or somebody replays. Shown, not merged."""
    told = [event.occurred_at]
    if isinstance(event, OrderLine):
        told += [at for at in (event.ordered_at, event.paid_at) if at is not None]
    return event.occurred_at < now - MOST_BEHIND or max(told) > now + MOST_AHEAD
