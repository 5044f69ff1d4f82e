"""What taking a row needs, and what comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from campaign.connectors.sheets.cells import BadCell
from campaign.connectors.sheets.names import Names
from campaign.kit.actor import Actor

Given = Mapping[str, str]
"""The cells of a row by field, empty ones left out: what is not said is left as it is."""

COLUMN_OF = {
    "brand_id": "brand",
    "host_id": "host",
    "shop_id": "shop",
    "agency_id": "agency",
    "studio_id": "studio",
    "campaign_id": "campaign",
    "brand_ids": "brands",
    "participants": "hosts",
    "price_fen": "price",
}
"""Where a schema's field stands in a sheet, when not under its own name."""


@dataclass(frozen=True)
class Desk:
    """What taking a row needs."""

    db: Session
    actor: Actor
    names: Names
    zone: ZoneInfo


@dataclass(frozen=True)
class Taken:
    """What became of a row: of which thing, by its id and name, and which columns made the change."""

    verdict: Literal["new", "changed", "same"]
    id: int
    name: str
    fields: tuple[str, ...] = ()


def taken(thing_id: int, name: str, differing: Sequence[str]) -> Taken:
    """What stood already: the same, or changed in some fields."""
    fields = tuple(dict.fromkeys(COLUMN_OF.get(field, field) for field in differing))
    return Taken("changed" if fields else "same", thing_id, name, fields)


def checked(schema: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by the schema that forms and the API use too. Raises BadCell for the first at fault."""
    try:
        read = schema.model_validate(dict(values))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        field = str(fault["loc"][0]) if fault["loc"] else ""
        raise BadCell(COLUMN_OF.get(field, field), *_reason(fault, values.get(field, ""))) from None
    return {name: getattr(read, name) for name in type(read).model_fields}


def _reason(fault: Any, value: Any) -> tuple[str, dict[str, Any]]:
    kind, context = fault["type"], fault.get("ctx", {})
    said = str(context.get("error", ""))
    if kind in ("missing", "too_short") or said == "missing":
        return "missing_value", {}
    if kind in ("string_too_long", "too_long"):
        return "too_long", {"most": context["max_length"]}
    if kind == "literal_error":
        allowed = context["expected"].replace("'", "").replace(" or ", ", ")
        return "bad_choice", {"value": str(value)[:40], "allowed": allowed}
    if said in ("twice", "text"):
        return {"twice": "twice", "text": "bad_text"}[said], {}
    return "bad_value", {"value": str(value)[:40]}
