"""Rows of the schedule. No relationships: views.py says what a session looks like, reading.py gathers it."""

from datetime import datetime, time
from typing import Any

from sqlalchemy import BigInteger, Computed, FetchedValue, ForeignKey, Identity, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from campaign.kit.database import Base
from campaign.parties.models import Party


class LiveSession(Base):
    """One show. `version` rises with each change (ETag); due_at is when the clock looks at it next."""

    __tablename__ = "live_session"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    title: Mapped[str]
    studio_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("studio.id"))
    state: Mapped[str] = mapped_column(default="draft")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    actual_starts_at: Mapped[datetime | None]
    actual_ends_at: Mapped[datetime | None]
    start_evidence: Mapped[str | None]
    end_evidence: Mapped[str | None]
    campaign_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("campaign.id"))
    notes: Mapped[str] = mapped_column(default="")
    review: Mapped[str] = mapped_column(default="")
    review_well: Mapped[str] = mapped_column(default="")
    review_improve: Mapped[str] = mapped_column(default="")
    hold_until: Mapped[datetime | None]
    offer_deadline_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    brand_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    agency_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    host_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    cancel_code: Mapped[str | None]
    last_sign_at: Mapped[datetime | None]
    overrunning_at: Mapped[datetime | None]
    off_air_seconds: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class SessionChannel(Base):
    """The show on one platform; several room ids when a stream dropped and was reopened."""

    __tablename__ = "session_channel"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    session_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("live_session.id"))
    platform: Mapped[str]
    platform_account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("platform_account.id"))
    room_ids: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)


class Participant(Base):
    """A host in a session, for a shift. `round` counts how often it was asked."""

    __tablename__ = "participant"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    session_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("live_session.id"))
    host_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("host.id"))
    role: Mapped[str] = mapped_column(default="host")
    agency_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("agency.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    acceptance: Mapped[str] = mapped_column(default="not_asked")
    round: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")


class SessionBrand(Base):
    __tablename__ = "session_brand"

    session_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("live_session.id"), primary_key=True)
    brand_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("brand.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger)


class LineupItem(Base):
    """A product of the show with its live price in minor units."""

    __tablename__ = "lineup_item"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    session_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("live_session.id"))
    position: Mapped[int]
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id"))
    brand_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("brand.id"))
    live_price_fen: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(default="CNY")


class SessionHistory(Base):
    """One change of a session: UNIQUE (session_id, version) makes each happen once."""

    __tablename__ = "session_history"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    session_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("live_session.id"))
    version: Mapped[int]
    at: Mapped[datetime]
    verb: Mapped[str]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_name: Mapped[str]
    evidence: Mapped[str | None]
    reason: Mapped[str] = mapped_column(default="")
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)


class Proposal(Base):
    """What an agency asks of the hub: other times, another host of its own, or to call a session off.

    was_starts_at, was_ends_at: the times it was made for. Once those are not the session's any more, or the
    participant is gone, it is overtaken: nothing is left to decide.
    """

    __tablename__ = "proposal"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    session_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("live_session.id"))
    agency_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agency.id"))
    kind: Mapped[str]
    was_starts_at: Mapped[datetime]
    was_ends_at: Mapped[datetime]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    participant_id: Mapped[int | None] = mapped_column(BigInteger)
    host_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("host.id"))
    cancel_code: Mapped[str | None]
    reason: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="open")
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(default="")


class Press(Base):
    """A tap on the studio floor, by the token of its button: sent again, it counts once."""

    __tablename__ = "press"

    token: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("live_session.id"))
    verb: Mapped[str]
    at: Mapped[datetime]


class Resource(Base):
    """What can be claimed: a studio, a host, a platform account, a crew of so many."""

    __tablename__ = "resource"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    kind: Mapped[str]
    studio_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("studio.id"))
    host_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("host.id"))
    platform_account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("platform_account.id"))
    crew_pool_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("crew_pool.id"))
    capacity: Mapped[int] = mapped_column(SmallInteger, default=1)


class Claim(Base):
    """A session's hold on a resource for a span; the database refuses two that overlap."""

    __tablename__ = "claim"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    session_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("live_session.id"))
    resource_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("resource.id"))
    unit_no: Mapped[int] = mapped_column(SmallInteger, default=1)
    span: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    starts_at: Mapped[datetime] = mapped_column(Computed("lower(span)", persisted=True))
    ends_at: Mapped[datetime] = mapped_column(Computed("upper(span)", persisted=True))
    kind: Mapped[str] = mapped_column(default="booked")
    expires_at: Mapped[datetime | None]


class TimeWindow(Base):
    """When a host, a studio or the hub (neither named) is shut or open: weekly by wall time, or once by instants."""

    __tablename__ = "time_window"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    host_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("host.id"))
    studio_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("studio.id"))
    shut: Mapped[bool]
    weekday: Mapped[int | None] = mapped_column(SmallInteger)
    from_time: Mapped[time | None]
    to_time: Mapped[time | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class CrewPool(Party):
    """People several studios share: `capacity` at once, from before a show's start until into it."""

    __tablename__ = "crew_pool"

    name_en: Mapped[str] = mapped_column(default="")
    sort_key: Mapped[str] = mapped_column(default="")
    capacity: Mapped[int] = mapped_column(SmallInteger)
    before_minutes: Mapped[int] = mapped_column(default=60)
    into_minutes: Mapped[int] = mapped_column(default=0)


class SessionCrew(Base):
    """How many of a crew a session needs."""

    __tablename__ = "session_crew"

    session_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("live_session.id"), primary_key=True)
    crew_pool_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("crew_pool.id"), primary_key=True)
    units: Mapped[int] = mapped_column(SmallInteger, default=1)


class CalendarFeed(Base):
    """The revision in a party's calendar address. No row: it is 1."""

    __tablename__ = "calendar_feed"

    kind: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    rev: Mapped[int]
    changed_at: Mapped[datetime]
