"""What every destination has, webhook endpoint or notice channel: its state, its breaker, who may still change it."""

from datetime import datetime

from sqlalchemy import FetchedValue, update
from sqlalchemy.dialects.postgresql import TEXT
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from campaign.delivery.states import EndpointState
from campaign.kit import clock
from campaign.kit.errors import NotFound, Stale
from campaign.outbox.actions import wake


class Destination:
    """Columns of a destination. Those from `streak` to `last_success_at` are the sender's (breaker)."""

    id: Mapped[int]
    state: Mapped[EndpointState] = mapped_column(TEXT, default="active")
    disabled_reason: Mapped[str | None]
    streak: Mapped[int] = mapped_column(default=0)
    breaker_level: Mapped[int] = mapped_column(default=0)
    paused_until: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    rev: Mapped[int] = mapped_column(default=1)
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


def touch(db: Session, destination: Destination, expected_rev: int | None) -> None:
    """Note a change of it, before anything is set. Raises Stale where somebody else changed it since `expected_rev`.

    Its row is locked: of two at once the second sees what the first did, and the revision rises with each. The sender
    is woken, and reads anew what has risen.
    """
    db.refresh(destination, with_for_update=True)
    if destination.archived_at is not None:
        raise NotFound
    if expected_rev is not None and expected_rev != destination.rev:
        raise Stale
    destination.rev += 1
    destination.updated_at = clock.now(db)
    wake(db)


def start_anew(destination: Destination) -> None:
    """Its health is as if it had never failed."""
    destination.streak = destination.breaker_level = 0
    destination.paused_until = destination.failing_since = None


def take_up(db: Session, destination: Destination) -> None:
    """Send to it again. What was held is for the caller to move."""
    destination.state, destination.disabled_reason = "active", None
    start_anew(destination)
    wake(db)


def move(
    db: Session,
    destination: Destination,
    key: InstrumentedAttribute[int],
    before: tuple[str, ...],
    after: str,
) -> None:
    """Bring its deliveries in one of the states `before` into `after`: all at once, so for few of them (cf. moving)."""
    db.flush()
    deliveries = key.class_
    over = {"finished_at": clock.now(db)} if after == "aborted" else {}
    db.execute(
        update(deliveries)
        .where(key == destination.id, deliveries.state.in_(before))
        .values(state=after, next_at=clock.now(db), **over)
        .execution_options(synchronize_session=False)
    )
