"""The feed: the same events as the webhooks, by polling, for receivers behind a firewall."""

from apiflask import APIBlueprint
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.delivery import queries, schemas
from campaign.delivery.catalogue import event_types
from campaign.gate.current import parts
from campaign.gate.door import awaits, reads
from campaign.kit.actor import Actor

bp = APIBlueprint("api_events", __name__, tag="Webhooks")


@bp.get("/events")
@awaits(
    "events.read",
    query=schemas.EventQuery,
    answer=schemas.EventList,
    found=lambda page: bool(page.items),
    limited="At most 4 of an agency wait at a time",
)
def list_events(*, db: Session, actor: Actor, query: schemas.EventQuery) -> BaseModel:
    """Events after a cursor, oldest first; nothing slips in before a cursor that was handed out.

    With `wait` an empty page is not sent at once: the answer waits that many seconds for an event to come. Four of an
    agency can wait at a time: one more is told 429, one too many of all 503, and when to come again.
    """
    return queries.events_after(db, actor, query, event_days=parts().settings.event_days)


@bp.get("/event-types")
@reads("events.read", answer=schemas.EventTypeList)
def list_event_types(*, db: Session, actor: Actor) -> BaseModel:
    """What is sent: each type with the JSON Schema of its `data` and an example."""
    return schemas.EventTypeList(items=event_types())
