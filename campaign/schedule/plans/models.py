"""Rows of plans."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, FetchedValue, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from campaign.kit.database import Base


class WeekPlan(Base):
    """Days laid out beside the board, first and last counted in. It holds no claims."""

    __tablename__ = "week_plan"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    name: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(default="draft")
    rev: Mapped[int] = mapped_column(default=1)
    made_by: Mapped[str] = mapped_column(default="")
    released_by: Mapped[str | None]
    released_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class PlanEntry(Base):
    """What is to become of one session: `given` is the JSON of a booking, a change or a cancellation."""

    __tablename__ = "plan_entry"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    plan_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("week_plan.id"))
    kind: Mapped[str]
    session_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("live_session.id"))
    base_version: Mapped[int | None]
    given: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
