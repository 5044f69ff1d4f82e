"""Rows of the waiting list."""

from datetime import datetime

from sqlalchemy import BigInteger, FetchedValue, ForeignKey, SmallInteger
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from campaign.kit.database import Base


class WaitingEntry(Base):
    """One wish in line. Empty lists of studios or hosts mean any; one of the hosts is enough."""

    __tablename__ = "waiting_entry"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    title: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    brand_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    studio_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    host_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    agency_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("agency.id"))
    campaign_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("campaign.id"))
    platform: Mapped[str]
    platform_account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("platform_account.id"))
    minutes: Mapped[int]
    priority: Mapped[int] = mapped_column(SmallInteger, default=5)
    note: Mapped[str] = mapped_column(default="")
    valid_until: Mapped[datetime]
    look_at: Mapped[datetime]
    session_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("live_session.id"))
    rev: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class WaitingWindow(Base):
    """A time the show may lie in, [starts_at, ends_at)."""

    __tablename__ = "waiting_window"

    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("waiting_entry.id"), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime]


class WaitingOffer(Base):
    """A place held for an entry: a draft that lapses at expires_at."""

    __tablename__ = "waiting_offer"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("waiting_entry.id"))
    session_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("live_session.id"))
    state: Mapped[str] = mapped_column(default="open")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
