"""Rows of the parties: who owns rooms, sells, hosts and represents hosts."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import BigInteger, FetchedValue, ForeignKey, Identity
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, Range
from sqlalchemy.orm import Mapped, mapped_column

from campaign.kit.database import Base


class Party(Base):
    """What every named thing of the hub has. `rev` rises with each change (ETag)."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    name: Mapped[str]
    rev: Mapped[int] = mapped_column(default=1)
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class Hub(Base):
    """The one livestreaming base of this installation."""

    __tablename__ = "hub"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, default=1)
    name: Mapped[str]
    name_en: Mapped[str] = mapped_column(default="")
    timezone: Mapped[str] = mapped_column(default="Asia/Shanghai")
    opens: Mapped[time] = mapped_column(default=time(6))
    closes: Mapped[time] = mapped_column(default=time(6))
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    rev: Mapped[int] = mapped_column(default=1)


class Studio(Party):
    __tablename__ = "studio"

    name_en: Mapped[str] = mapped_column(default="")
    sort_key: Mapped[str] = mapped_column(default="")
    setup_minutes: Mapped[int] = mapped_column(default=30)
    teardown_minutes: Mapped[int] = mapped_column(default=15)
    door_rev: Mapped[int] = mapped_column(default=1)


class Brand(Party):
    __tablename__ = "brand"

    name_en: Mapped[str] = mapped_column(default="")
    sort_key: Mapped[str] = mapped_column(default="")
    return_window_days: Mapped[int] = mapped_column(default=7)


class Agency(Party):
    __tablename__ = "agency"

    name_en: Mapped[str] = mapped_column(default="")
    sort_key: Mapped[str] = mapped_column(default="")


class Host(Party):
    """A person on camera. kind: in_house (the hub's own), signed (by contract dates), independent."""

    __tablename__ = "host"

    name_en: Mapped[str] = mapped_column(default="")
    sort_key: Mapped[str] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(default="independent")
    card_rev: Mapped[int] = mapped_column(default=1)


class HostAlias(Base):
    """Another name a host goes by: sheets that name the host so mean this one."""

    __tablename__ = "host_alias"

    host_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("host.id"), primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)


class HostContract(Base):
    """Which agency stands for a host, by dates; the database refuses two at once. exclusive: through it alone."""

    __tablename__ = "host_contract"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    host_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("host.id"))
    agency_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agency.id"))
    during: Mapped[Range[date]] = mapped_column(DATERANGE)
    exclusive: Mapped[bool] = mapped_column(default=False)


class HostExclusivity(Base):
    """A host promised to a brand, by dates. scope: all (no other brand) or rivals (none that competes with it)."""

    __tablename__ = "host_exclusivity"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    host_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("host.id"))
    brand_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("brand.id"))
    scope: Mapped[str]
    during: Mapped[Range[date]] = mapped_column(DATERANGE)


class RivalGroup(Base):
    """A brand's place in a group of brands that compete with each other."""

    __tablename__ = "rival_group"

    brand_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("brand.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)


class Shop(Party):
    """A shop on a platform. Without a brand until somebody says whose it is."""

    __tablename__ = "shop"

    platform: Mapped[str]
    external_id: Mapped[str]
    brand_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("brand.id"))
