"""What a party takes and shows. One class serves JSON, forms, files and the command line."""

from datetime import date
from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from campaign.kit.fields import AgencyId, BrandId, HostId, Line, Name, ShopId, Strict, StudioId
from campaign.kit.instants import Instant, parse_day

Platform = Literal["douyin", "kuaishou", "taobao", "wechat", "tiktok_shop", "other"]
Minutes = Annotated[int, Field(strict=True, ge=0, le=1440)]


class Shown(BaseModel):
    """What every named thing shows of itself."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    rev: int
    archived_at: Instant | None
    created_at: Instant
    updated_at: Instant


class StudioIn(Strict):
    """Set-up and tear-down are added before and after each session there."""

    name: Name
    name_en: Line = ""
    setup_minutes: Minutes = 30
    teardown_minutes: Minutes = 15


class StudioOut(Shown):
    id: StudioId
    name_en: str
    setup_minutes: int
    teardown_minutes: int


class BrandIn(Strict):
    """return_window_days: how long buyers may send goods back without a reason."""

    name: Name
    name_en: Line = ""
    return_window_days: Annotated[int, Field(strict=True, ge=0, le=90)] = 7


class BrandOut(Shown):
    id: BrandId
    name_en: str
    return_window_days: int


class AgencyIn(Strict):
    name: Name
    name_en: Line = ""


class AgencyOut(Shown):
    id: AgencyId
    name_en: str


class HostIn(Strict):
    """With agency_id the host is signed: a contract from today on. Without, kind says the rest."""

    name: Name
    name_en: Line = ""
    kind: Literal["in_house", "signed", "independent"] | None = None
    agency_id: AgencyId | None = None


class HostChange(Strict):
    """What of a host may change in place: agencies come and go by contracts."""

    name: Name
    name_en: Line = ""
    kind: Literal["in_house", "signed", "independent"]


class HostOut(Shown):
    id: HostId
    name_en: str
    kind: str


class ShopIn(Strict):
    """external_id is the platform's own shop id; one shop per platform and id."""

    name: Name
    platform: Platform
    external_id: Name
    brand_id: BrandId | None = None


class ShopOut(Shown):
    id: ShopId
    platform: str
    external_id: str
    brand_id: BrandId | None


def _day(value: Any) -> date:
    if isinstance(value, date):
        return value
    try:
        return parse_day(value)
    except ValueError:
        raise ValueError("day") from None


Day = Annotated[date, BeforeValidator(_day)]
"""A calendar day in the hub's zone, written YYYY-MM-DD."""


class ContractIn(Strict):
    """An agency stands for the host on the days [starts_on, ends_on); no ends_on: until further notice.

    exclusive: on those days the host is booked through this agency alone.
    """

    agency_id: AgencyId
    starts_on: Day
    ends_on: Day | None = None
    exclusive: Annotated[bool, Field(strict=True)] = False


class ContractsIn(Strict):
    items: Annotated[list[ContractIn], Field(max_length=100)]


class ContractOut(BaseModel):
    agency_id: AgencyId
    starts_on: date
    ends_on: date | None
    exclusive: bool


class ContractsOut(BaseModel):
    items: list[ContractOut]


class AliasesIn(Strict):
    """Other names of a host: they replace those there are."""

    items: Annotated[list[Name], Field(max_length=50)]


class AliasesOut(BaseModel):
    items: list[str]


class ExclusivityIn(Strict):
    """A host promised to a brand on [starts_on, ends_on): against all other brands, or those that compete with it."""

    brand_id: BrandId
    scope: Literal["all", "rivals"] = "all"
    starts_on: Day
    ends_on: Day | None = None


class ExclusivitiesIn(Strict):
    items: Annotated[list[ExclusivityIn], Field(max_length=100)]


class ExclusivityOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    brand_id: BrandId
    scope: str
    starts_on: date | None
    ends_on: date | None


class ExclusivitiesOut(BaseModel):
    items: list[ExclusivityOut]


class RivalGroupIn(Strict):
    """Brands that compete with each other."""

    name: Name
    brand_ids: Annotated[list[BrandId], Field(min_length=1, max_length=200)]


class RivalGroupsIn(Strict):
    """All groups: they replace those that were."""

    items: Annotated[list[RivalGroupIn], Field(max_length=200)]


class RivalGroupOut(BaseModel):
    name: str
    brand_ids: list[BrandId]


class RivalGroupsOut(BaseModel):
    items: list[RivalGroupOut]


Input = TypeVar("Input", bound=BaseModel)


def partial(schema: type[Input]) -> type[Input]:
    """The same schema with every field optional, for PATCH: model_fields_set tells what was given."""
    fields: Any = {
        name: (Annotated[info.annotation, *info.metadata], None) if info.metadata else (info.annotation, None)
        for name, info in schema.model_fields.items()
    }
    return create_model(
        schema.__name__.replace("In", "Change"),
        __base__=cast(type[Input], Strict),
        __doc__=schema.__doc__,
        **fields,
    )
