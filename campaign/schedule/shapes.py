"""What the API shows of sessions, and what its verbs take."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

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
from campaign.kit.ids import public
from campaign.kit.instants import Instant
from campaign.schedule.crew_schemas import CrewOut
from campaign.schedule.schemas import OverrideIn
from campaign.schedule.states import CancelCode, State
from campaign.schedule.views import SessionView

ParticipantId = Annotated[int, PublicId("ptc")]
ProposalId = Annotated[int, PublicId("prp")]


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
    off_air_seconds: int
    brand_ids: list[BrandId]
    other_brands: int
    campaign_id: CampaignId | None
    notes: str
    review: str
    review_well: str
    review_improve: str
    hold_until: Instant | None
    offer_deadline_at: Instant | None
    cancel_code: str | None
    channels: list[ChannelOut]
    participants: list[ParticipantOut]
    lineup: list[LineupOut]
    crew: list[CrewOut]
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
        if name not in ("brand_ids", "warnings", "channels", "participants", "lineup", "crew")
    }
    return SessionOut(
        **own,
        brand_ids=[brand.id for brand in view.brands],
        channels=[ChannelOut.model_validate(channel) for channel in view.channels],
        participants=[ParticipantOut.model_validate(person) for person in view.participants],
        lineup=[LineupOut.model_validate(item) for item in view.lineup],
        crew=[CrewOut.model_validate(one) for one in view.crew],
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
    """Other times that would suit (without ends_at the length is kept), or another host of the agency's own.

    participant_id: in whose place the host would come; left out where the agency has one person in the session.
    """

    starts_at: Instant | None = None
    ends_at: Instant | None = None
    host_id: HostId | None = None
    participant_id: ParticipantId | None = None
    reason: Line = ""


class CancelIn(Strict):
    code: CancelCode = "other"
    reason: Line = ""


class ReviewIn(Strict):
    """What went well, what to improve, and anything else: at least one of them. It replaces what stood."""

    review: Note = ""
    went_well: Note = ""
    to_improve: Note = ""


class ArriveIn(Strict):
    participant_id: ParticipantId | None = None


class SwapIn(Strict):
    """The other session, and what the two exchange: studios, times (each keeps its length), places (both), people."""

    with_id: SessionId = Field(alias="with")
    what: Literal["studios", "times", "places", "people"] = "studios"
    override: OverrideIn | None = None


class PushIn(Strict):
    """How long the show that is on will still run past its planned end; left out: as long as it has so far."""

    follower_id: SessionId
    over_minutes: Annotated[int, Field(strict=True, ge=0, le=720)] | None = None
    override: OverrideIn | None = None


class FollowingQuery(Strict):
    """over_minutes: as if it ended so long after its planned end; left out, as it is now."""

    over_minutes: Annotated[QueryInt, Field(ge=0, le=720)] | None = None


class HitOut(_Shown):
    """A session that is met: by which of studio, host, account; how far it would have to move; where it could go."""

    session_id: SessionId
    title: str
    state: State
    starts_at: Instant
    because: list[str]
    shift_minutes: int
    studios: list[StudioId]


class FollowingOut(BaseModel):
    """What a show that is late or runs over will meet when it ends at ends_at."""

    late_minutes: int
    over_minutes: int
    ends_at: Instant
    hits: list[HitOut]


class ProposalOut(_Shown):
    """What an agency asks; stands: it still speaks of the session as it is, so that it can be accepted."""

    id: ProposalId
    session_id: SessionId
    agency_id: AgencyId
    kind: Literal["time", "person", "cancel"]
    starts_at: Instant | None
    ends_at: Instant | None
    participant_id: ParticipantId | None
    host_id: HostId | None
    cancel_code: str | None
    reason: str
    state: Literal["open", "accepted", "refused", "withdrawn"]
    stands: bool
    made_by: str
    made_at: Instant
    decided_by: str | None
    decided_at: Instant | None
    answer: str


class ProposalList(BaseModel):
    items: list[ProposalOut]


class AcceptProposalIn(Strict):
    override: OverrideIn | None = None


class OfferRulesIn(Strict):
    """By when offers are to be answered: so many hours after asking, so many minutes before the start at the latest."""

    answer_hours: Annotated[int, Field(strict=True, ge=1, le=336)] = 24
    last_answer_minutes: Annotated[int, Field(strict=True, ge=0, le=2880)] = 60


class NothingIn(Strict):
    """The verb takes no more than its address; a reason may be sent and is kept where it matters."""

    reason: Line = ""


BulkVerb = Literal["offer", "confirm", "accept", "decline", "cancel", "ready"]


class BulkIn(Strict):
    """One verb for many sessions: each succeeds or fails on its own. code: why, for cancel; deadline_at: for offer."""

    verb: BulkVerb
    ids: Annotated[list[SessionId], Field(min_length=1, max_length=200)]
    reason: Name | None = None
    code: CancelCode = "other"
    deadline_at: Instant | None = None


class BulkResult(BaseModel):
    id: SessionId
    ok: bool
    state: str | None = None
    version: int | None = None
    code: str | None = None
    message: str | None = None


class BulkOut(BaseModel):
    items: list[BulkResult]


_NAMED = {"handover": "hov", "left": "hst", "came": "hst", "participants": "ptc", "not_arrived": "ptc"}
"""What a step notes by number: the ids that the API has for it elsewhere."""


class HistoryOut(_Shown):
    """One step.

    `detail` is what the verb notes: `fields` that changed, who (`participants`, `left`, `came`), and what stood
    `before`, which is [from, to, studio] of a move.
    """

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

    @field_validator("detail", mode="before")
    @classmethod
    def _named(cls, detail: Mapping[str, Any]) -> dict[str, Any]:
        named = dict(detail)
        for key in _NAMED.keys() & detail.keys():
            noted = detail[key]
            named[key] = (
                [public(_NAMED[key], one) for one in noted]
                if isinstance(noted, list)
                else public(_NAMED[key], noted)
            )
        if isinstance(detail.get("before"), list):
            *times, studio_id = detail["before"]
            named["before"] = [*times, public("std", studio_id)]
        return named


class HistoryList(BaseModel):
    items: list[HistoryOut]
