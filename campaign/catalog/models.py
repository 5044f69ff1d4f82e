"""Products, accounts on platforms, campaigns."""

from datetime import date

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

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


class PlatformAccount(Party):
    """An account that goes live on a platform; external_id is the author id lines carry."""

    __tablename__ = "platform_account"

    platform: Mapped[str]
    external_id: Mapped[str]
    host_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("host.id"))
    shop_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("shop.id"))


class Campaign(Party):
    """A season or festival that groups sessions, with a target. Dates are business days, both in."""

    __tablename__ = "campaign"

    name_en: Mapped[str] = mapped_column(default="")
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    target_paid_fen: Mapped[int | None] = mapped_column(BigInteger)
    target_net_fen: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(default="CNY")
    brand_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
