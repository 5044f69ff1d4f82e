"""Reading sessions, each scoped by the actor."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Forbidden, Invalid, NotFound
from campaign.kit.instants import parse, written
from campaign.kit.paging import Page, from_cursor, page_from
from campaign.schedule.attention import Attention, attention_codes
from campaign.schedule.due import START_GRACE
from campaign.schedule.models import LiveSession, Participant, SessionHistory
from campaign.schedule.reading import overlapping, views_of, visible
from campaign.schedule.schemas import SessionFilter
from campaign.schedule.views import HistoryView, SessionView


def get_session(db: Session, actor: Actor, session_id: int) -> SessionView:
    """One session; raises NotFound when it is not there or not the actor's to see."""
    row = db.scalars(select(LiveSession).where(LiveSession.id == session_id, visible(actor))).one_or_none()
    if row is None:
        raise NotFound
    return views_of(db, actor, [row])[0]


def get_sessions(db: Session, actor: Actor, session_ids: Collection[int]) -> dict[int, SessionView]:
    """Those of the sessions that the actor may see, by id, without line-ups: as many statements as for one."""
    found = _some(db, actor, LiveSession.id.in_(session_ids), limit=len(session_ids), lineup=False)
    return {view.id: view for view in found}


MOST_BY_TITLE = 200


def ids_by_title(db: Session, actor: Actor, words: str, *, since: datetime) -> Sequence[int]:
    """Sessions that ended since then, or are to come, in whose title the words stand; the latest MOST_BY_TITLE."""
    wanted = select(LiveSession.id).where(
        visible(actor), LiveSession.ends_at >= since, LiveSession.title.icontains(words, autoescape=True)
    )
    return db.scalars(wanted.order_by(LiveSession.starts_at.desc()).limit(MOST_BY_TITLE)).all()


def page_of_sessions(
    db: Session, actor: Actor, wanted: SessionFilter, *, limit: int, cursor: str | None = None
) -> Page[SessionView]:
    """Sessions by start, oldest first unless newest_first; the cursor is the last one's start and id."""
    statement = _filtered(actor, wanted)
    key = (LiveSession.starts_at, LiveSession.id)
    if cursor is not None:
        starts_at, session_id = _position(cursor)
        later = or_(
            LiveSession.starts_at > starts_at,
            and_(LiveSession.starts_at == starts_at, LiveSession.id > session_id),
        )
        earlier = or_(
            LiveSession.starts_at < starts_at,
            and_(LiveSession.starts_at == starts_at, LiveSession.id < session_id),
        )
        statement = statement.where(earlier if wanted.newest_first else later)
    order = [column.desc() for column in key] if wanted.newest_first else list(key)
    rows = db.scalars(statement.order_by(*order).limit(limit + 1)).all()
    page = page_from(rows, limit, lambda row: (written(row.starts_at), row.id))
    return Page(views_of(db, actor, page.items), page.next_cursor)


def _position(cursor: str) -> tuple[datetime, int]:
    starts_at, session_id = from_cursor(cursor, (str, int))
    try:
        return parse(starts_at), session_id
    except ValueError:
        raise Invalid([FieldError("cursor", "bad_cursor")]) from None


def _filtered(actor: Actor, wanted: SessionFilter) -> Select[LiveSession]:
    statement = select(LiveSession).where(visible(actor), overlapping(wanted.from_at, wanted.to_at))
    if wanted.states:
        statement = statement.where(LiveSession.state.in_(wanted.states))
    if wanted.studio_id is not None:
        statement = statement.where(LiveSession.studio_id == wanted.studio_id)
    if wanted.campaign_id is not None:
        statement = statement.where(LiveSession.campaign_id == wanted.campaign_id)
    if wanted.brand_id is not None:
        own = actor.role != "brand" or wanted.brand_id == actor.brand_id
        statement = statement.where(LiveSession.brand_ids.contains([wanted.brand_id]) if own else false())
    if wanted.host_id is not None:
        statement = statement.where(_takes_part(actor, Participant.host_id == wanted.host_id))
    if wanted.agency_id is not None:
        # Who represents whom is not a brand's or a host's to find out.
        if not (actor.is_hub or actor.role == "agency"):
            raise Forbidden
        statement = statement.where(_takes_part(actor, Participant.agency_id == wanted.agency_id))
    if wanted.updated_since is not None:
        statement = statement.where(LiveSession.updated_at >= wanted.updated_since)
    return statement


def _takes_part(actor: Actor, which: ColumnElement[bool]) -> ColumnElement[bool]:
    found = exists().where(Participant.session_id == LiveSession.id, which)
    if actor.role == "agency":
        return found.where(Participant.agency_id == actor.agency_id)
    if actor.role == "host":
        return found.where(Participant.host_id == actor.host_id)
    return found


def history_of(db: Session, actor: Actor, session_id: int) -> list[HistoryView]:
    """Every change of a session, newest first. The hub's alone."""
    get_session(db, actor, session_id)
    if not actor.is_hub:
        raise Forbidden
    rows = db.scalars(
        select(SessionHistory)
        .where(SessionHistory.session_id == session_id)
        .order_by(SessionHistory.version.desc())
    )
    return [
        HistoryView(
            version=row.version,
            at=row.at,
            verb=row.verb,
            from_state=row.from_state,
            to_state=row.to_state,
            actor_kind=row.actor_kind,
            actor_name=row.actor_name,
            evidence=row.evidence,
            reason=row.reason,
            detail=row.detail,
        )
        for row in rows
    ]


_AHEAD = ("draft", "offered", "accepted", "ready", "live")


def _some(
    db: Session,
    actor: Actor,
    *where: ColumnElement[bool],
    limit: int = 200,
    order: str = "starts_at",
    lineup: bool = True,
) -> list[SessionView]:
    column = getattr(LiveSession, order)
    statement = (
        select(LiveSession).where(visible(actor), *where).order_by(column, LiveSession.id).limit(limit)
    )
    return views_of(db, actor, db.scalars(statement).all(), lineup=lineup)


def next_sessions_of_brand(db: Session, actor: Actor, brand_id: int, limit: int = 10) -> list[SessionView]:
    """A brand's sessions that are on air or ahead, soonest first."""
    if actor.role == "brand" and brand_id != actor.brand_id:
        return []
    return _some(
        db,
        actor,
        LiveSession.brand_ids.contains([brand_id]),
        LiveSession.state.in_(_AHEAD),
        overlapping(clock.now(db), None),
        limit=limit,
    )


def offers_of_agency(db: Session, actor: Actor, agency_id: int | None = None) -> list[SessionView]:
    """Offers waiting for an agency's answer, by deadline."""
    wanted = actor.agency_id if actor.role == "agency" else agency_id
    asked = _takes_part(actor, and_(Participant.agency_id == wanted, Participant.acceptance == "asked"))
    return _some(db, actor, LiveSession.state.in_(("offered",)), asked, order="offer_deadline_at")


def roster_of_host(
    db: Session, actor: Actor, host_id: int, from_at: datetime, to_at: datetime
) -> list[SessionView]:
    """What a host has in [from_at, to_at): cancelled ones left out."""
    return _some(
        db,
        actor,
        _takes_part(actor, Participant.host_id == host_id),
        overlapping(from_at, to_at),
        LiveSession.state != "cancelled",
        LiveSession.state != "draft",
    )


def starting_soon(db: Session, actor: Actor, within: timedelta) -> list[SessionView]:
    """Sessions that start within the time given and are not on air yet, those late by up to the grace too."""
    now = clock.now(db)
    return _some(
        db,
        actor,
        LiveSession.state.in_(("draft", "offered", "accepted", "ready")),
        LiveSession.starts_at >= now - START_GRACE,
        LiveSession.starts_at < now + within,
    )


def needs_attention(db: Session, actor: Actor) -> list[Attention]:
    """What is wrong now: people missing, offers about to lapse, late starts, overrunning shows."""
    now = clock.now(db)
    near = overlapping(now - timedelta(hours=12), now + timedelta(days=2))
    candidates = _some(db, actor, LiveSession.state.in_(_AHEAD), near, limit=500, lineup=False)
    return [Attention(view, code) for view in candidates for code in attention_codes(view, now)]
