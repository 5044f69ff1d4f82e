"""What counts in no session, and putting a line or a refund where it belongs."""

from typing import Literal

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.gate.door import reads, writes
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import ListQuery, Name, SessionId, ShopId, Strict
from campaign.kit.ids import public
from campaign.kit.instants import Instant
from campaign.sales.orphans import assign_refund
from campaign.sales.placing import assign
from campaign.sales.queries import Loose, page_of_unattributed

bp = APIBlueprint("api_unattributed", __name__, tag="Sales")


class LooseOut(BaseModel):
    """A line without a session, or a refund whose line is unknown. Money in minor units of `currency`."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: Literal["line", "refund"]
    shop_id: ShopId
    shop_name: str
    platform: str
    line_id: str
    parent_order_id: str | None
    refund_id: str | None
    at: Instant | None
    currency: str
    amount_fen: int
    author_id: str | None
    room_id: str | None


class LooseList(BaseModel):
    items: list[LooseOut]
    next_cursor: str | None


class AssignIn(Strict):
    """Where it belongs, and why: a line to a session, a refund to a line of its shop (`line_id` is the platform's)."""

    session_id: SessionId | None = None
    line_id: Name | None = None
    reason: Name


@bp.get("/unattributed")
@reads("imports.read", query=ListQuery, answer=LooseList)
def list_unattributed(*, db: Session, actor: Actor, query: ListQuery) -> BaseModel:
    """Lines and refunds without a session, the newest first."""
    page = page_of_unattributed(db, actor, limit=query.limit, cursor=query.cursor, since=query.updated_since)
    return LooseList(items=[_shown(one) for one in page.items], next_cursor=page.next_cursor)


@bp.post("/unattributed/<line_id>/assign")
@writes("sales.assign", body=AssignIn, status=204)
def assign_line(*, db: Session, actor: Actor, line_id: str, body: AssignIn) -> Response:
    """Put a line into a session, or a refund to a line; this stands above what attribution and platforms find."""
    wanted, odd = ("line_id", "session_id") if line_id.startswith("rfd_") else ("session_id", "line_id")
    faults = [FieldError(wanted, "missing")] if getattr(body, wanted) is None else []
    if getattr(body, odd) is not None:
        faults.append(FieldError(odd, "unknown_field"))
    if faults:
        raise Invalid(faults)
    if body.line_id is not None:
        assign_refund(db, actor, read_id("rfd", line_id), body.line_id, body.reason)
    elif body.session_id is not None:
        assign(db, actor, read_id("lin", line_id), body.session_id, body.reason)
    return Response(status=204)


def _shown(one: Loose) -> LooseOut:
    values = {name: getattr(one, name) for name in LooseOut.model_fields if name != "id"}
    return LooseOut(id=public("lin" if one.kind == "line" else "rfd", one.id), **values)
