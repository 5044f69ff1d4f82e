"""Between the forms of leave, closures and weekly hours and the schemas: days and clocks into instants. Pure."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field
from werkzeug.datastructures import MultiDict

from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import Strict
from campaign.kit.instants import parse_day, written
from campaign.schedule.window_schemas import WeeklyIn
from campaign.web.forms import folded

# Where a fault of the schema is shown on the form.
FIELDS = {"starts_at": "first_day", "ends_at": "last_day"}


class WeekForm(Strict):
    """The weekly hours typed: rows left empty are left out."""

    week: Annotated[list[WeeklyIn], Field(max_length=100)]


def exception_in(typed: "MultiDict[str, str]", zone: ZoneInfo) -> dict[str, Any]:
    """A leave or closure: from a day to a day, both in, or from a clock to a clock. Raises Invalid."""
    given = folded(typed)
    faults: list[FieldError] = []
    first = _day(given, "first_day", faults)
    last = _day(given, "last_day", faults) if given.get("last_day") else first
    starts = _clock(given, "first_time", time(0), faults)
    # Without a clock the last day is whole: it ends as the next one begins.
    ends = _clock(given, "last_time", None, faults)
    if faults or first is None or last is None or starts is None:
        raise Invalid(faults)
    end_day, end_time = (last, ends) if ends is not None else (last + timedelta(days=1), time(0))
    found: dict[str, Any] = {
        "starts_at": written(datetime.combine(first, starts, tzinfo=zone)),
        "ends_at": written(datetime.combine(end_day, end_time, tzinfo=zone)),
        "available": given.get("available") == "yes",
    }
    return found | ({"reason": given["reason"]} if given.get("reason") else {})


def week_in(typed: "MultiDict[str, str]") -> dict[str, Any]:
    """Rows of weekday, from, to; a row of which only one clock is filled in is a fault of the other."""
    rows = folded(typed).get("week", [])
    found, faults = [], []
    for at, row in enumerate(rows):
        if row.get("from") or row.get("to"):
            faults += [
                FieldError(f"week.{at}.{name}", "missing") for name in ("from", "to") if not row.get(name)
            ]
            weekday = row.get("weekday", "")
            found.append({**row, "weekday": int(weekday) if weekday in list("1234567") else 0})
    if faults:
        raise Invalid(faults)
    return {"week": found}


def _day(given: dict[str, Any], name: str, faults: list[FieldError]) -> date | None:
    try:
        return parse_day(given.get(name, ""))
    except ValueError:
        faults.append(FieldError(name, "day"))
        return None


def _clock(given: dict[str, Any], name: str, default: time | None, faults: list[FieldError]) -> time | None:
    text = given.get(name)
    if not text:
        return default
    try:
        found = time.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or len(text) != 5 or found.tzinfo is not None:
        faults.append(FieldError(name, "clock_time"))
        return None
    return found
