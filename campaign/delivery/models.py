"""Rows of delivery: endpoints and their secrets, the feed, deliveries and tries."""

from datetime import date, datetime
from zlib import crc32

from sqlalchemy import BigInteger, FetchedValue, ForeignKey, Identity, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from campaign.delivery.destinations import Destination
from campaign.delivery.states import State
from campaign.kit.database import Base


class WebhookEndpoint(Destination, Base):
    """An agency's address."""

    __tablename__ = "webhook_endpoint"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    agency_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agency.id"))
    url: Mapped[str]
    event_types: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    description: Mapped[str] = mapped_column(default="")
    max_in_flight: Mapped[int] = mapped_column(default=4)
    per_second: Mapped[int] = mapped_column(default=50)
    failures: Mapped[int] = mapped_column(default=0)

    @property
    def health_mark(self) -> int | None:
        """Differs with all that is told of its health beside its revision; None where nothing was sent yet."""
        told = (self.paused_until, self.failing_since, self.last_success_at)
        if not any(told):
            return None
        return crc32(" ".join(str(at and at.timestamp()) for at in told).encode())


class WebhookSecret(Base):
    """A sealed whsec_ secret. The one without `active_until` is current; others sign along until then."""

    __tablename__ = "webhook_secret"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    endpoint_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("webhook_endpoint.id"))
    agency_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agency.id"))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    active_until: Mapped[datetime | None]


class WebhookMessage(Base):
    """One event as one agency gets it: `body` is what is signed and sent, byte for byte."""

    __tablename__ = "webhook_message"

    day: Mapped[date] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger)
    agency_id: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str]
    session_id: Mapped[int | None] = mapped_column(BigInteger)
    seq: Mapped[int | None]
    at: Mapped[datetime]
    body: Mapped[bytes] = mapped_column(LargeBinary)


class WebhookDelivery(Base):
    """A message on its way to one endpoint, and how far it came.

    `created_at` is the moment of its event, `again_at` when somebody last asked for it to be sent again, `updated_at`
    when it was last tried, held or taken up again (None where that was before the column was).
    """

    __tablename__ = "webhook_delivery"

    day: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(BigInteger)
    agency_id: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str]
    session_id: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[State] = mapped_column(TEXT)
    next_at: Mapped[datetime]
    lease: Mapped[int | None] = mapped_column(BigInteger)
    step: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    again_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]

    @property
    def changed_at(self) -> datetime:
        """When something became of it that its readers see; that it was taken up to be sent is none."""
        told = (self.created_at, self.updated_at, self.again_at, self.finished_at)
        return max(at for at in told if at is not None)


class WebhookAttempt(Base):
    """One try: what the receiver answered (at most 4 KiB of it), or why there was no answer.

    url: where it went, which the endpoint may have left since. None of tries made before that was kept.
    """

    __tablename__ = "webhook_attempt"

    day: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    delivery_id: Mapped[int] = mapped_column(BigInteger)
    endpoint_id: Mapped[int] = mapped_column(BigInteger)
    agency_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
    took_ms: Mapped[int]
    status: Mapped[int | None]
    error: Mapped[str | None]
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    url: Mapped[str | None]
