"""What booking and changing a session take. One class each for JSON, forms and files."""

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from campaign.kit.fields import (
    AccountId,
    AgencyId,
    BrandId,
    CampaignId,
    Currency,
    Fen,
    HostId,
    Line,
    Name,
    Note,
    ProductId,
    Strict,
    StudioId,
)
from campaign.kit.instants import Instant
from campaign.parties.schemas import Platform
from campaign.schedule.crew_schemas import CrewIn

MOST_LINEUP = 500


def _once(values: Sequence[Hashable]) -> None:
    if len(set(values)) != len(values):
        raise ValueError("twice")


def _no_brand_twice(values: list[int]) -> list[int]:
    _once(values)
    return values


RoomId = Annotated[str, Field(strict=True, min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]
"""A platform's room id: text, since 19 digits do not fit a float."""

BrandIds = Annotated[list[BrandId], Field(min_length=1, max_length=50), AfterValidator(_no_brand_twice)]


class ChannelIn(Strict):
    """The show on one platform."""

    platform: Platform
    platform_account_id: AccountId | None = None
    room_ids: Annotated[list[RoomId], Field(max_length=50)] = Field(default_factory=list)


class ParticipantIn(Strict):
    """A host, for the whole session unless from and to say otherwise."""

    model_config = ConfigDict(populate_by_name=True)

    host_id: HostId
    role: Literal["host", "assistant", "influencer"] = "host"
    agency_id: AgencyId | None = None
    from_at: Instant | None = Field(default=None, alias="from")
    to_at: Instant | None = Field(default=None, alias="to")


class LineupIn(Strict):
    """A product at its live price, in minor units. Without positions the order given counts."""

    product_id: ProductId
    live_price_fen: Fen
    currency: Currency = "CNY"
    position: Annotated[int, Field(strict=True, ge=1, le=10_000)] | None = None


class OverrideIn(Strict):
    """Lets soft conflicts through; the reason is kept with the warning."""

    reason: Name


def _no_account_twice(values: list[ChannelIn]) -> list[ChannelIn]:
    _once([value.platform_account_id for value in values if value.platform_account_id is not None])
    return values


def _no_product_twice(values: list[LineupIn]) -> list[LineupIn]:
    _once([value.product_id for value in values])
    return values


Channels = Annotated[list[ChannelIn], Field(min_length=1, max_length=20), AfterValidator(_no_account_twice)]
Participants = Annotated[list[ParticipantIn], Field(min_length=1, max_length=50)]
Lineup = Annotated[list[LineupIn], Field(max_length=MOST_LINEUP), AfterValidator(_no_product_twice)]


def _no_crew_twice(values: list[CrewIn]) -> list[CrewIn]:
    _once([value.pool_id for value in values])
    return values


Crew = Annotated[list[CrewIn], Field(max_length=20), AfterValidator(_no_crew_twice)]


class SessionIn(Strict):
    """A session to book. Instants are half-open: it ends just before ends_at."""

    title: Name
    studio_id: StudioId
    brand_ids: BrandIds
    starts_at: Instant
    ends_at: Instant
    campaign_id: CampaignId | None = None
    notes: Note = ""
    hold_until: Instant | None = None
    channels: Channels
    participants: Participants
    lineup: Lineup = Field(default_factory=list)
    crew: Crew = Field(default_factory=list)
    override: OverrideIn | None = None


class SessionChange(Strict):
    """Changes to a session: only the fields given are touched; lists are replaced as a whole."""

    title: Name | None = None
    studio_id: StudioId | None = None
    brand_ids: BrandIds | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    campaign_id: CampaignId | None = None
    notes: Note | None = None
    hold_until: Instant | None = None
    channels: Channels | None = None
    participants: Participants | None = None
    lineup: Lineup | None = None
    crew: Crew | None = None
    override: OverrideIn | None = None

    @model_validator(mode="after")
    def _nothing_emptied(self) -> "SessionChange":
        """Null empties only what may be empty."""
        for name in self.model_fields_set - {"campaign_id", "hold_until", "override"}:
            if getattr(self, name) is None:
                raise ValueError("missing")
        return self


class CorrectionIn(Strict):
    """What was tapped or guessed wrong, set right. `reason` is kept and told."""

    reason: Name
    state: Literal["ready", "live", "ended", "no_show"] | None = None
    actual_starts_at: Instant | None = None
    actual_ends_at: Instant | None = None
    studio_id: StudioId | None = None
    channels: Channels | None = None
    participants: Participants | None = None


class ReasonIn(Strict):
    """The body of a verb where saying why is optional."""

    reason: Line = ""


class SessionFilter(Strict):
    """What a list of sessions is narrowed to: those that overlap [from_at, to_at) and match the rest."""

    from_at: datetime | None = None
    to_at: datetime | None = None
    states: tuple[str, ...] = ()
    studio_id: int | None = None
    host_id: int | None = None
    brand_id: int | None = None
    agency_id: int | None = None
    campaign_id: int | None = None
    updated_since: datetime | None = None
    newest_first: bool = False
