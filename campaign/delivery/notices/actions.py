"""What people do with notices: take note of them, and say that they see to it."""

from datetime import datetime

from sqlalchemy import exists, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.delivery.notices.models import NoticeSeen
from campaign.delivery.notices.queries import get_notice
from campaign.delivery.notices.whose import own, reader_of
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.outbox.notices import Notice


def acknowledge(db: Session, actor: Actor, notice_id: int) -> Notice:
    """Say that somebody of the party sees to it. Pressed twice, or by two, the first stands."""
    found = get_notice(db, actor, notice_id)
    now = clock.now(db)
    done = db.execute(
        update(Notice)
        .where(Notice.id == found.id, own(actor, Notice), Notice.acknowledged_at.is_(None))
        .values(acknowledged_at=now, acknowledged_by=actor.id, acknowledged_name=actor.name)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount == 1:  # type: ignore[attr-defined]
        audit.note(db, actor, "notice.acknowledged", "notice", found.id, {"kind": found.kind})
    mark_read(db, actor, through=found.at, only=found.id)
    db.refresh(found)
    return found


def acknowledge_of_alert(db: Session, actor: Actor, alert_id: int) -> None:
    """The alert was acknowledged on its own page: so is its notice."""
    db.execute(
        update(Notice)
        .where(Notice.alert_id == alert_id, own(actor, Notice), Notice.acknowledged_at.is_(None))
        .values(acknowledged_at=clock.now(db), acknowledged_by=actor.id, acknowledged_name=actor.name)
        .execution_options(synchronize_session=False)
    )


def mark_read(db: Session, actor: Actor, *, through: datetime, only: int | None = None) -> None:
    """This reader has seen what stood on the page: every notice up to `through`, or `only` one."""
    reader = reader_of(actor)
    seen = exists().where(NoticeSeen.notice_id == Notice.id, NoticeSeen.reader == reader)
    unread = select(literal(reader), Notice.id, literal(clock.now(db))).where(
        own(actor, Notice), Notice.at <= through, ~seen
    )
    if only is not None:
        unread = unread.where(Notice.id == only)
    columns = ["reader", "notice_id", "at"]
    db.execute(insert(NoticeSeen).from_select(columns, unread).on_conflict_do_nothing().inline())
