"""The feed: the same events as the webhooks, by polling, for receivers behind a firewall."""

from apiflask import APIBlueprint
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.delivery import queries, schemas
from campaign.gate.door import reads
from campaign.kit.actor import Actor

bp = APIBlueprint("api_events", __name__, tag="Webhooks")


@bp.get("/events")
@reads("events.read", query=schemas.EventQuery, answer=schemas.EventList)
def list_events(*, db: Session, actor: Actor, query: schemas.EventQuery) -> BaseModel:
    """Events after a cursor, oldest first; nothing slips in before a cursor that was handed out."""
    return queries.events_after(db, actor, query)
