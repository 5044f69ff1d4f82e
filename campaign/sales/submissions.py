"""What is handed to ingest: checked events with their dedup key, digest and statement. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from campaign.kit.strict_json import BadJson, canonical
from campaign.sales.events import (
    LONGEST_TEXT,
    AdSpend,
    BadEvent,
    Event,
    Explained,
    MetricSample,
    OrderLine,
    Refund,
    RoomEvent,
    read,
    reread,
)
from campaign.sales.merging import Statement
from campaign.sales.scrubbing import salted, scrubbed
from campaign.sales.statements import of_line, of_refund

MOST_AHEAD = timedelta(minutes=5)
MOST_BEHIND = timedelta(days=90)


@dataclass(slots=True, kw_only=True)
class Submission:
    """One event on its way in. (shop, type, event_id) is its identity, `digest` its content.

    `raw` is what the log keeps (`written` its canonical bytes, where they were made); `held` when its times are
    too far off to be merged unseen. A push brings its event, a row of a file what it says of a line (`told`).
    """

    index: int
    platform: str
    shop_ref: str
    type: str
    event_id: str
    occurred_at: datetime
    raw: dict[str, Any]
    digest: bytes
    written: bytes | None = None
    line_id: str | None = None
    refund_id: str | None = None
    event: Event | None = None
    told: Statement | None = None
    held: bool = False

    @property
    def statement(self) -> Statement | None:
        """What it says of its line or refund; None for the rest. Not made before it is needed."""
        if self.told is None and self.event is not None:
            self.told = statement_of(self.event)
        return self.told

    @property
    def is_beside_orders(self) -> bool:
        """Whether it tells of something else than an order line: a refund, or what is kept for the log alone."""
        return self.refund_id is not None or self.statement is None

    @property
    def sample(self) -> MetricSample | None:
        return self.event if isinstance(self.event, MetricSample) else None

    @property
    def mark(self) -> Explained | None:
        return self.event if isinstance(self.event, Explained) else None

    @property
    def spend(self) -> AdSpend | None:
        return self.event if isinstance(self.event, AdSpend) else None

    @property
    def room(self) -> RoomEvent | None:
        return self.event if isinstance(self.event, RoomEvent) else None


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
    kept = scrubbed(raw)
    if isinstance(kept, dict) and kept.get("type") == "order.line":
        buyer = kept.get("buyer_hash")
        if isinstance(buyer, str) and 1 <= len(buyer) <= LONGEST_TEXT:
            kept["buyer_hash"] = salted(buyer, salt)
    event = read(kept)
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
        written=written,
        line_id=event.line_id if isinstance(event, OrderLine | Refund) else None,
        refund_id=event.refund_id if isinstance(event, Refund) else None,
        event=event,
        held=_is_far_off(event, now),
    )


def restored(payload: dict[str, Any]) -> Submission:
    """A push's event as the raw log kept it, to be merged. Its digest is the log's matter and left out."""
    event = reread(payload)
    return Submission(
        index=0,
        platform=event.platform,
        shop_ref=event.shop_id,
        type=payload["type"],
        event_id=event.event_id,
        occurred_at=event.occurred_at,
        raw=payload,
        digest=b"",
        line_id=event.line_id if isinstance(event, OrderLine | Refund) else None,
        refund_id=event.refund_id if isinstance(event, Refund) else None,
        event=event,
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
