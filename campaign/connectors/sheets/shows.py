"""A row of a schedule: booked, or changed in what differs, by the same rules as everywhere."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import case, select

from campaign.catalog.models import Campaign, PlatformAccount, Product
from campaign.connectors.sheets import cells
from campaign.connectors.sheets.cells import BadCell
from campaign.connectors.sheets.desk import Desk, Given, Taken, checked, taken
from campaign.connectors.sheets.writing import Writer
from campaign.kit import ids
from campaign.kit.errors import NotFound
from campaign.parties.models import Brand, Host, Studio
from campaign.schedule import booking, changing
from campaign.schedule.models import CrewPool, LiveSession
from campaign.schedule.queries import get_session
from campaign.schedule.schemas import SessionChange, SessionIn
from campaign.schedule.views import SessionView

_SHIFT = re.compile(r"(.+)@\s*([\d:：.]+)\s*[-–—~～]\s*([\d:：.]+)\Z")
_ROOM = re.compile(r"\s+#(?=\S)")
_UNITS = re.compile(r"(.+?)\s*[*x×]\s*(\d{1,3})\Z")
_ROLES = {"hosts": "host", "assistants": "assistant", "influencers": "influencer"}
_LANGUAGES = ("zh_CN", "en")


def take_show(desk: Desk, writer: Writer, given: Given) -> Taken:
    """What became of a row. Raises BadCell or DomainError; then the caller undoes the row.

    A row is about the session of its id, else about the one that stands in that studio at that start.
    """
    times = _times(desk, given)
    standing = _standing(desk, given, times)
    if standing is None:
        return _book(desk, given, times)
    # What reads as the export writes it is as it stands, whatever has become of those it names.
    written = [writer.cells(standing, language) for language in _LANGUAGES]
    told = {
        field: cell
        for field, cell in given.items()
        if field != "override" and all(cells.bare(one.get(field, "")) != cell for one in written)
    }
    differing = _differing(standing, _values(desk, told, {**_spans(standing), **times}, standing))
    if not differing:
        return taken(standing.id, standing.title, [])
    change = checked(SessionChange, differing | _override(given))
    asked = SessionChange(**{name: change[name] for name in (*differing, *_override(given))})
    changing.change(desk.db, desk.actor, standing.id, asked)
    return taken(standing.id, standing.title, list(differing))


def _book(desk: Desk, given: Given, times: Mapping[str, datetime]) -> Taken:
    for name in ("starts_at", "ends_at"):
        if name not in times:
            raise BadCell(name, "missing_value")
    values = _values(desk, given, times, None) | _override(given)
    # Who leaves the people out hears of the sheet's own column, not of a field it does not have.
    wanted = SessionIn(**checked(SessionIn, {"channels": [], "participants": []} | values))
    view = booking.book(desk.db, desk.actor, wanted)
    return Taken("new", view.id, view.title)


def _override(given: Given) -> dict[str, Any]:
    return {"override": {"reason": given["override"]}} if "override" in given else {}


def _spans(view: SessionView) -> dict[str, datetime]:
    return {"starts_at": view.starts_at, "ends_at": view.ends_at}


def _times(desk: Desk, given: Given) -> dict[str, datetime]:
    """Start and end as the row says them, in two cells each whole, or as a day with its hours."""
    if "day" in given and "hours" in given:
        return dict(
            zip(("starts_at", "ends_at"), cells.span(given["day"], given["hours"], desk.zone), strict=True)
        )
    times = {}
    if "starts_at" in given:
        written = given["starts_at"]
        if "day" in given and cells.is_clock(written):
            written = f"{cells.day('day', given['day'])} {written}"
        times["starts_at"] = cells.moment("starts_at", written, desk.zone)
    if "ends_at" in given:
        times["ends_at"] = cells.moment("ends_at", given["ends_at"], desk.zone, after=times.get("starts_at"))
    return times


def _values(
    desk: Desk, given: Given, times: Mapping[str, datetime], standing: SessionView | None
) -> dict[str, Any]:
    values: dict[str, Any] = {**times} | {name: given[name] for name in ("title", "notes") if name in given}
    if "hold_until" in given:
        values["hold_until"] = cells.moment("hold_until", given["hold_until"], desk.zone)
    if "studio" in given:
        values["studio_id"] = desk.names.of("studio", Studio, "std", given["studio"])
    if "brands" in given:
        values["brand_ids"] = _brands(desk, given["brands"])
    if "campaign" in given:
        values["campaign_id"] = desk.names.of("campaign", Campaign, "cmp", given["campaign"])
    if "channels" in given:
        values["channels"] = [_channel(desk, one, standing) for one in cells.several(given["channels"])]
    if "crew" in given:
        values["crew"] = [_crew(desk, one) for one in cells.several(given["crew"])]
    if people := _people(desk, given, times, standing):
        values["participants"] = people
    if "lineup" in given:
        stood = [one.id for one in standing.brands] if standing else []
        brands = values.get("brand_ids", stood)
        values["lineup"] = [_line(desk, one, brands) for one in cells.several(given["lineup"])]
    return values


def _brands(desk: Desk, cell: str) -> list[int]:
    """One name, which may itself hold a semicolon, else several."""
    whole = desk.names.find("brands", Brand, "brd", cell)
    if whole is not None:
        return [whole]
    return [desk.names.of("brands", Brand, "brd", one) for one in cells.several(cell)]


def _channel(desk: Desk, written: str, standing: SessionView | None) -> dict[str, Any]:
    """douyin/AUTHOR_ID #ROOM #ROOM, or the platform alone. Without rooms those that stand stay."""
    place, *rooms = _ROOM.split(written)
    name, _, external_id = place.partition("/")
    found: dict[str, Any] = {"platform": cells.platform("channels", name.strip())}
    if external_id.strip():
        wanted = cells.bare(external_id)
        same = PlatformAccount.platform == found["platform"], PlatformAccount.external_id == wanted
        account_id = desk.db.scalar(select(PlatformAccount.id).where(*same))
        if account_id is None:
            raise BadCell("channels", "unknown_name", {"value": written[:60]})
        found["platform_account_id"] = account_id
    stood = standing.channels if standing else ()
    key = found["platform"], found.get("platform_account_id")
    kept = [room for one in stood if (one.platform, one.platform_account_id) == key for room in one.room_ids]
    return found | {"room_ids": rooms or kept}


def _crew(desk: Desk, written: str) -> dict[str, Any]:
    """CREW or CREW*2."""
    name, units = (found[1], int(found[2])) if (found := _UNITS.match(written)) else (written, 1)
    return {"pool_id": desk.names.of("crew", CrewPool, "crw", name), "units": units}


def _people(
    desk: Desk, given: Given, times: Mapping[str, datetime], standing: SessionView | None
) -> list[dict[str, Any]]:
    """All participants, when a row says otherwise of any role: roles it does not speak of stay."""
    if not any(field in given for field in _ROLES):
        return []
    stood = standing.participants if standing else ()
    found: list[dict[str, Any]] = []
    for field, role in _ROLES.items():
        if field in given:
            found += [_person(desk, field, one, times, standing) for one in cells.several(given[field])]
        else:
            found += [
                {"host_id": one.host_id, "role": role, "agency_id": one.agency_id} | _shift(one, standing)
                for one in stood
                if one.role == role
            ]
    return found


def _shift(one: Any, standing: SessionView | None) -> dict[str, datetime]:
    """A shift of its own; None for who is there from start to end, whenever that will be."""
    if standing is None or (one.starts_at, one.ends_at) == (standing.starts_at, standing.ends_at):
        return {}
    return {"from": one.starts_at, "to": one.ends_at}


def _person(
    desk: Desk, field: str, written: str, times: Mapping[str, datetime], standing: SessionView | None
) -> dict[str, Any]:
    """HOST, or HOST@20:00-22:00. Who is there already stays with the same agency."""
    match = _SHIFT.match(written)
    host_id = desk.names.of(field, Host, "hst", match[1].strip() if match else written)
    person: dict[str, Any] = {"host_id": host_id, "role": _ROLES[field]}
    agencies = [one.agency_id for one in standing.participants if one.host_id == host_id] if standing else []
    if agencies:
        person["agency_id"] = agencies[0]
    if match and "starts_at" in times:
        first, last = cells.shift(field, match[2], match[3], times["starts_at"], desk.zone)
        person |= {"from": first, "to": last}
    return person


def _line(desk: Desk, written: str, brand_ids: list[int]) -> dict[str, Any]:
    """SKU=999.00, or SKU=999.00 USD; the product's id in place of its SKU."""
    sku, _, price = written.rpartition("=")
    sku = cells.bare(sku)
    amount, _, currency = price.strip().partition(" ")
    currency = currency.strip().upper() or "CNY"
    try:
        product_ids = [ids.internal("prd", sku)]
    except ValueError:
        same = Product.sku == sku, Product.brand_id.in_(brand_ids), Product.archived_at.is_(None)
        product_ids = list(desk.db.scalars(select(Product.id).where(*same)))
    if not product_ids:
        raise BadCell("lineup", "unknown_name", {"value": (sku or written)[:60]})
    if len(product_ids) > 1:
        shown = ", ".join(ids.public("prd", one) for one in product_ids[:3])
        raise BadCell("lineup", "several_named", {"value": sku[:60], "ids": shown})
    fen = cells.money("lineup", amount, currency)
    return {"product_id": product_ids[0], "live_price_fen": fen, "currency": currency}


def _standing(desk: Desk, given: Given, times: Mapping[str, datetime]) -> SessionView | None:
    if "id" in given:
        try:
            wanted = ids.internal("ses", given["id"])
        except ValueError:
            raise BadCell("id", "unknown_name", {"value": given["id"][:40]}) from None
        try:
            return get_session(desk.db, desk.actor, wanted)
        except NotFound:
            raise BadCell("id", "unknown_name", {"value": given["id"]}) from None
    if "starts_at" not in times:
        return None
    studio_id = desk.names.of("studio", Studio, "std", given["studio"]) if "studio" in given else None
    here = LiveSession.studio_id == studio_id, LiveSession.starts_at == times["starts_at"]
    gone_last = case((LiveSession.state == "no_show", 1), else_=0)
    statement = select(LiveSession.id).where(*here, LiveSession.state != "cancelled")
    found = desk.db.scalar(statement.order_by(gone_last, LiveSession.id).limit(1))
    return None if found is None else get_session(desk.db, desk.actor, found)


def _differing(view: SessionView, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the row says otherwise than it stands."""
    first, last = values["starts_at"], values["ends_at"]
    told: dict[str, Any] = dict(values)
    stands: dict[str, Any] = {
        "brand_ids": [brand.id for brand in view.brands],
        "channels": {(one.platform, one.platform_account_id, one.room_ids) for one in view.channels},
        "crew": {(one.pool_id, one.units) for one in view.crew},
        "participants": {(one.host_id, one.role, one.starts_at, one.ends_at) for one in view.participants},
        "lineup": [(one.product_id, one.live_price_fen, one.currency) for one in view.lineup],
    }
    if "channels" in values:
        told["channels"] = {
            (one["platform"], one.get("platform_account_id"), tuple(one["room_ids"]))
            for one in values["channels"]
        }
    if "crew" in values:
        told["crew"] = {(one["pool_id"], one["units"]) for one in values["crew"]}
    if "participants" in values:
        told["participants"] = {
            (one["host_id"], one["role"], one.get("from", first), one.get("to", last))
            for one in values["participants"]
        }
    if "lineup" in values:
        told["lineup"] = [
            (one["product_id"], one["live_price_fen"], one["currency"]) for one in values["lineup"]
        ]
    return {
        name: values[name]
        for name, value in told.items()
        if value != (stands[name] if name in stands else getattr(view, name))
    }
