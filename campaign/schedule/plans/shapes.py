"""What the API shows of plans."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel, Field

from campaign.kit import ids
from campaign.kit.fields import ListQuery, SessionId
from campaign.kit.instants import Instant, written
from campaign.schedule.plans.comparing import Channel, Difference, Line, Person
from campaign.schedule.plans.models import PlanEntry, WeekPlan
from campaign.schedule.plans.schemas import EntryId, Kind, PlanId, State
from campaign.schedule.shapes import ConflictOut


class PlanQuery(ListQuery):
    state: State | None = None


class PlanEntryOut(BaseModel):
    """The part named like its kind is what was given. version: of the session when the entry was made."""

    id: EntryId
    kind: Kind
    session_id: SessionId | None
    version: int | None
    book: dict[str, Any] | None = None
    change: dict[str, Any] | None = None
    cancel: dict[str, Any] | None = None
    created_at: Instant
    updated_at: Instant


class PlanHead(BaseModel):
    """A plan without its entries."""

    id: PlanId
    name: str
    note: str
    first_day: date
    last_day: date
    state: State
    rev: int
    total_entries: int
    made_by: str
    released_by: str | None
    released_at: Instant | None
    created_at: Instant
    updated_at: Instant


class PlanOut(PlanHead):
    entries: list[PlanEntryOut]


class PlanList(BaseModel):
    items: list[PlanHead]
    next_cursor: str | None = None


class DifferenceOut(BaseModel):
    """before and after are in the terms of the kind: instants, minutes, ids or lists; null where there is none."""

    kind: str
    message: str
    before: Any
    after: Any


class PlanFault(BaseModel):
    field: str
    code: str
    message: str


class ComparedOut(BaseModel):
    """One entry beside what stands now. problem: why it cannot be released as it is, whatever the rules say."""

    entry_id: EntryId
    kind: Kind
    session_id: SessionId | None
    title: str
    starts_at: Instant
    ends_at: Instant
    differences: list[DifferenceOut]
    conflicts: list[ConflictOut]
    warnings: list[ConflictOut]
    problem: str | None
    message: str | None
    errors: list[PlanFault] = Field(default_factory=list)


class PlanComparisonOut(BaseModel):
    """ok: it could be released now without a reason."""

    ok: bool
    rev: int
    items: list[ComparedOut]


def head_of(row: WeekPlan, entries: int) -> dict[str, Any]:
    """The fields of PlanHead."""
    plain = {name: getattr(row, name) for name in PlanHead.model_fields if name != "total_entries"}
    return plain | {"total_entries": entries}


def entry_of(row: PlanEntry) -> PlanEntryOut:
    """An entry as the API answers it."""
    return PlanEntryOut(
        id=row.id,
        kind=row.kind,
        session_id=row.session_id,
        version=row.base_version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        **{row.kind: row.given},
    )


def plain_of(difference: Difference) -> tuple[Any, Any]:
    """Before and after as JSON."""
    write = _WRITERS.get(difference.kind, lambda value: value)
    sides = (difference.before, difference.after)
    before, after = (None if side is None else write(side) for side in sides)
    return before, after


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds() // 60)


def _person(one: Person) -> dict[str, Any]:
    return {
        "host_id": ids.public_or_none("hst", one.host_id),
        "role": one.role,
        "agency_id": ids.public_or_none("agc", one.agency_id),
        "from": written(one.starts_at) if one.starts_at else None,
        "to": written(one.ends_at) if one.ends_at else None,
    }


def _line(one: Line) -> dict[str, Any]:
    return {
        "product_id": ids.public("prd", one.product_id),
        "live_price_fen": one.price_fen,
        "currency": one.currency,
    }


def _channel(one: Channel) -> dict[str, Any]:
    return {
        "platform": one.platform,
        "platform_account_id": ids.public_or_none("acc", one.account_id),
        "room_ids": list(one.room_ids),
    }


_WRITERS: Mapping[str, Callable[[Any], Any]] = {
    # Whole sessions: what is planned stands in the entry, what stands is to be read by its id.
    "added": lambda _sheet: None,
    "cancelled": lambda _sheet: None,
    "moved": written,
    "hold": written,
    "longer": _minutes,
    "shorter": _minutes,
    "studio": lambda one: ids.public("std", one),
    "campaign": lambda one: ids.public("cmp", one),
    "brands": lambda every: [ids.public("brd", one) for one in every],
    "people": lambda every: [_person(one) for one in every],
    "lineup": lambda every: [_line(one) for one in every],
    "channels": lambda every: [_channel(one) for one in every],
    "crew": lambda every: [{"pool_id": ids.public("crw", pool), "units": units} for pool, units in every],
}
