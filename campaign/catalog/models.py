"""Products, accounts on platforms, campaigns with their goals, days of the trade."""

from datetime import date

from sqlalchemy import BigInteger, FetchedValue, ForeignKey, Identity, SmallInteger
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from campaign.kit.database import Base
from campaign.parties.models import Party


class Product(Party):
    """A leather good of one brand. price_fen: list price in minor units of `currency`."""

    __tablename__ = "product"

    brand_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("brand.id"))
    sku: Mapped[str]
    name_en: Mapped[str] = mapped_column(default="")
    category: Mapped[str] = mapped_column(default="")
    price_fen: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(default="CNY")


class ProductPast(Base):
    """Whose a product was: of `brand_id` on the days before `until`, back to the `until` before."""

    __tablename__ = "product_past"

    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"), primary_key=True)
    until: Mapped[date] = mapped_column(primary_key=True)
    brand_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("brand.id"))


class PlatformAccount(Party):
    """An account that goes live on a platform; external_id is the author id lines carry."""

    __tablename__ = "platform_account"

    platform: Mapped[str]
    external_id: Mapped[str]
    host_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("host.id"))
    shop_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("shop.id"))


class Campaign(Party):
    """A season, fair, festival or brand group: a tree that groups sessions. Dates are business days, both in.

    rank follows from kind; the database holds that a parent's is smaller. Goals are rows of their own.
    """

    __tablename__ = "campaign"

    name_en: Mapped[str] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(default="festival")
    rank: Mapped[int] = mapped_column(SmallInteger, FetchedValue(), server_onupdate=FetchedValue())
    parent_id: Mapped[int | None] = mapped_column(BigInteger)
    parent_rank: Mapped[int | None] = mapped_column(SmallInteger)
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    currency: Mapped[str] = mapped_column(default="CNY")
    brand_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    agency_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)


class CampaignGoal(Base):
    """What a campaign is to reach: as a whole (brand_id None), or for one brand. Money in minor units."""

    __tablename__ = "campaign_goal"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("campaign.id"))
    brand_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("brand.id"))
    paid_fen: Mapped[int | None] = mapped_column(BigInteger)
    net_fen: Mapped[int | None] = mapped_column(BigInteger)
    sessions: Mapped[int | None]
    hours: Mapped[int | None]
    budget_fen: Mapped[int | None] = mapped_column(BigInteger)


class TradeDay(Party):
    """A day of the trade as this hub keeps it; `code` names the built-in one of that year it stands for."""

    __tablename__ = "trade_day"

    code: Mapped[str | None]
    year: Mapped[int]
    kind: Mapped[str]
    name_en: Mapped[str] = mapped_column(default="")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    hidden: Mapped[bool] = mapped_column(default=False)
