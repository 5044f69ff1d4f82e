"""What the outside says of a show: rooms that open and close, sales and metrics that prove it runs.

Called in a transaction of the system: a connector may not see sessions, only cause what its events mean.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.catalog.models import PlatformAccount
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.live.alerts import ring
from campaign.live.breaks import note_breaks
from campaign.live.models import RoomEvent
from campaign.live.running import end_as_planned, end_row, start_row
from campaign.schedule.due import END_GRACE, START_GRACE
from campaign.schedule.events import announce
from campaign.schedule.models import LiveSession, SessionChannel
from campaign.schedule.stepping import step

EARLY = timedelta(hours=2)
"""A room that opens this long before the planned start is still taken for that session."""

_STARTABLE = frozenset({"accepted", "ready", "no_show"})
_UNPLANNED = frozenset({"draft", "offered", "cancelled"})
_SIGN_STEP = timedelta(seconds=30)


def platform_started(
    db: Session,
    platform: str,
    room_id: str | None,
    account_external_id: str | None,
    author_id: str | None,
    at: datetime,
    *,
    shop_id: int | None = None,
) -> int | None:
    """A room opened: its session goes on air, by the strongest evidence. Gives the session's id.

    Told twice it changes nothing. A room that nobody has scheduled raises an alert.
    """
    at = min(at, clock.now(db))
    accounts = [value for value in (account_external_id, author_id) if value]
    row = _find(db, platform, room_id, accounts, shop_id, at)
    first = _keep(db, "room.started", platform, room_id, account_external_id, author_id, at, row)
    if row is None:
        if first:
            ring(db, SYSTEM, "live_unscheduled", f"{platform}:{room_id or author_id}", at=at.isoformat())
        return None
    if not first:
        return row.id
    _keep_room(db, row, platform, accounts, room_id)
    if row.state in _UNPLANNED:
        _ring_unplanned(db, row, at)
        return row.id
    _start_or_set_right(db, row, at)
    note_breaks(db, row)
    return row.id


def _start_or_set_right(db: Session, row: LiveSession, at: datetime) -> None:
    if row.state in _STARTABLE:
        start_row(db, SYSTEM, row, at, "platform")
    elif row.state == "live" and _begins_it(row, at):
        # The platform knows better than a tap or a guess when the show began.
        step(db, SYSTEM, row, "start", evidence="platform", actual_starts_at=at, start_evidence="platform")
    elif row.state == "ended" and at < row.ends_at and row.end_evidence != "corrected":
        # The stream had dropped and is back within the planned time: it never really ended.
        step(
            db,
            SYSTEM,
            row,
            "correct",
            to="live",
            evidence="platform",
            detail={"why": "reopened"},
            actual_ends_at=None,
            end_evidence=None,
            last_sign_at=at,
        )
        announce(db, SYSTEM, row, "session.corrected", why="reopened")


def _begins_it(row: LiveSession, at: datetime) -> bool:
    """Whether a room's opening is the show's own start; a later one is a stream that had dropped."""
    if row.start_evidence in ("platform", "corrected") or row.actual_starts_at is None:
        return False
    return at <= row.actual_starts_at + START_GRACE


def platform_ended(
    db: Session,
    platform: str,
    room_id: str | None,
    account_external_id: str | None,
    author_id: str | None,
    at: datetime,
    *,
    shop_id: int | None = None,
) -> int | None:
    """A room closed: its session is over when no other room of it is open. Gives the session's id."""
    at = min(at, clock.now(db))
    accounts = [value for value in (account_external_id, author_id) if value]
    row = _find(db, platform, room_id, accounts, shop_id, at)
    first = _keep(db, "room.ended", platform, room_id, account_external_id, author_id, at, row)
    if row is None:
        return None
    if not first:
        return row.id
    if row.state == "live" and not _other_rooms_open(db, row, room_id):
        end_row(db, SYSTEM, row, at, "platform")
    elif (
        row.state == "ended"
        and row.end_evidence in ("inferred", "tap")
        and at > (row.actual_starts_at or at)
        and not _other_rooms_open(db, row, room_id)
    ):
        step(db, SYSTEM, row, "end", evidence="platform", actual_ends_at=at, end_evidence="platform")
    note_breaks(db, row)
    return row.id


_NEWS = text(
    "SELECT s.id FROM live_session s JOIN unnest(CAST(:ids AS bigint[]), CAST(:moments AS timestamptz[])) AS r(id, at)"
    " ON r.id = s.id WHERE NOT coalesce(s.state = 'live'"
    " AND least(r.at, CAST(:now AS timestamptz)) < s.last_sign_at + CAST(:step AS interval), false)"
)


def news_of(db: Session, signs: Mapping[int, datetime]) -> dict[int, datetime]:
    """Of signs of life by session those that say anything new: fifty shows that all sell are asked in one go."""
    if not signs:
        return {}
    given = {"ids": list(signs), "moments": list(signs.values()), "now": clock.now(db), "step": _SIGN_STEP}
    return {session_id: signs[session_id] for session_id in db.execute(_NEWS, given).scalars()}


def sign_of_life(db: Session, session_id: int, at: datetime) -> None:
    """A live sale or metric sample of `at`: keeps a show on air, starts one nobody tapped (marked inferred)."""
    row = db.get(LiveSession, session_id)
    if row is not None:
        _signed(db, row, at)


def sale_seen(
    db: Session,
    platform: str,
    *,
    room_id: str | None,
    author_id: str | None,
    shop_id: int | None,
    at: datetime,
) -> int | None:
    """A live sale or metric sample on a room or account: a sign of life of the session it belongs to, if any."""
    row = _find(db, platform, room_id, [author_id] if author_id else [], shop_id, at, early=timedelta(0))
    if row is None:
        return None
    _signed(db, row, at)
    return row.id


def _signed(db: Session, row: LiveSession, at: datetime) -> None:
    if row.state == "live":
        _note_sign(db, row, at)
        return
    if row.state in _UNPLANNED:
        if row.starts_at <= at < row.ends_at:
            _ring_unplanned(db, row, at)
        return
    if row.state not in _STARTABLE or not row.starts_at <= at < row.ends_at + END_GRACE:
        return
    db.refresh(row, with_for_update=True)
    over = clock.now(db) >= row.ends_at + END_GRACE
    if row.state == "no_show" and over:
        end_as_planned(db, SYSTEM, row)
    elif row.state in _STARTABLE and over:
        # Sales of a show that is long past (a file): it took place as planned, not from the sale we saw first.
        start_row(db, SYSTEM, row, row.starts_at, "inferred")
        end_row(db, SYSTEM, row, row.ends_at, "inferred")
    elif row.state in _STARTABLE:
        start_row(db, SYSTEM, row, at, "inferred")


def _note_sign(db: Session, row: LiveSession, at: datetime) -> None:
    """Kept to half a minute, so that a flash of sales does not queue on one row; no new version."""
    at = min(at, clock.now(db))
    if row.last_sign_at is not None and at < row.last_sign_at + _SIGN_STEP:
        return
    row_at = func.greatest(LiveSession.last_sign_at, at)
    due = LiveSession.due_at
    if at > row.ends_at and row.overrunning_at is None:
        due = clock.now(db)  # type: ignore[assignment]
    db.execute(
        update(LiveSession)
        .where(LiveSession.id == row.id, LiveSession.state == "live")
        .values(last_sign_at=row_at, due_at=due)
        .execution_options(synchronize_session=False)
    )
    db.expire(row)


def _find(
    db: Session,
    platform: str,
    room_id: str | None,
    accounts: Sequence[str],
    shop_id: int | None,
    at: datetime,
    *,
    early: timedelta = EARLY,
) -> LiveSession | None:
    """The session that names the room, else the one planned on that account (or the shop's) at the time."""
    if room_id:
        found = _nearest(db, platform, SessionChannel.room_ids.contains([room_id]), at, None, early)
        if found is not None:
            return found
    if accounts:
        return _nearest(db, platform, None, at, PlatformAccount.external_id.in_(accounts), early)
    if shop_id is not None:
        return _nearest(db, platform, None, at, PlatformAccount.shop_id == shop_id, early)
    return None


def _nearest(
    db: Session,
    platform: str,
    rooms: ColumnElement[bool] | None,
    at: datetime,
    account: ColumnElement[bool] | None,
    early: timedelta,
) -> LiveSession | None:
    channel = exists().where(SessionChannel.session_id == LiveSession.id, SessionChannel.platform == platform)
    statement = select(LiveSession)
    if rooms is not None:
        statement = statement.where(channel.where(rooms))
    elif account is not None:
        joined = channel.where(PlatformAccount.id == SessionChannel.platform_account_id, account)
        on_air_late = and_(LiveSession.state == "live", LiveSession.actual_starts_at <= at)
        planned = and_(LiveSession.starts_at <= at + early, LiveSession.ends_at + END_GRACE > at)
        statement = statement.where(joined, or_(planned, on_air_late))
    # On air first, then what was confirmed, then the one nearest in time.
    rank = func.array_position(
        ["live", "ready", "accepted", "no_show", "ended", "reviewed"], LiveSession.state
    )
    distance = func.abs(func.extract("epoch", LiveSession.starts_at - at))
    order = (rank.nulls_last(), distance, LiveSession.id)
    return db.scalars(statement.order_by(*order).limit(1).with_for_update(of=LiveSession)).first()


def _keep(
    db: Session,
    type: str,  # noqa: A002 - the word of the wire format
    platform: str,
    room_id: str | None,
    account_external_id: str | None,
    author_id: str | None,
    at: datetime,
    row: LiveSession | None,
) -> bool:
    """Keep what was said; False when it was said before."""
    kept = db.execute(
        insert(RoomEvent)
        .values(
            type=type,
            platform=platform,
            room_id=room_id,
            account_external_id=account_external_id,
            author_id=author_id,
            at=at,
            received_at=clock.now(db),
            session_id=row.id if row else None,
        )
        .on_conflict_do_nothing()
        .returning(RoomEvent.id)
    )
    return kept.first() is not None


def _keep_room(
    db: Session, row: LiveSession, platform: str, accounts: Sequence[str], room_id: str | None
) -> None:
    """Write a room id into the channel it opened on; by it every later sale finds the session."""
    if not room_id:
        return
    channels = db.execute(
        select(SessionChannel, PlatformAccount.external_id)
        .outerjoin(PlatformAccount, PlatformAccount.id == SessionChannel.platform_account_id)
        .where(SessionChannel.session_id == row.id, SessionChannel.platform == platform)
        .order_by(SessionChannel.id)
    ).all()
    if any(room_id in channel.room_ids for channel, _ in channels):
        return
    own = [channel for channel, external_id in channels if external_id in accounts]
    for channel in own[:1] or [channel for channel, _ in channels[:1]]:
        channel.room_ids = [*channel.room_ids, room_id]
        db.flush()
        step(db, SYSTEM, row, "change", detail={"room_id": room_id})


def _other_rooms_open(db: Session, row: LiveSession, room_id: str | None) -> bool:
    """Whether a room of the session, other than this one, opened and has not closed since."""
    started = select(RoomEvent.room_id, func.max(RoomEvent.at).label("at")).where(
        RoomEvent.session_id == row.id, RoomEvent.type == "room.started", RoomEvent.room_id.is_not(None)
    )
    opened = started.where(RoomEvent.room_id != (room_id or "")).group_by(RoomEvent.room_id).subquery()
    closed = exists().where(
        RoomEvent.type == "room.ended", RoomEvent.room_id == opened.c.room_id, RoomEvent.at >= opened.c.at
    )
    return db.execute(select(opened.c.room_id).where(~closed).limit(1)).first() is not None


def _ring_unplanned(db: Session, row: LiveSession, at: datetime) -> None:
    ring(
        db,
        SYSTEM,
        "live_unscheduled",
        f"session:{row.id}",
        session_id=row.id,
        state=row.state,
        at=at.isoformat(),
    )
