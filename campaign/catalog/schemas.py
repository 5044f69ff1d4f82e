"""What products, platform accounts and campaigns take and show."""

from datetime import date
from typing import Annotated

from pydantic import Field

from campaign.kit.fields import (
    AccountId,
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


class CampaignIn(Strict):
    """Dates are business days, both in; targets in minor units of `currency`."""

    name: Name
    name_en: Line = ""
    starts_on: Day | None = None
    ends_on: Day | None = None
    target_paid_fen: Fen | None = None
    target_net_fen: Fen | None = None
    currency: Currency = "CNY"
    brand_ids: Annotated[list[BrandId], Field(max_length=300)] = Field(default_factory=list)


class CampaignOut(Shown):
    id: CampaignId
    name_en: str
    starts_on: date | None
    ends_on: date | None
    target_paid_fen: int | None
    target_net_fen: int | None
    currency: str
    brand_ids: list[BrandId]
