"""What a session looks like to who reads it: plain values, already reduced to what the actor may see."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Named:
    """A brand or the like by id and names."""

    id: int
    name: str
    name_en: str


@dataclass(frozen=True)
class ChannelView:
    id: int
    platform: str
    platform_account_id: int | None
    account_name: str | None
    room_ids: tuple[str, ...]


@dataclass(frozen=True)
class ParticipantView:
    """id, host_id and answers are None where only the name is the reader's to see."""

    id: int | None
    host_id: int | None
    name: str
    name_en: str
    host_kind: str | None
    role: str
    agency_id: int | None
    agency_name: str | None
    agency_name_en: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    acceptance: str | None
    reason: str
    asked_at: datetime | None
    answered_at: datetime | None
    arrived_at: datetime | None
    round: int


@dataclass(frozen=True)
class LineupView:
    """live_price_fen is None for agencies: prices are terms of the brand."""

    id: int
    position: int
    product_id: int
    sku: str
    name: str
    name_en: str
    brand_id: int
    live_price_fen: int | None
    currency: str


@dataclass(frozen=True)
class CrewView:
    """So many of a shared crew; the hub's alone to see."""

    pool_id: int
    name: str
    name_en: str
    units: int


@dataclass(frozen=True)
class SessionView:
    """A session. other_brands: how many brands take part beside those shown."""

    id: int
    title: str
    state: str
    version: int
    studio_id: int
    studio_name: str
    studio_name_en: str
    setup_minutes: int
    teardown_minutes: int
    starts_at: datetime
    ends_at: datetime
    actual_starts_at: datetime | None
    actual_ends_at: datetime | None
    start_evidence: str | None
    end_evidence: str | None
    campaign_id: int | None
    notes: str
    review: str
    review_well: str
    review_improve: str
    hold_until: datetime | None
    offer_deadline_at: datetime | None
    cancel_code: str | None
    warnings: tuple[Mapping[str, Any], ...]
    brands: tuple[Named, ...]
    other_brands: int
    channels: tuple[ChannelView, ...]
    participants: tuple[ParticipantView, ...]
    lineup: tuple[LineupView, ...]
    last_sign_at: datetime | None
    overrunning_at: datetime | None
    off_air_seconds: int
    created_at: datetime
    updated_at: datetime
    crew: tuple[CrewView, ...] = ()


@dataclass(frozen=True)
class HistoryView:
    """One change: who, when, from which state to which, on what evidence."""

    version: int
    at: datetime
    verb: str
    from_state: str | None
    to_state: str
    actor_kind: str
    actor_name: str
    evidence: str | None
    reason: str
    detail: Mapping[str, Any]
