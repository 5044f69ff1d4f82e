"""Sessions: booking, reading, changing."""

from typing import Any

from apiflask import APIBlueprint
from flask import url_for
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.api.conflicts import shown
from campaign.api.ids import read_id
from campaign.gate.door import Answer, reads, writes
from campaign.gate.etag import etag, expected_version
from campaign.gate.wording import in_words
from campaign.kit.actor import Actor
from campaign.kit.ids import public
from campaign.kit.ranges import read_range
from campaign.parties.queries import zone_of_hub
from campaign.schedule import booking, changing, queries, shapes
from campaign.schedule.schemas import SessionChange, SessionFilter, SessionIn
from campaign.schedule.views import SessionView

bp = APIBlueprint("api_sessions", __name__, tag="Sessions")


def written(view: SessionView) -> shapes.SessionOut:
    """A session as the API answers it, its warnings in words."""
    return shapes.shown(view, [shapes.WarningOut(**_worded(warning)) for warning in view.warnings])


def answered(view: SessionView, status: int = 200) -> Answer:
    """One session with its ETag; a new one also with its address."""
    headers = {"ETag": etag(view.version)}
    if status == 201:
        headers["Location"] = url_for("api_sessions.get_session", session_id=public("ses", view.id))
    return Answer(written(view), status, headers)


def _worded(conflict: Any) -> dict[str, Any]:
    """A conflict of errors.written_conflict with its message in place of code and parameters."""
    plain = {name: value for name, value in conflict.items() if name not in ("code", "params")}
    return plain | {"message": in_words(conflict["code"], conflict["params"])}


@bp.get("/sessions")
@reads("sessions.read", query=shapes.SessionQuery, answer=shapes.SessionList)
def list_sessions(*, db: Session, actor: Actor, query: shapes.SessionQuery) -> BaseModel:
    """What overlaps `from`, `to`, by start."""
    from_at, to_at = read_range(query.from_at, query.to_at, zone_of_hub(db, actor))
    states = query.state if isinstance(query.state, list) else [query.state] if query.state else []
    wanted = SessionFilter(
        from_at=from_at,
        to_at=to_at,
        states=tuple(states),
        studio_id=query.studio_id,
        host_id=query.host_id,
        brand_id=query.brand_id,
        agency_id=query.agency_id,
        campaign_id=query.campaign_id,
        updated_since=query.updated_since,
    )
    page = queries.page_of_sessions(db, actor, wanted, limit=query.limit, cursor=query.cursor)
    return shapes.SessionList(items=[written(view) for view in page.items], next_cursor=page.next_cursor)


@bp.post("/sessions")
@writes("sessions.plan", body=SessionIn, answer=shapes.SessionOut, status=201)
def book(*, db: Session, actor: Actor, body: SessionIn) -> Answer:
    """Book a draft with all its claims, or say what is in the way."""
    return answered(booking.book(db, actor, body), 201)


@bp.post("/sessions/check")
@writes("sessions.check", body=SessionIn, answer=shapes.CheckOut)
def check(*, db: Session, actor: Actor, body: SessionIn) -> BaseModel:
    """What booking this would meet, and alternatives; nothing is booked."""
    found = booking.check(db, actor, body)
    return shapes.CheckOut(
        ok=not found.hard and not found.soft,
        conflicts=[shown(conflict) for conflict in found.hard],
        warnings=[shown(conflict) for conflict in found.soft],
        alternatives=[shapes.SlotOut.model_validate(slot) for slot in found.alternatives],
    )


@bp.get("/sessions/<session_id>")
@reads("sessions.read", answer=shapes.SessionOut)
def get_session(*, db: Session, actor: Actor, session_id: str) -> Answer:
    """One session, as much of it as the role may see."""
    return answered(queries.get_session(db, actor, read_id("ses", session_id)))


@bp.patch("/sessions/<session_id>")
@writes("sessions.plan", body=SessionChange, answer=shapes.SessionOut)
def change(*, db: Session, actor: Actor, session_id: str, body: SessionChange) -> Answer:
    """Move it, change its people, channels, line-up, brands or texts: only the fields sent."""
    return answered(
        changing.change(db, actor, read_id("ses", session_id), body, expected_version=expected_version())
    )


@bp.get("/sessions/<session_id>/history")
@reads("sessions.check", answer=shapes.HistoryList)
def history(*, db: Session, actor: Actor, session_id: str) -> BaseModel:
    """Every change, newest first: who, when, on what evidence."""
    found = queries.history_of(db, actor, read_id("ses", session_id))
    return shapes.HistoryList(items=[shapes.HistoryOut.model_validate(one) for one in found])
