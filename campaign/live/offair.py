"""Alerts about what is on air and what is not, from what the platforms said; they end when their cause does."""

from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from campaign.catalog.models import PlatformAccount
from campaign.kit.actor import Actor
from campaign.live.alerts import ring, settle
from campaign.live.models import RoomEvent
from campaign.live.reminding import OnAir, off_air
from campaign.parties.models import Host
from campaign.schedule.models import LiveSession, SessionChannel

_LONGEST = timedelta(hours=24)
_ROOM_SINCE = timedelta(hours=24)


def watch(db: Session, actor: Actor, resumed: datetime, now: datetime) -> int:
    """Ring for shows off air within their time and for accounts nobody planned; settle what is over.

    Gives how many stand.
    """
    return _watch_time(db, actor, resumed, now) + _watch_accounts(db, actor, now)


def _watch_time(db: Session, actor: Actor, resumed: datetime, now: datetime) -> int:
    rows = db.scalars(
        select(LiveSession).where(
            LiveSession.state.in_(("accepted", "ready", "live", "ended")),
            LiveSession.starts_at <= now,
            LiveSession.starts_at > now - _LONGEST,
            LiveSession.ends_at > now,
        )
    )
    standing: set[str] = set()
    for row in rows:
        show = OnAir(
            row.state, row.starts_at, row.ends_at, row.actual_ends_at, row.end_evidence, row.last_sign_at
        )
        why = off_air(show, resumed, now)
        if why is not None:
            subject = f"session:{row.id}"
            standing.add(subject)
            ring(db, actor, "off_air", subject, session_id=row.id, why=why)
    settle(db, actor, "off_air", standing)
    return len(standing)


def _watch_accounts(db: Session, actor: Actor, now: datetime) -> int:
    """A room of the session opened under an account that is not the planned one, or under another host's."""
    rooms = db.execute(
        select(RoomEvent, LiveSession.host_ids)
        .join(LiveSession, LiveSession.id == RoomEvent.session_id)
        .where(
            RoomEvent.type == "room.started",
            RoomEvent.at > now - _ROOM_SINCE,
            LiveSession.state == "live",
            or_(RoomEvent.author_id.is_not(None), RoomEvent.account_external_id.is_not(None)),
        )
    ).all()
    standing: set[str] = set()
    for room, host_ids in rooms:
        seen = _stranger(db, actor, room, host_ids)
        if seen is not None:
            subject = f"session:{room.session_id}:{room.author_id or room.account_external_id}"
            standing.add(subject)
            ring(db, actor, "host_mismatch", subject, session_id=room.session_id, seen=seen)
    settle(db, actor, "host_mismatch", standing)
    return len(standing)


def _stranger(db: Session, _actor: Actor, room: RoomEvent, host_ids: list[int]) -> str | None:
    """Who is on air instead: a host's name, else the account's; None when all is as planned."""
    said = [value for value in (room.author_id, room.account_external_id) if value]
    planned = db.scalars(
        select(PlatformAccount)
        .join(SessionChannel, SessionChannel.platform_account_id == PlatformAccount.id)
        .where(SessionChannel.session_id == room.session_id, SessionChannel.platform == room.platform)
    ).all()
    known = {account.external_id for account in planned}
    of_said = and_(PlatformAccount.platform == room.platform, PlatformAccount.external_id.in_(said))
    others = db.execute(
        select(PlatformAccount, Host)
        .join(Host, Host.id == PlatformAccount.host_id)
        .where(of_said, PlatformAccount.external_id.not_in(known), Host.id.not_in(host_ids))
    ).first()
    if others is not None:
        return str(others[1].name)
    if known and not known & set(said):
        mine = db.scalar(select(PlatformAccount).where(of_said, PlatformAccount.host_id.in_(host_ids)))
        # A host of the show on the own account is another matter than a stranger.
        return None if mine is not None else said[0]
    return None
