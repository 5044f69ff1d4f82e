"""What products, platform accounts and campaigns take and show."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

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
    ProductId,
    ShopId,
    Strict,
)
from campaign.parties.schemas import Day, Platform, Shown


class ProductIn(Strict):
    """sku is ours (商家编码): unique within the brand. price_fen: list price."""

    brand_id: BrandId
    sku: Name
    name: Name
    name_en: Line = ""
    category: Line = ""
    price_fen: Fen | None = None
    currency: Currency = "CNY"


class ProductOut(Shown):
    id: ProductId
    brand_id: BrandId
    sku: str
    name_en: str
    category: str
    price_fen: int | None
    currency: str


class ProductChange(Strict):
    """What of a product may change in place: whose it is has days of its own."""

    sku: Name
    name: Name
    name_en: Line = ""
    category: Line = ""
    price_fen: Fen | None = None


class HandOverIn(Strict):
    """Whose a product is since a day; none: it has been all the time."""

    brand_id: BrandId
    since: Day | None = None


class StretchIn(Strict):
    """A product is of this brand since a day, until the next begins; the first has no day."""

    brand_id: BrandId
    starts_on: Day | None = None


class StretchesIn(Strict):
    """Whose a product was and is, oldest first: they replace what stood."""

    items: Annotated[list[StretchIn], Field(min_length=1, max_length=50)]


class StretchOut(BaseModel):
    """[starts_on, ends_on): null where nothing comes before or after."""

    model_config = ConfigDict(from_attributes=True)

    brand_id: BrandId
    starts_on: date | None
    ends_on: date | None


class StretchesOut(BaseModel):
    items: list[StretchOut]


class AccountIn(Strict):
    """external_id is the author id that order lines carry."""

    name: Name
    platform: Platform
    external_id: Name
    host_id: HostId | None = None
    shop_id: ShopId | None = None


class AccountOut(Shown):
    id: AccountId
    platform: str
    external_id: str
    host_id: HostId | None
    shop_id: ShopId | None


Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
CampaignKind = Literal["season", "fair", "festival", "group"]


class GoalIn(Strict):
    """What is to be reached, each left out where nothing is set. Money in minor units of the campaign's currency."""

    target_paid_fen: Fen | None = None
    target_net_fen: Fen | None = None
    target_sessions: Count | None = None
    target_hours: Count | None = None
    budget_fen: Fen | None = None


class BrandGoalIn(GoalIn):
    """The same for one of the campaign's brands."""

    brand_id: BrandId


class CampaignIn(GoalIn):
    """A season holds fairs and festivals, these hold brand groups. Dates are business days, both in.

    brand_targets, where given, replaces all targets of single brands.
    """

    name: Name
    name_en: Line = ""
    kind: CampaignKind = "festival"
    parent_id: CampaignId | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    currency: Currency = "CNY"
    brand_ids: Annotated[list[BrandId], Field(max_length=300)] = Field(default_factory=list)
    agency_ids: Annotated[list[AgencyId], Field(max_length=100)] = Field(default_factory=list)
    brand_targets: Annotated[list[BrandGoalIn], Field(max_length=300)] = Field(default_factory=list)


class GoalOut(BaseModel):
    """null: nothing set, or not the reader's to see."""

    target_paid_fen: int | None = None
    target_net_fen: int | None = None
    target_sessions: int | None = None
    target_hours: int | None = None
    budget_fen: int | None = None


class BrandGoalOut(GoalOut):
    brand_id: BrandId


class CampaignOut(Shown, GoalOut):
    """A brand reads its own goals and itself alone among the brands; an agency reads no goals."""

    id: CampaignId
    name_en: str
    kind: CampaignKind
    parent_id: CampaignId | None
    starts_on: date | None
    ends_on: date | None
    currency: str
    brand_ids: list[BrandId]
    agency_ids: list[AgencyId]
    brand_targets: list[BrandGoalOut]


class TradeDayIn(Strict):
    """A day or days of the trade, both in. code: the built-in one it stands for in the year of starts_on."""

    name: Name
    name_en: Line = ""
    kind: Literal["platform", "fair", "holiday", "own"] = "own"
    code: Annotated[str, Field(strict=True, max_length=40)] | None = None
    starts_on: Day
    ends_on: Day
