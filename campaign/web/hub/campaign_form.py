"""Between the campaign form and its schema: yuan into fen. Pure."""

from typing import Any

from werkzeug.datastructures import MultiDict

from campaign.kit.errors import FieldError, Invalid
from campaign.kit.money import parse_yuan
from campaign.web.forms import folded

FIELDS = {"target_paid_fen": "target_paid", "target_net_fen": "target_net"}


def given_in(typed: "MultiDict[str, str]") -> dict[str, Any]:
    """What was typed, as the schema takes it. Raises Invalid for an amount that is none."""
    given = folded(typed, lists=("brand_ids",))
    faults = []
    for schema_name, name in FIELDS.items():
        if name in given:
            try:
                given[schema_name] = parse_yuan(given.pop(name))
            except ValueError:
                faults.append(FieldError(name, "price"))
    if faults:
        raise Invalid(faults)
    return given
