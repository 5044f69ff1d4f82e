"""What is handed to ingest: checked events with their dedup key, digest and statement. Pure."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

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
from campaign.sales.plain import (
    TAGS,
    PlainLine,
    PlainRefund,
    PlainSample,
    as_object,
    times_of,
    written_anew,
)
from campaign.sales.scrubbing import salted, scrubbed
from campaign.sales.statements import of_line, of_refund

MOST_AHEAD = timedelta(minutes=5)
MOST_BEHIND = timedelta(days=90)


class Submission(msgspec.Struct, kw_only=True):
    """One event on its way in. (shop, type, event_id) is its identity, `digest` its content.

    The log keeps `written`, or `raw` where its canonical bytes were not made yet. `latest` is the last of the moments
    by which a push may be too far ahead; `held` when it is so far off that it is not merged unseen. A push brings its
    event (`plain` where it was read quickly), a row of a file what it says of a line (`told`).
    """

    index: int
    platform: str
    shop_ref: str
    type: str
    event_id: str
    occurred_at: datetime
    digest: bytes
    raw: dict[str, Any] | None = None
    written: bytes | None = None
    line_id: str | None = None
    refund_id: str | None = None
    checked: Event | None = None
    plain: Any = None
    told: Statement | None = None
    latest: datetime | None = None
    held: bool = False

    @property
    def event(self) -> Event | None:
        """The event that a push brought, checked; None for a row of a file."""
        if self.checked is None and self.plain is not None:
            self.checked = read(as_object(self.plain))
        return self.checked

    @property
    def content(self) -> bytes:
        """What the log keeps, as canonical bytes."""
        if self.written is None:
            self.written = canonical(self.raw)
        return self.written

    @property
    def statement(self) -> Statement | None:
        """What it says of its line or refund; None for the rest. Not made before it is needed."""
        if self.told is None and (event := self.event) is not None:
            self.told = statement_of(event)
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
        # Asked of every event at the door, and never read quickly: nothing is checked for the answer.
        return self.checked if isinstance(self.checked, RoomEvent) else None


@dataclass(frozen=True)
class Rejection:
    """An event that was not taken: its place in the batch and why. `field` where one is at fault."""

    index: int
    code: str
    field: str = ""


def prepared(
    raws: Sequence[Any], *, salt: bytes, written: Sequence[bytes] | None = None
) -> tuple[list[Submission], list[Rejection]]:
    """Check every event of a push by itself: a bad one never refuses its neighbours.

    With `written` the events are those of campaign.sales.plain, and these are their bytes.
    """
    taken, refused = [], []
    times = times_of(raws) if written is not None else ()
    for index, raw in enumerate(raws):
        try:
            if written is not None and (told := times[index]) is not None:
                taken.append(_quick(index, raw, written[index], told, salt))
            else:
                # Also to be told what is wrong with a moment.
                taken.append(_submission(index, raw if written is None else as_object(raw), salt))
        except BadEvent as fault:
            refused.append(Rejection(index, fault.code, fault.field))
        except BadJson:
            refused.append(Rejection(index, "unstorable"))
    return taken, refused


def _quick(
    index: int, plain: Any, written: bytes, times: tuple[datetime, datetime], salt: bytes
) -> Submission:
    kind = type(plain)
    if kind is PlainLine and plain.buyer_hash is not None:
        plain.buyer_hash = salted(plain.buyer_hash, salt)
        written = written_anew(plain)
    return Submission(
        index=index,
        platform=plain.platform,
        shop_ref=plain.shop_id,
        type=TAGS[kind],
        event_id=plain.event_id,
        occurred_at=times[0],
        digest=hashlib.sha256(written).digest(),
        written=written,
        line_id=None if kind is PlainSample else plain.line_id,
        refund_id=plain.refund_id if kind is PlainRefund else None,
        plain=plain,
        latest=times[1],
    )


def _submission(index: int, raw: Any, salt: bytes) -> Submission:
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
        digest=hashlib.sha256(written).digest(),
        written=written,
        line_id=event.line_id if isinstance(event, OrderLine | Refund) else None,
        refund_id=event.refund_id if isinstance(event, Refund) else None,
        checked=event,
        latest=_latest(event),
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
        digest=b"",
        raw=payload,
        line_id=event.line_id if isinstance(event, OrderLine | Refund) else None,
        refund_id=event.refund_id if isinstance(event, Refund) else None,
        checked=event,
    )


def statement_of(event: Event) -> Statement | None:
    """What an event says of a line or refund; None for the rest."""
    if isinstance(event, OrderLine):
        return of_line(event)
    return of_refund(event) if isinstance(event, Refund) else None


def note_far_off(given: Iterable[Submission], now: datetime) -> None:
    """Hold what is too old or from the future: a clock is wrong, or somebody replays. A file's rows never are."""
    oldest, newest = now - MOST_BEHIND, now + MOST_AHEAD
    for one in given:
        if one.latest is not None and (one.latest > newest or one.occurred_at < oldest):
            one.held = True


def _latest(event: Event) -> datetime:
    told = [event.occurred_at]
    if isinstance(event, OrderLine):
        told += [at for at in (event.ordered_at, event.paid_at) if at is not None]
    return max(told)
