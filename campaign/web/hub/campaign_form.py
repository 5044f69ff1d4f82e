"""Between the campaign form and its schema: yuan into fen, one row of goals per brand. Pure."""

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from campaign.catalog.schemas import CampaignOut
from campaign.kit import ids
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.money import parse_yuan, written_major
from campaign.kit.numbers import whole
from campaign.web.forms import folded

FIELDS = {"target_paid_fen": "target_paid", "target_net_fen": "target_net", "budget_fen": "budget"}
_COUNTS = ("target_sessions", "target_hours")


def given_in(typed: "MultiDict[str, str]") -> dict[str, Any]:
    """What was typed, as the schema takes it. Raises Invalid for an amount or number that is none."""
    given = folded(typed, lists=("brand_ids", "agency_ids"))
    faults: list[FieldError] = []
    _numbers(given, "", faults)
    rows = [row for row in given.pop("brand_targets", []) if len(row) > 1]
    for at, row in enumerate(rows):
        _numbers(row, f"brand_targets.{at}.", faults)
    given["brand_targets"] = [row for row in rows if row["brand_id"] in given.get("brand_ids", [])]
    if faults:
        raise Invalid(faults)
    return given


def _numbers(given: dict[str, Any], prefix: str, faults: list[FieldError]) -> None:
    for schema_name, name in FIELDS.items():
        if name in given:
            try:
                given[schema_name] = parse_yuan(given.pop(name))
            except ValueError:
                faults.append(FieldError(f"{prefix}{name}", "price"))
    for name in _COUNTS:
        if name in given:
            given[name] = whole(given[name], 7)
            if given[name] is None:
                faults.append(FieldError(f"{prefix}{name}", "number", {"least": 0, "most": 1_000_000}))


def values_of(campaign: CampaignOut) -> dict[str, Any]:
    """The form filled with a campaign as it stands."""
    found: dict[str, Any] = {
        name: getattr(campaign, name)
        for name in ("name", "name_en", "kind", "starts_on", "ends_on", "currency")
    }
    found["parent_id"] = ids.public_or_none("cmp", campaign.parent_id)
    found["brand_ids"] = [ids.public("brd", one) for one in campaign.brand_ids]
    found["agency_ids"] = [ids.public("agc", one) for one in campaign.agency_ids]
    found |= _typed(campaign)
    for at, goal in enumerate(campaign.brand_targets):
        found[f"brand_targets__{at}__brand_id"] = ids.public("brd", goal.brand_id)
        found |= {f"brand_targets__{at}__{name}": value for name, value in _typed(goal).items()}
    return found


def _typed(goal: Any) -> Mapping[str, Any]:
    money = {name: _yuan(getattr(goal, schema_name)) for schema_name, name in FIELDS.items()}
    return money | {name: getattr(goal, name) for name in _COUNTS}


def _yuan(fen: int | None) -> str | None:
    return None if fen is None else written_major(fen)


def brand_rows(typed: "MultiDict[str, str]", brands: list[tuple[str, str]]) -> list[tuple[int, str, str]]:
    """(row number, brand id, name) of each ticked brand; those typed before keep their numbers."""
    wanted = typed.getlist("brand_ids")
    known = {}
    for name, value in typed.items():
        row, at, field = [*name.split("."), "", "", ""][:3]
        if (row, field) == ("brand_targets", "brand_id") and (number := whole(at)) is not None:
            known[value] = number
    free = max(known.values(), default=-1) + 1
    found = []
    for brand_id, name in brands:
        if brand_id in wanted:
            if brand_id not in known:
                known[brand_id], free = free, free + 1
            found.append((known[brand_id], brand_id, name))
    return found
