"""Between the series form and its schema: choices into a rule, yuan into fen. Pure."""

from typing import Any

from werkzeug.datastructures import MultiDict

from campaign.kit import ids
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.instants import parse_day
from campaign.kit.money import written_major
from campaign.kit.numbers import whole
from campaign.schedule.series.schemas import Template
from campaign.web.forms import folded
from campaign.web.hub.booking_form import channels_in, crew_field, crew_in, lineup_in, participants_in

REPEATS = ("daily", "weekly", "monthly")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FIELDS = {"first_on": "day", "rule": "repeat", "override.reason": "override_reason"}
"""Where a fault of the schema is shown on the form."""

_ENDS = ("until", "count", "repeat", "every")


def series_in(typed: "MultiDict[str, str]") -> dict[str, Any]:
    """A new series as the schema takes it. Raises Invalid for a price, number or date that is none."""
    faults: list[FieldError] = []
    given = _show(typed, faults)
    given["first_on"] = given.pop("day", None)
    given["rule"] = _rule(typed, faults)
    given["skip_conflicts"] = given.pop("skip_conflicts", "") == "yes"
    if faults:
        raise Invalid(faults)
    return given


def template_in(typed: "MultiDict[str, str]") -> dict[str, Any]:
    """The show alone, as a change compares it. Raises Invalid."""
    faults: list[FieldError] = []
    given = _show(typed, faults)
    if faults:
        raise Invalid(faults)
    return {name: value for name, value in given.items() if name in {*Template.model_fields, "override"}}


def _show(typed: "MultiDict[str, str]", faults: list[FieldError]) -> dict[str, Any]:
    given = folded(typed, lists=("brand_ids", "weekdays"))
    for name in (*_ENDS, "weekdays"):
        given.pop(name, None)
    given |= {"channels": channels_in(given), "participants": participants_in(given)}
    given["lineup"] = lineup_in(given.get("lineup", []), faults)
    given["crew"] = crew_in(given.get("crew", {}), faults)
    reason = given.pop("override_reason", None)
    if reason:
        given["override"] = {"reason": reason}
    return given


def _rule(typed: "MultiDict[str, str]", faults: list[FieldError]) -> str:
    parts = [f"FREQ={typed.get('repeat', '').upper()}"]
    every, count, until = (typed.get(name, "").strip() for name in ("every", "count", "until"))
    for name, text, part in (("every", every, "INTERVAL"), ("count", count, "COUNT")):
        if text and whole(text, 3) is None:
            faults.append(FieldError(name, "number", {"least": 1, "most": 200}))
        elif text and not (part == "COUNT" and until):
            parts.append(f"{part}={int(text)}")
    if until:
        try:
            parts.append(f"UNTIL={parse_day(until):%Y%m%d}")
        except ValueError:
            faults.append(FieldError("until", "day"))
    weekdays = [day for day in typed.getlist("weekdays") if day in WEEKDAYS]
    if weekdays and typed.get("repeat") == "weekly":
        parts.append(f"BYDAY={','.join(weekdays)}")
    return ";".join(parts)


def values_of(template: Template) -> dict[str, Any]:
    """The form filled with what a series says of each date."""
    found: dict[str, Any] = {
        "title": template.title,
        "studio_id": ids.public("std", template.studio_id),
        "starts": f"{template.starts:%H:%M}",
        "ends": f"{template.ends:%H:%M}",
        "brand_ids": [ids.public("brd", brand_id) for brand_id in template.brand_ids],
        "campaign_id": ids.public_or_none("cmp", template.campaign_id),
        "notes": template.notes,
    }
    for at, channel in enumerate(template.channels):
        found[f"channels__{at}__platform"] = channel.platform
        found[f"channels__{at}__platform_account_id"] = ids.public_or_none("acc", channel.platform_account_id)
    for at, person in enumerate(template.participants):
        host_id = ids.public("hst", person.host_id)
        found[f"participants__{at}__host_id"] = found[f"participants__{at}__was"] = host_id
        found[f"participants__{at}__role"] = person.role
        found[f"participants__{at}__agency_id"] = ids.public_or_none("agc", person.agency_id)
        for name, wall in (("from", person.from_time), ("to", person.to_time)):
            found[f"participants__{at}__{name}"] = f"{wall:%H:%M}" if wall else None
    for need in template.crew:
        found[crew_field(need.pool_id).replace(".", "__")] = need.units
    for at, item in enumerate(template.lineup):
        found[f"lineup__{at}__product_id"] = ids.public("prd", item.product_id)
        found[f"lineup__{at}__live_price"] = written_major(item.live_price_fen)
    return found
