"""Rows of the outbox: what happened, for whom, written with the change itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaign.kit.database import Base


class OutboxEvent(Base):
    """One fact. `data` goes to every agency in `agency_ids`; `agency_data[id]` replaces parts of it for one."""

    __tablename__ = "outbox_event"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    type: Mapped[str]
    at: Mapped[datetime]
    session_id: Mapped[int | None] = mapped_column(BigInteger)
    seq: Mapped[int | None]
    agency_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    fanned_at: Mapped[datetime | None]
    agency_data: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)


class OutboxSeq(Base):
    """The last seq given to an event of a session."""

    __tablename__ = "outbox_seq"

    session_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    seq: Mapped[int]
