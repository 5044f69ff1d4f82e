"""What the API shows of sessions, and what its verbs take."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from campaign.kit.fields import (
    AccountId,
    AgencyId,
    BrandId,
    CampaignId,
    HostId,
    Line,
    ListQuery,
    Name,
    Note,
    ProductId,
    PublicId,
    QueryInt,
    SessionId,
    Strict,
    StudioId,
)
from campaign.kit.instants import Instant
from campaign.schedule.states import State
from campaign.schedule.views import SessionView

ParticipantId = Annotated[int, PublicId("ptc")]


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True, populate_by_name=True, serialize_by_alias=True)


class ChannelOut(_Shown):
    platform: str
    platform_account_id: AccountId | None
    account_name: str | None
    room_ids: list[str]


class ParticipantOut(_Shown):
    """Ids and answers are null where only the name is the reader's to see."""

    id: ParticipantId | None
    host_id: HostId | None
    name: str
    role: str
    agency_id: AgencyId | None
    starts_at: Instant | None = Field(serialization_alias="from")
    ends_at: Instant | None = Field(serialization_alias="to")
    acceptance: str | None
    reason: str
    asked_at: Instant | None
    answered_at: Instant | None
    arrived_at: Instant | None


class LineupOut(_Shown):
    """live_price_fen is null for agencies."""

    position: int
    product_id: ProductId
    sku: str
    name: str
    live_price_fen: int | None
    currency: str


class WarningOut(_Shown):
    """A soft conflict that was let through, and why."""

    rule: str
    message: str
    resource_type: str
    resource_id: str | None
    session_id: str | None
    starts_at: str
    ends_at: str
    reason: str | None


class SessionOut(_Shown):
    """A session. other_brands: how many brands take part beside those named."""

    id: SessionId
    title: str
    state: State
    version: int
    studio_id: StudioId
    studio_name: str
    starts_at: Instant
    ends_at: Instant
    actual_starts_at: Instant | None
    actual_ends_at: Instant | None
    start_evidence: str | None
    end_evidence: str | None
    brand_ids: list[BrandId]
    other_brands: int
    campaign_id: CampaignId | None
    notes: str
    review: str
    hold_until: Instant | None
    offer_deadline_at: Instant | None
    cancel_code: str | None
    channels: list[ChannelOut]
    participants: list[ParticipantOut]
    lineup: list[LineupOut]
    warnings: list[WarningOut]
    created_at: Instant
    updated_at: Instant


class SessionList(BaseModel):
    items: list[SessionOut]
    next_cursor: str | None = None


def shown(view: SessionView, warnings: list[WarningOut]) -> SessionOut:
    """A view as the API answers it; warnings come worded."""
    own: dict[str, Any] = {
        name: getattr(view, name)
        for name in SessionOut.model_fields
        if name not in ("brand_ids", "warnings", "channels", "participants", "lineup")
    }
    return SessionOut(
        **own,
        brand_ids=[brand.id for brand in view.brands],
        channels=[ChannelOut.model_validate(channel) for channel in view.channels],
        participants=[ParticipantOut.model_validate(person) for person in view.participants],
        lineup=[LineupOut.model_validate(item) for item in view.lineup],
        warnings=warnings,
    )


class SessionQuery(ListQuery):
    """from and to: an instant, or a day in the hub's zone (to: that day included)."""

    model_config = ConfigDict(populate_by_name=True)

    from_at: str | None = Field(default=None, alias="from", max_length=40)
    to_at: str | None = Field(default=None, alias="to", max_length=40)
    state: State | list[State] | None = None
    studio_id: StudioId | None = None
    host_id: HostId | None = None
    brand_id: BrandId | None = None
    agency_id: AgencyId | None = None
    campaign_id: CampaignId | None = None


class SlotQuery(Strict):
    """Where a show of `minutes` would fit; studio_id and host_id may be repeated."""

    model_config = ConfigDict(populate_by_name=True)

    from_at: str = Field(alias="from", max_length=40)
    to_at: str = Field(alias="to", max_length=40)
    minutes: Annotated[QueryInt, Field(ge=5, le=1440)]
    studio_id: StudioId | list[StudioId] | None = None
    host_id: HostId | list[HostId] | None = None
    limit: Annotated[QueryInt, Field(ge=1, le=500)] = 50


class SlotOut(_Shown):
    studio_id: StudioId
    starts_at: Instant
    ends_at: Instant


class SlotList(BaseModel):
    items: list[SlotOut]


class ConflictOut(_Shown):
    """One thing in the way, in words too."""

    rule: str
    message: str
    resource_type: str
    resource_id: str | None
    session_id: str | None
    starts_at: str
    ends_at: str


class CheckOut(BaseModel):
    """ok: it could be booked as it is. conflicts refuse it; warnings want an override with a reason."""

    ok: bool
    conflicts: list[ConflictOut]
    warnings: list[ConflictOut]
    alternatives: list[SlotOut]


class OfferIn(Strict):
    """Without deadline_at: 24 h, an hour before the start at the latest."""

    deadline_at: Instant | None = None


class AnswerIn(Strict):
    """participant_id: only this one of the asked; left out, all of the caller's own."""

    reason: Line = ""
    participant_id: ParticipantId | None = None


class CounterIn(Strict):
    """Other times that would suit."""

    starts_at: Instant | None = None
    ends_at: Instant | None = None
    reason: Line = ""


class CancelIn(Strict):
    code: Literal[
        "brand_request",
        "host_unavailable",
        "studio_fault",
        "goods_missing",
        "platform",
        "weather",
        "duplicate",
        "other",
    ] = "other"
    reason: Line = ""


class ReviewIn(Strict):
    review: Note


class ArriveIn(Strict):
    participant_id: ParticipantId | None = None


class SwapIn(Strict):
    """The other session: the two change studios."""

    with_id: SessionId = Field(alias="with")


class NothingIn(Strict):
    """The verb takes no more than its address; a reason may be sent and is kept where it matters."""

    reason: Line = ""


BulkVerb = Literal["offer", "confirm", "cancel", "ready"]


class BulkIn(Strict):
    """One verb for many sessions: each succeeds or fails on its own."""

    verb: BulkVerb
    ids: Annotated[list[SessionId], Field(min_length=1, max_length=200)]
    reason: Name | None = None


class BulkResult(BaseModel):
    id: SessionId
    ok: bool
    state: str | None = None
    version: int | None = None
    code: str | None = None
    message: str | None = None


class BulkOut(BaseModel):
    items: list[BulkResult]


class HistoryOut(_Shown):
    version: int
    at: Instant
    verb: str
    from_state: str | None
    to_state: str
    actor_kind: str
    actor_name: str
    evidence: str | None
    reason: str
    detail: dict[str, Any]


class HistoryList(BaseModel):
    items: list[HistoryOut]
