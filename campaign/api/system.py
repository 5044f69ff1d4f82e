"""The reference of this API, and what the house says of itself: audit."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify, render_template
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.audit import queries as audit
from campaign.gate.door import public, reads
from campaign.gate.openapi import document
from campaign.kit.actor import Actor
from campaign.kit.fields import ListQuery
from campaign.kit.ids import public as public_id
from campaign.kit.instants import Instant

bp = APIBlueprint("api_system", __name__, tag="System")


@bp.get("/openapi.json")
@bp.doc(hide=True)
@public
def openapi() -> Response:
    """The OpenAPI 3.1 document."""
    return jsonify(document(current_app))


@bp.get("/docs")
@bp.doc(hide=True)
@public
def docs() -> str:
    """The reference as a page that needs no scripts."""
    return render_template("account/reference.html", document=document(current_app))


class AuditOut(BaseModel):
    """Who did what to what."""

    id: str
    at: Instant
    actor: str
    role: str
    action: str
    subject_type: str
    subject_id: str | None
    detail: dict[str, Any]


class AuditList(BaseModel):
    items: list[AuditOut]
    next_cursor: str | None


@bp.get("/audit")
@reads("audit.read", query=ListQuery, answer=AuditList)
def list_audit(*, db: Session, actor: Actor, query: ListQuery) -> AuditList:
    """Newest first."""
    page = audit.page_of(db, actor, limit=query.limit, cursor=query.cursor, since=query.updated_since)
    return AuditList(
        items=[
            AuditOut(
                id=public_id("aud", row.id),
                at=row.at,
                actor=row.actor_name,
                role=row.actor_role,
                action=row.action,
                subject_type=row.subject_type,
                subject_id=None if row.subject_id is None else str(row.subject_id),
                detail=row.detail,
            )
            for row in page.items
        ],
        next_cursor=page.next_cursor,
    )
