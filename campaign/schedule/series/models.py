"""Rows of series."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import BigInteger, FetchedValue, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaign.kit.database import Base


class Series(Base):
    """One show on many dates. rule is without its end, which is until_on (counted in)."""

    __tablename__ = "series"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    rule: Mapped[str]
    timezone: Mapped[str]
    first_on: Mapped[date]
    until_on: Mapped[date]
    starts: Mapped[time]
    ends: Mapped[time]
    title: Mapped[str]
    studio_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("studio.id"))
    template: Mapped[dict[str, Any]] = mapped_column(JSONB)
    split_from: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("series.id"))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class SeriesDate(Base):
    """A date of a series and its session; none where it was skipped from the first, and why."""

    __tablename__ = "series_date"

    series_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("series.id"), primary_key=True)
    on_date: Mapped[date] = mapped_column(primary_key=True)
    session_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("live_session.id"))
    skipped: Mapped[str | None]
