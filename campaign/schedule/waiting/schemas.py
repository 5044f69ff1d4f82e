"""What the waiting list takes and shows."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from campaign.kit.fields import (
    AccountId,
    AgencyId,
    BrandId,
    CampaignId,
    HostId,
    ListQuery,
    Name,
    Note,
    PublicId,
    SessionId,
    Strict,
    StudioId,
)
from campaign.kit.instants import Instant
from campaign.parties.schemas import Platform
from campaign.schedule.schemas import BrandIds

EntryId = Annotated[int, PublicId("wai")]
State = Literal["waiting", "offered", "taken", "withdrawn", "expired"]


class WindowIn(Strict):
    """A time the whole show may lie in."""

    model_config = ConfigDict(populate_by_name=True)

    from_at: Instant = Field(alias="from")
    to_at: Instant = Field(alias="to")


class EntryIn(Strict):
    """Studios or hosts left out: any. Of several hosts one is enough. priority: 9 is served first.

    valid_until left out: until the last of the windows ends.
    """

    title: Name
    brand_ids: BrandIds
    studio_ids: Annotated[list[StudioId], Field(max_length=200)] = Field(default_factory=list)
    host_ids: Annotated[list[HostId], Field(max_length=20)] = Field(default_factory=list)
    agency_id: AgencyId | None = None
    campaign_id: CampaignId | None = None
    platform: Platform = "douyin"
    platform_account_id: AccountId | None = None
    minutes: Annotated[int, Field(strict=True, ge=5, le=1440)]
    windows: Annotated[list[WindowIn], Field(min_length=1, max_length=50)]
    priority: Annotated[int, Field(strict=True, ge=1, le=9)] = 5
    note: Note = ""
    valid_until: Instant | None = None


class WaitingQuery(ListQuery):
    state: State | None = None
    brand_id: BrandId | None = None


class WindowOut(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True, populate_by_name=True)

    from_at: Instant = Field(alias="from")
    to_at: Instant = Field(alias="to")


class PlaceOut(BaseModel):
    """A place held or once held: a draft session."""

    model_config = ConfigDict(from_attributes=True)

    session_id: SessionId
    state: Literal["open", "taken", "passed", "expired", "withdrawn"]
    starts_at: Instant
    ends_at: Instant
    made_at: Instant
    expires_at: Instant
    closed_at: Instant | None


class EntryOut(BaseModel):
    """position: 1 is served next; null where it is not waiting. offers: newest first."""

    id: EntryId
    state: State
    position: int | None
    title: str
    brand_ids: list[BrandId]
    studio_ids: list[StudioId]
    host_ids: list[HostId]
    agency_id: AgencyId | None
    campaign_id: CampaignId | None
    platform: str
    platform_account_id: AccountId | None
    minutes: int
    windows: list[WindowOut]
    priority: int
    note: str
    valid_until: Instant
    session_id: SessionId | None
    offers: list[PlaceOut]
    rev: int
    created_at: Instant
    updated_at: Instant


class EntryList(BaseModel):
    items: list[EntryOut]
    next_cursor: str | None = None
