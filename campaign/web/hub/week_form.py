"""Between the form that opens a plan and its schema. Pure."""

from datetime import date, timedelta
from typing import Any

from werkzeug.datastructures import MultiDict

from campaign.kit.instants import parse_day
from campaign.web.forms import folded


def first_days(today: date) -> dict[str, Any]:
    """The next week, from Monday to Sunday."""
    monday = today + timedelta(days=7 - today.weekday())
    return {"first_day": monday.isoformat(), "last_day": (monday + timedelta(days=6)).isoformat()}


def plan_in(typed: "MultiDict[str, str]") -> dict[str, Any]:
    """What was typed; `copy` says how many days before the sessions to copy were."""
    given = folded(typed)
    before = str(given.pop("copy", ""))
    if before in ("7", "14", "28") and "first_day" in given:
        try:
            given["copy_from"] = (parse_day(given["first_day"]) - timedelta(days=int(before))).isoformat()
        except ValueError:
            # The schema says what is wrong with the day.
            return given
    return given
