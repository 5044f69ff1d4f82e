"""Rows of channels and of what they were given to send."""

from datetime import datetime, time

from sqlalchemy import BigInteger, FetchedValue, ForeignKey, Identity, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from campaign.delivery.destinations import Destination
from campaign.delivery.notices.states import ChannelKind
from campaign.delivery.states import State
from campaign.kit.database import Base


class NoticeSeen(Base):
    """Somebody ("user:17", "key:4") has read a notice."""

    __tablename__ = "notice_seen"

    reader: Mapped[str] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("notice.id"), primary_key=True)
    at: Mapped[datetime]


class NoticeChannel(Destination, Base):
    """A chat robot or a mailbox of one party. `next_send_at` is the sender's."""

    __tablename__ = "notice_channel"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    audience: Mapped[str]
    party_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[ChannelKind] = mapped_column(TEXT)
    name: Mapped[str]
    address_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    address_hint: Mapped[str]
    secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    language: Mapped[str]
    groups: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    quiet_from: Mapped[time | None]
    quiet_to: Mapped[time | None]
    next_send_at: Mapped[datetime | None]


class NoticeDelivery(Base):
    """One notice by one channel. `last_code` and `last_answer` are the robot's own."""

    __tablename__ = "notice_delivery"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    notice_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("notice.id"))
    channel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("notice_channel.id"))
    audience: Mapped[str]
    party_id: Mapped[int] = mapped_column(BigInteger)
    urgent: Mapped[bool]
    state: Mapped[State] = mapped_column(TEXT)
    next_at: Mapped[datetime]
    lease: Mapped[int | None] = mapped_column(BigInteger)
    step: Mapped[int]
    attempts: Mapped[int]
    useful_until: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    last_code: Mapped[int | None]
    last_answer: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
