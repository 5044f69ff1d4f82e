"""Between the booking form and the session's schema: dates and times into instants, yuan into fen. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from campaign.kit import ids
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.instants import parse_day, written
from campaign.kit.money import parse_yuan, written_major
from campaign.kit.numbers import whole
from campaign.schedule.crew_schemas import MOST_UNITS
from campaign.schedule.views import SessionView
from campaign.web.forms import Form, folded

# Where a fault of the schema is shown on the form.
FIELDS = {"starts_at": "starts", "ends_at": "ends", "override.reason": "override_reason", "lineup": "lineup"}


@dataclass(frozen=True)
class Sizes:
    """How many rows the form shows of each list: what is filled in, and one more where asked."""

    channels: int
    participants: int
    lineup: int

    @classmethod
    def of(cls, typed: "MultiDict[str, str]") -> "Sizes":
        """At least 1, 2 and 3 rows; the button `_more` names the list that gets another two."""
        more = typed.get("_more", "")
        return cls(
            *(
                min(100, max(least, _rows(typed, name)) + (2 if more == name else 0))
                for name, least in (("channels", 1), ("participants", 2), ("lineup", 3))
            )
        )


def first_values(args: Mapping[str, str], now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """Values of an empty form: the next full hour, two hours long, unless the address says otherwise."""
    start = (now + timedelta(hours=1)).astimezone(zone).replace(minute=0, second=0, microsecond=0)
    starts = args.get("starts", f"{start:%H:%M}")
    try:
        ends = (
            args.get("ends")
            or f"{(datetime.combine(date.min, time.fromisoformat(starts)) + timedelta(hours=2)).time():%H:%M}"
        )
    except ValueError:
        starts, ends = "20:00", "22:00"
    lists = args if isinstance(args, MultiDict) else MultiDict(args)
    hosts = {f"participants__{at}__host_id": one for at, one in enumerate(lists.getlist("host_ids")[:20])}
    return hosts | {
        "brand_ids": lists.getlist("brand_ids"),
        "day": args.get("day", start.date().isoformat()),
        "starts": starts,
        "ends": ends,
        "studio_id": args.get("studio_id"),
        "campaign_id": args.get("campaign_id"),
        "channels__0__platform": "douyin",
    }


def crew_field(pool_id: int) -> str:
    """The field that says how many of a crew are needed."""
    return f"crew.{ids.public('crw', pool_id)}"


def values_of(session: SessionView, zone: ZoneInfo) -> dict[str, Any]:
    """The form filled with a session as it stands."""
    starts_at, ends_at = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    found: dict[str, Any] = {
        "title": session.title,
        "studio_id": ids.public("std", session.studio_id),
        "day": starts_at.date().isoformat(),
        "starts": f"{starts_at:%H:%M}",
        "ends": f"{ends_at:%H:%M}",
        "brand_ids": [ids.public("brd", brand.id) for brand in session.brands],
        "campaign_id": ids.public_or_none("cmp", session.campaign_id),
        "notes": session.notes,
    }
    for at, channel in enumerate(session.channels):
        found[f"channels__{at}__platform"] = channel.platform
        found[f"channels__{at}__platform_account_id"] = ids.public_or_none("acc", channel.platform_account_id)
        found[f"channels__{at}__room_ids"] = ", ".join(channel.room_ids)
    for at, person in enumerate(session.participants):
        found[f"participants__{at}__host_id"] = ids.public_or_none("hst", person.host_id)
        found[f"participants__{at}__role"] = person.role
        found[f"participants__{at}__was"] = found[f"participants__{at}__host_id"]
        found[f"participants__{at}__agency_id"] = ids.public_or_none("agc", person.agency_id)
        if person.starts_at is not None and person.starts_at != session.starts_at:
            found[f"participants__{at}__from"] = written(person.starts_at)
        if person.ends_at is not None and person.ends_at != session.ends_at:
            found[f"participants__{at}__to"] = written(person.ends_at)
    for need in session.crew:
        found[crew_field(need.pool_id).replace(".", "__")] = need.units
    for at, item in enumerate(session.lineup):
        found[f"lineup__{at}__product_id"] = ids.public("prd", item.product_id)
        price = item.live_price_fen
        found[f"lineup__{at}__live_price"] = None if price is None else written_major(price)
    return found


def given_in(typed: "MultiDict[str, str]", zone: ZoneInfo) -> dict[str, Any]:
    """What was typed, as the schema takes it. Raises Invalid for a day, time or price that is none."""
    given = folded(taken(typed), lists=("brand_ids",))
    faults: list[FieldError] = []
    starts_at, ends_at = _instants(given, zone, faults)
    given |= {"starts_at": starts_at, "ends_at": ends_at}
    given |= {"channels": channels_in(given), "participants": participants_in(given)}
    given["lineup"] = lineup_in(given.get("lineup", []), faults)
    given["crew"] = crew_in(given.get("crew", {}), faults)
    reason = given.pop("override_reason", None)
    if reason:
        given["override"] = {"reason": reason}
    if faults:
        raise Invalid(faults)
    return given


def channels_in(given: dict[str, Any]) -> list[dict[str, Any]]:
    """The channels typed; rows without a platform are empty rows."""
    return [_channel(one) for one in given.get("channels", []) if one.get("platform")]


def participants_in(given: dict[str, Any]) -> list[dict[str, Any]]:
    """The participants typed; rows without a host are empty rows."""
    return [_person(one) for one in given.get("participants", []) if one.get("host_id")]


def taken(typed: "MultiDict[str, str]") -> "MultiDict[str, str]":
    """With an alternative's button pressed, its studio, day and times take the place of those typed."""
    parts = typed.get("_take", "").split("|")
    if len(parts) != 4:
        return typed
    changed = typed.copy()
    for name, value in zip(("studio_id", "day", "starts", "ends"), parts, strict=True):
        changed.setlist(name, [value])
    return changed


def _instants(
    given: dict[str, Any], zone: ZoneInfo, faults: list[FieldError]
) -> tuple[str | None, str | None]:
    """Day and times into two instants; an end at or before the start lies on the next day."""
    found: list[time] = []
    try:
        day = parse_day(given.pop("day", ""))
    except ValueError:
        faults.append(FieldError("day", "day"))
        day = None
    for name in ("starts", "ends"):
        try:
            found.append(time.fromisoformat(given.pop(name, "")))
        except ValueError:
            faults.append(FieldError(name, "clock_time"))
    if day is None or len(found) < 2:
        return None, None
    ends_on = day if found[1] > found[0] else day + timedelta(days=1)
    return (
        written(datetime.combine(day, found[0], tzinfo=zone)),
        written(datetime.combine(ends_on, found[1], tzinfo=zone)),
    )


def _channel(typed: dict[str, Any]) -> dict[str, Any]:
    rooms = [room for room in re.split(r"[\s,，、;；]+", typed.pop("room_ids", "")) if room]
    return typed | ({"room_ids": rooms} if rooms else {})


def _person(typed: dict[str, Any]) -> dict[str, Any]:
    """The agency and shift that came with a host stay with that host alone."""
    if typed.pop("was", None) != typed["host_id"]:
        return {name: typed[name] for name in ("host_id", "role") if name in typed}
    return typed


def lineup_in(rows: list[dict[str, Any]], faults: list[FieldError]) -> list[dict[str, Any]]:
    """The line-up typed; rows without a product are empty rows."""
    found = []
    for at, row in enumerate(rows):
        if not row.get("product_id"):
            continue
        try:
            price = parse_yuan(row.get("live_price", ""))
        except ValueError:
            faults.append(FieldError(f"lineup.{at}.live_price", "price"))
            continue
        found.append({"product_id": row["product_id"], "live_price_fen": price})
    return found


def crew_in(typed: Any, faults: list[FieldError]) -> list[dict[str, Any]]:
    """By pool how many; none and 0 are the same."""
    found = []
    for pool, text in sorted(typed.items()) if isinstance(typed, dict) else ():
        number = whole(text, 3)
        if number is None or number > MOST_UNITS:
            faults.append(FieldError(f"crew.{pool}", "number", {"least": 0, "most": MOST_UNITS}))
        elif number:
            found.append({"pool_id": pool, "units": number})
    return found


def crew_faults_placed(form: Form[Any]) -> None:
    """The schema and the action count the crews asked for; the form names them."""
    for at, need in enumerate((form.value and form.value.crew) or ()):
        for part in ("pool_id", "units"):
            said = form.errors.pop(f"crew.{at}.{part}", [])
            if said:
                form.errors.setdefault(crew_field(need.pool_id), []).extend(said)


def _rows(typed: "MultiDict[str, str]", name: str) -> int:
    parted = (key.split(".") for key, value in typed.items() if value)
    numbers = [whole(parts[1], 3) for parts in parted if len(parts) == 3 and parts[0] == name]
    return max((number for number in numbers if number is not None), default=-1) + 1
