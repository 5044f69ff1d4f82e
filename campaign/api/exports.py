"""The schedule as a sheet, and templates of the sheets that come in."""

from typing import Literal

from apiflask import APIBlueprint
from flask import Response
from pydantic import Field
from sqlalchemy.orm import Session

from campaign.gate.door import reads
from campaign.gate.sheets import sessions_file, template_file
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import Strict
from campaign.kit.ranges import read_range
from campaign.parties.queries import zone_of_hub

bp = APIBlueprint("api_exports", __name__, tag="Sessions")


class FormQuery(Strict):
    """format: csv (UTF-8 with a byte order mark) or xlsx."""

    format: Literal["csv", "xlsx"] = "xlsx"


class ExportQuery(FormQuery):
    """from, to: each an instant or a day in the hub's zone, a day as `to` whole; at most 93 days."""

    from_at: str = Field(alias="from", max_length=40)
    to_at: str = Field(alias="to", max_length=40)


@bp.get("/exports/sessions")
@reads("exports.read", query=ExportQuery)
def export(*, db: Session, actor: Actor, query: ExportQuery) -> Response:
    """The sessions that overlap a span, called off ones too, by the columns the import reads: it changes nothing."""
    first, last = read_range(query.from_at, query.to_at, zone_of_hub(db, actor))
    if first is None or last is None:
        raise Invalid([FieldError("to", "missing")])
    return sessions_file(db, actor, first, last, query.format)


@bp.get("/imports/templates/<kind>")
@reads("imports.read", query=FormQuery)
def template(*, db: Session, actor: Actor, query: FormQuery, kind: str) -> Response:
    """A sheet to fill in: its header and an example row, in the reader's language."""
    return template_file(kind, query.format)
