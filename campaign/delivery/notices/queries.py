"""Reading notices and channels: each party its own, and nobody another's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, select, tuple_
from sqlalchemy.orm import Session

from campaign.delivery.notices.models import NoticeChannel, NoticeDelivery, NoticeSeen
from campaign.delivery.notices.schemas import NoticeQuery
from campaign.delivery.notices.whose import own, reader_of
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid, NotFound
from campaign.kit.fields import ListQuery
from campaign.kit.instants import parse, written
from campaign.kit.paging import Page, from_cursor, page_from
from campaign.outbox.notices import HUB_ID, Notice

KEPT = timedelta(days=60)
UNREAD_AT_MOST = 100
_FRESH = timedelta(days=14)


@dataclass(frozen=True)
class Read:
    """A notice, and whether this reader has seen it."""

    notice: Notice
    seen: bool


def get_notice(db: Session, actor: Actor, notice_id: int) -> Notice:
    """One notice; raises NotFound."""
    found = db.scalars(select(Notice).where(Notice.id == notice_id, own(actor, Notice))).one_or_none()
    if found is None:
        raise NotFound
    return found


def page_of_notices(db: Session, actor: Actor, query: NoticeQuery) -> Page[Read]:
    """Notices, newest first."""
    seen = _seen_by(actor)
    wanted = select(Notice, seen).where(own(actor, Notice), Notice.channel_id.is_(None))
    if query.cursor is not None:
        last_at, last_id = from_cursor(query.cursor, (str, int))
        wanted = wanted.where(tuple_(Notice.at, Notice.id) < tuple_(_instant(last_at), last_id))
    if query.group is not None:
        wanted = wanted.where(func.split_part(Notice.kind, ".", 1) == query.group)
    if query.unread is not None:
        wanted = wanted.where(seen != query.unread)
    if query.updated_since is not None:
        wanted = wanted.where(func.coalesce(Notice.acknowledged_at, Notice.at) >= query.updated_since)
    newest = (Notice.at.desc(), Notice.id.desc())
    rows = db.execute(wanted.order_by(*newest).limit(query.limit + 1)).all()
    found = [Read(row[0], row[1]) for row in rows]
    return page_from(found, query.limit, lambda one: (written(one.notice.at), one.notice.id))


def count_unread(db: Session, actor: Actor) -> int:
    """How many of the last fortnight this reader has not seen; UNREAD_AT_MOST stands for that many or more.

    The hub's reminders are not counted: at 600 shows a day its board says it better, and the bell must mean
    something.
    """
    fresh = select(Notice.id).where(
        own(actor, Notice), Notice.channel_id.is_(None), Notice.at > clock.now(db) - _FRESH, ~_seen_by(actor)
    )
    if actor.is_hub:
        fresh = fresh.where(Notice.kind.not_like("reminder.%"))
    return db.scalar(select(func.count()).select_from(fresh.limit(UNREAD_AT_MOST).subquery())) or 0


def notices_of_host(db: Session, _actor: Actor, host_id: int, limit: int = 5) -> Sequence[Notice]:
    """What still matters to a host, newest first: for the card, which is opened without an account."""
    mine = and_(Notice.audience == "host", Notice.party_id == host_id)
    current = Notice.useful_until > clock.now(db)
    return db.scalars(select(Notice).where(mine, current).order_by(Notice.id.desc()).limit(limit)).all()


def notices_of_alerts(db: Session, actor: Actor, alert_ids: Sequence[int]) -> dict[int, Notice]:
    """The notice that told of each alert: it holds the words' parameters as they were then."""
    if not alert_ids:
        return {}
    found = db.scalars(select(Notice).where(Notice.alert_id.in_(alert_ids), own(actor, Notice)))
    return {notice.alert_id: notice for notice in found if notice.alert_id is not None}


def get_channel(db: Session, actor: Actor, channel_id: int) -> NoticeChannel:
    """One channel that is in use; raises NotFound."""
    found = db.scalars(
        select(NoticeChannel).where(
            NoticeChannel.id == channel_id, NoticeChannel.archived_at.is_(None), own(actor, NoticeChannel)
        )
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def page_of_channels(db: Session, actor: Actor, query: ListQuery) -> Page[NoticeChannel]:
    """Channels in use, oldest first."""
    wanted = select(NoticeChannel).where(NoticeChannel.archived_at.is_(None), own(actor, NoticeChannel))
    if query.cursor is not None:
        wanted = wanted.where(NoticeChannel.id > from_cursor(query.cursor, (int,))[0])
    if query.updated_since is not None:
        wanted = wanted.where(NoticeChannel.updated_at >= query.updated_since)
    rows = db.scalars(wanted.order_by(NoticeChannel.id).limit(query.limit + 1)).all()
    return page_from(rows, query.limit, lambda row: (row.id,))


def log_of_channel(
    db: Session, actor: Actor, channel: NoticeChannel, limit: int = 50
) -> list[tuple[NoticeDelivery, Notice]]:
    """What the channel was given last, newest first, with what became of it."""
    rows = db.execute(
        select(NoticeDelivery, Notice)
        .join(Notice, Notice.id == NoticeDelivery.notice_id)
        .where(NoticeDelivery.channel_id == channel.id, own(actor, NoticeDelivery))
        .order_by(NoticeDelivery.id.desc())
        .limit(limit)
    ).all()
    return [(row[0], row[1]) for row in rows]


def keys_told(db: Session, _actor: Actor, keys: Sequence[str]) -> set[str]:
    """Which of these the hub has been told already: sweeps gather only what is new."""
    if not keys:
        return set()
    mine = and_(Notice.audience == "hub", Notice.party_id == HUB_ID, Notice.key.in_(keys))
    return set(db.scalars(select(Notice.key).where(mine)))


def oldest_kept(db: Session, _actor: Actor) -> datetime:
    """Notices from before are thrown away."""
    return clock.now(db) - KEPT


def _instant(written_at: str) -> datetime:
    try:
        return parse(written_at)
    except ValueError:
        raise Invalid([FieldError("cursor", "bad_cursor")]) from None


def _seen_by(actor: Actor) -> ColumnElement[bool]:
    return exists().where(NoticeSeen.notice_id == Notice.id, NoticeSeen.reader == reader_of(actor))
