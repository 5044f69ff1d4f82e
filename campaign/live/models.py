"""Rows of what happens on air."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, FetchedValue, ForeignKey, Identity, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaign.kit.database import Base


class RoomEvent(Base):
    """A platform said that a room opened or closed; session_id is whose it was taken to be."""

    __tablename__ = "room_event"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    type: Mapped[str]
    platform: Mapped[str]
    room_id: Mapped[str | None]
    account_external_id: Mapped[str | None]
    author_id: Mapped[str | None]
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    session_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("live_session.id"))


class Alert(Base):
    """Something a person must look at; open until closed_at. Closed without a name, it went away by itself."""

    __tablename__ = "alert"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    kind: Mapped[str]
    session_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("live_session.id"))
    subject: Mapped[str]
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    closed_at: Mapped[datetime | None]
    rings: Mapped[int] = mapped_column(default=1)
    last_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None] = mapped_column(BigInteger)
    acknowledged_name: Mapped[str | None]
    closed_by: Mapped[int | None] = mapped_column(BigInteger)
    closed_name: Mapped[str | None]


class Handover(Base):
    """One host handed over to another on air (换班). left_id, came_id: the shifts, `at` the end of one and the start of
    the other.

    left_starts_at, left_ends_at, came_starts_at: those shifts as they were before it; a left_starts_at of None was not
    touched, a came_starts_at of None is a shift that it made. Withdrawn, it is kept and moves nothing.
    """

    __tablename__ = "handover"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    session_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("live_session.id"))
    at: Mapped[datetime]
    left_host_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("host.id"))
    came_host_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("host.id"))
    left_id: Mapped[int] = mapped_column(BigInteger)
    came_id: Mapped[int] = mapped_column(BigInteger)
    left_starts_at: Mapped[datetime | None]
    left_ends_at: Mapped[datetime]
    came_starts_at: Mapped[datetime | None]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    changed_by: Mapped[str | None]
    updated_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(default="")
    withdrawn_by: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]
    rev: Mapped[int] = mapped_column(default=1)


class ClockBeat(Base):
    """One row: when the clock last ticked, and since when it has done so without an outage."""

    __tablename__ = "clock_beat"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, default=1)
    ticked_at: Mapped[datetime]
    resumed_at: Mapped[datetime]
