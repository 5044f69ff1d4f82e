"""What a series takes, and what it shows."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from campaign.kit.fields import (
    AgencyId,
    CampaignId,
    HostId,
    Line,
    ListQuery,
    Name,
    Note,
    PublicId,
    SessionId,
    Strict,
    StudioId,
)
from campaign.kit.instants import Instant
from campaign.parties.schemas import Day
from campaign.schedule.schemas import BrandIds, ChannelIn, Channels, Crew, Lineup, OverrideIn
from campaign.schedule.shapes import ConflictOut
from campaign.schedule.states import CancelCode
from campaign.schedule.window_schemas import Clock

SeriesId = Annotated[int, PublicId("srs")]


class SeriesPersonIn(Strict):
    """A host, for the whole show unless from and to (wall times within it) say otherwise."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    host_id: HostId
    role: Literal["host", "assistant", "influencer"] = "host"
    agency_id: AgencyId | None = None
    from_time: Clock | None = Field(default=None, alias="from")
    to_time: Clock | None = Field(default=None, alias="to")


def _no_rooms(values: list[ChannelIn]) -> list[ChannelIn]:
    if any(value.room_ids for value in values):
        raise ValueError("series_rooms")
    return values


SeriesPeople = Annotated[list[SeriesPersonIn], Field(min_length=1, max_length=50)]
SeriesChannels = Annotated[Channels, AfterValidator(_no_rooms)]
Rule = Annotated[str, Field(strict=True, min_length=1, max_length=200)]


class Template(Strict):
    """The show of each date. Wall times of the hub; `ends` at or before `starts` lies on the next day."""

    title: Name
    studio_id: StudioId
    brand_ids: BrandIds
    starts: Clock
    ends: Clock
    campaign_id: CampaignId | None = None
    notes: Note = ""
    channels: SeriesChannels
    participants: SeriesPeople
    lineup: Lineup = Field(default_factory=list)
    crew: Crew = Field(default_factory=list)


class SeriesIn(Template):
    """A series to book: rule is an RRULE (RFC 5545) with COUNT or UNTIL, counted from first_on.

    skip_conflicts books the dates that are free and notes the others; without it one that is not free refuses all.
    """

    first_on: Day
    rule: Rule
    skip_conflicts: Annotated[bool, Field(strict=True)] = False
    override: OverrideIn | None = None


class SeriesChange(Strict):
    """Only the fields given. from_on: dates before it stay a series of their own; without, all ahead change.

    A date where such a field was changed singly keeps its own, unless `overwrite`.
    """

    title: Name | None = None
    studio_id: StudioId | None = None
    brand_ids: BrandIds | None = None
    starts: Clock | None = None
    ends: Clock | None = None
    campaign_id: CampaignId | None = None
    notes: Note | None = None
    channels: SeriesChannels | None = None
    participants: SeriesPeople | None = None
    lineup: Lineup | None = None
    crew: Crew | None = None
    from_on: Day | None = None
    overwrite: Annotated[bool, Field(strict=True)] = False
    override: OverrideIn | None = None

    @model_validator(mode="after")
    def _nothing_emptied(self) -> "SeriesChange":
        """Null empties only what may be empty."""
        for name in self.model_fields_set - {"campaign_id", "from_on", "override"}:
            if getattr(self, name) is None:
                raise ValueError("missing")
        return self

    @property
    def fields(self) -> set[str]:
        """What of the template is to change."""
        return self.model_fields_set - {"from_on", "overwrite", "override"}


class ExtendIn(Strict):
    """A new last date: a later one books the dates up to it."""

    until_on: Day
    skip_conflicts: Annotated[bool, Field(strict=True)] = False
    override: OverrideIn | None = None


class SkipIn(Strict):
    """A date without a show."""

    on_date: Day
    code: CancelCode = "other"
    reason: Line = ""


class ReAddIn(Strict):
    """A skipped date, booked after all as the series now is."""

    on_date: Day
    override: OverrideIn | None = None


class EndIn(Strict):
    """No more shows from a date on; without one from now on."""

    from_on: Day | None = None
    code: CancelCode = "other"
    reason: Line = ""


class SeriesQuery(ListQuery):
    """Series, newest first; with session_id that of one session."""

    session_id: SessionId | None = None


class DateOut(BaseModel):
    """A date: booked, or skipped and why (a rule's code, or "cancelled")."""

    date: date
    starts_at: Instant
    ends_at: Instant
    session_id: SessionId | None
    state: str
    skipped: str | None
    changed: list[str]


class SeriesOut(BaseModel):
    """changed (in dates): the fields in which a date differs from its series."""

    id: SeriesId
    version: int
    rule: str
    timezone: str
    first_on: date
    until_on: date
    template: Template
    split_from: SeriesId | None
    dates: list[DateOut]
    created_at: Instant
    updated_at: Instant


class SeriesLine(BaseModel):
    """A series in a list; ahead: dates booked that are yet to come."""

    id: SeriesId
    version: int
    title: str
    rule: str
    first_on: date
    until_on: date
    starts: Clock
    ends: Clock
    studio_id: StudioId
    ahead: int


class SeriesList(BaseModel):
    items: list[SeriesLine]
    next_cursor: str | None = None


class TriedOut(BaseModel):
    """A date and what booking it would meet."""

    date: date
    starts_at: Instant
    ends_at: Instant
    code: str | None
    message: str | None
    conflicts: list[ConflictOut]


class TriedList(BaseModel):
    ok: bool
    items: list[TriedOut]


def stored(template: Template) -> dict[str, Any]:
    """A template as it is kept: JSON, ids as the outside writes them."""
    names = set(Template.model_fields)
    kept: dict[str, Any] = template.model_dump(mode="json", by_alias=True, include=names)
    return kept


def template_of(kept: dict[str, Any]) -> Template:
    """What stored() wrote."""
    return Template.model_validate(kept)
