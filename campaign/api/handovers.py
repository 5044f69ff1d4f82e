"""Hand-overs of a session on air: a host leaves, another comes and sells from that instant on."""

from typing import Annotated

from apiflask import APIBlueprint
from flask import url_for
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.gate.door import Answer, reads, writes
from campaign.gate.etag import etag, expected_version
from campaign.kit.actor import Actor
from campaign.kit.fields import HostId, Line, ListQuery, PublicId, SessionId, Strict
from campaign.kit.instants import Instant
from campaign.live import handing_over, handovers

bp = APIBlueprint("api_handovers", __name__, tag="Sessions")


class HandoverIn(Strict):
    """Who comes. left_host_id: who leaves, needed where several are on. at: from when on, now when left out; a past
    instant of the show, not before the last hand-over. Whole seconds count.
    """

    host_id: HostId
    left_host_id: HostId | None = None
    at: Instant | None = None


class HandoverMove(Strict):
    """Where it belongs: after the start of the shift that it ends, before the end of the one that it begins."""

    at: Instant
    reason: Line = ""


class HandoverReason(Strict):
    reason: Line = ""


class HandoverOut(BaseModel):
    """A hand-over: what is sold before `at` is the sale of the host who left, from `at` on that of the one who came.

    planned: who came had a shift of its own. made_by, changed_by, withdrawn_by and reason are empty to others than the
    hub. withdrawn_at: taken back, it moves nothing and is kept. stands: it was not, and no correction has put the
    shifts elsewhere since.
    """

    model_config = ConfigDict(from_attributes=True)

    id: Annotated[int, PublicId("hov")]
    session_id: SessionId
    at: Instant
    left_host_id: HostId
    left_name: str
    came_host_id: HostId
    came_name: str
    planned: bool
    made_by: str
    made_at: Instant
    changed_by: str
    updated_at: Instant
    reason: str
    withdrawn_by: str
    withdrawn_at: Instant | None
    stands: bool


class HandoverList(BaseModel):
    items: list[HandoverOut]
    next_cursor: str | None


@bp.get("/sessions/<session_id>/handovers")
@reads("sessions.read", query=ListQuery, answer=HandoverList)
def list_handovers(*, db: Session, actor: Actor, session_id: str, query: ListQuery) -> BaseModel:
    """A session's hand-overs in the order they were made, those that were taken back among them."""
    page = handovers.page_of_handovers(
        db,
        actor,
        read_id("ses", session_id),
        limit=query.limit,
        cursor=query.cursor,
        since=query.updated_since,
    )
    items = [HandoverOut.model_validate(one) for one in page.items]
    return HandoverList(items=items, next_cursor=page.next_cursor)


@bp.post("/sessions/<session_id>/handovers")
@writes("sessions.correct", body=HandoverIn, answer=HandoverOut, status=201)
def hand_over(*, db: Session, actor: Actor, session_id: str, body: HandoverIn) -> Answer:
    """End the shift of the host who is on and begin that of the one who comes. Sent again it is the same hand-over.

    While on air alone: 409 wrong_state. If-Match is the session's.
    """
    made = handing_over.hand_over(
        db,
        actor,
        read_id("ses", session_id),
        host_id=body.host_id,
        left_host_id=body.left_host_id,
        at=body.at,
        expected_version=expected_version(),
    )
    answer = _answered(made, 201)
    path = url_for(
        "api_handovers.get_handover", session_id=session_id, handover_id=answer.model.model_dump()["id"]
    )
    answer.headers["Location"] = path
    return answer


@bp.get("/sessions/<session_id>/handovers/<handover_id>")
@reads("sessions.read", answer=HandoverOut)
def get_handover(*, db: Session, actor: Actor, session_id: str, handover_id: str) -> Answer:
    """One hand-over."""
    return _answered(
        handovers.get_handover(db, actor, read_id("ses", session_id), read_id("hov", handover_id))
    )


@bp.patch("/sessions/<session_id>/handovers/<handover_id>")
@writes("sessions.correct", body=HandoverMove, answer=HandoverOut)
def move_handover(
    *, db: Session, actor: Actor, session_id: str, handover_id: str, body: HandoverMove
) -> Answer:
    """Put it at another instant, on air or afterwards; sales are attributed again."""
    return _answered(
        handing_over.move_handover(
            db,
            actor,
            read_id("ses", session_id),
            read_id("hov", handover_id),
            at=body.at,
            reason=body.reason,
            expected_rev=expected_version(),
        )
    )


@bp.post("/sessions/<session_id>/handovers/<handover_id>/withdraw")
@writes("sessions.correct", body=HandoverReason, answer=HandoverOut)
def withdraw_handover(
    *, db: Session, actor: Actor, session_id: str, handover_id: str, body: HandoverReason
) -> Answer:
    """Take it back, the latest first: the shifts are as they were before it. Taken back again nothing changes."""
    return _answered(
        handing_over.withdraw_handover(
            db,
            actor,
            read_id("ses", session_id),
            read_id("hov", handover_id),
            reason=body.reason,
            expected_rev=expected_version(),
        )
    )


def _answered(one: handovers.HandoverView, status: int = 200) -> Answer:
    return Answer(HandoverOut.model_validate(one), status, {"ETag": etag(one.rev)})
