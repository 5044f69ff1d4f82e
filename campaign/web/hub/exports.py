"""Files out: the schedule as a sheet that reads back as it was."""

from flask import Blueprint, Response
from pydantic import Field
from sqlalchemy.orm import Session

from campaign.gate.door import reads
from campaign.gate.sheets import sessions_file
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.instants import day_span
from campaign.parties.queries import zone_of_hub
from campaign.parties.schemas import Day
from campaign.web.hub.imports import FormQuery

pages = Blueprint("hub_exports", __name__, url_prefix="/hub/exports")


class SpanQuery(FormQuery):
    """Days in the hub's zone, both in."""

    first: Day = Field(alias="from")
    last: Day = Field(alias="to")


@pages.get("/sessions")
@reads("exports.read", query=SpanQuery)
def sessions(*, db: Session, actor: Actor, query: SpanQuery) -> Response:
    """The sessions of these days, to download."""
    if query.last < query.first:
        raise Invalid([FieldError("to", "ends_before_start")])
    zone = zone_of_hub(db, actor)
    return sessions_file(
        db, actor, day_span(query.first, zone)[0], day_span(query.last, zone)[1], query.format
    )
