"""The menu: one table. An entry shows where the role has the permission, and nothing else shows."""

from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_babel import lazy_gettext as _

from campaign.accounts.policy import allows
from campaign.gate.identity import find_actor
from campaign.kit.actor import Actor


@dataclass(frozen=True)
class Entry:
    """One entry: where it leads, what it needs, and for whom it is meant."""

    endpoint: str
    permission: str
    label: Any
    roles: tuple[str, ...]
    also: tuple[str, ...] = ()
    group: Any = ""
    """Entries of one group stand together under its name, in a second row."""


_HUB = ("admin", "hub")
_PLANNING, _FIGURES, _HOUSE = _("Schedule"), _("Figures"), _("House")

MENU = (
    Entry("hub_start.index", "hub.pages", _("Today"), _HUB),
    Entry(
        "hub_board.index",
        "sessions.read",
        _("Board"),
        _HUB,
        (
            "hub_booking",
            "hub_sessions",
            "hub_board_forms",
            "hub_board_prints",
            "hub_swapping",
            "hub_correcting",
        ),
        _PLANNING,
    ),
    Entry("hub_plans.index", "plans.read", _("Plans"), _HUB, ("hub_plan_entries",), _PLANNING),
    Entry("hub_series.index", "series.read", _("Series"), _HUB, group=_PLANNING),
    Entry("hub_offers.index", "hub.pages", _("Offers"), _HUB, group=_PLANNING),
    Entry("hub_slots.index", "sessions.check", _("Free places"), _HUB, group=_PLANNING),
    Entry("hub_waiting.index", "waiting.read", _("Waiting list"), _HUB, group=_PLANNING),
    Entry("hub_calendars.index", "calendars.share", _("Calendars"), _HUB, group=_PLANNING),
    Entry("hub_live.index", "sales.live", _("Live floor"), _HUB),
    Entry("hub_campaigns.index", "campaigns.read", _("Campaigns"), _HUB, ("hub_calendar",)),
    Entry("hub_brands.index", "summary.read", _("Brand figures"), _HUB, group=_FIGURES),
    Entry("hub_rankings.index", "rankings.read", _("Rankings"), _HUB, group=_FIGURES),
    Entry("hub_imports.index", "imports.read", _("Imports"), _HUB, ("hub_mappings",), _FIGURES),
    Entry("hub_data.index", "imports.read", _("Data"), _HUB, group=_FIGURES),
    Entry("hub_connectors.index", "connectors.read", _("Connectors"), _HUB, group=_FIGURES),
    Entry("hub_parties.index", "parties.read", _("Parties"), _HUB, ("hub_party", "hub_terms"), _HOUSE),
    Entry("hub_times.hub", "hub.pages", _("Hours and leave"), _HUB, group=_HOUSE),
    Entry("hub_rules.index", "rules.read", _("Rules"), _HUB, group=_HOUSE),
    Entry("brand_home.index", "brand.pages", _("Summary"), ("brand",)),
    Entry("brand_sessions.index", "brand.pages", _("Sessions"), ("brand",)),
    Entry("brand_campaigns.index", "brand.pages", _("Campaigns"), ("brand",)),
    Entry("agency_home.index", "agency.pages", _("Offers"), ("agency",)),
    Entry("agency_sessions.index", "agency.pages", _("Sessions"), ("agency",)),
    Entry("agency_campaigns.index", "agency.pages", _("Campaigns"), ("agency",)),
    Entry("agency_times.index", "agency.pages", _("Hours and leave"), ("agency",)),
    Entry("agency_endpoints.index", "endpoints.read", _("Webhooks"), _HUB, ("agency_deliveries",), _HOUSE),
    Entry("agency_endpoints.index", "endpoints.read", _("Webhooks"), ("agency",), ("agency_deliveries",)),
    Entry("calendar_own.show", "calendars.own", _("Calendar"), ("brand", "agency")),
    Entry("host_card.own", "host.pages", _("My card"), ("host",)),
    Entry("host_times.own", "host.pages", _("Hours and leave"), ("host",)),
)


@dataclass(frozen=True)
class Link:
    """An entry as a page draws it."""

    href: str
    label: Any
    current: bool
    below: tuple["Link", ...] = ()
    """What stands in the second row while one of them is open."""


def links() -> list[Link]:
    """The menu of whoever is signed in; empty for strangers. A group leads to its first entry."""
    actor = find_actor()
    if actor is None:
        return []
    groups: dict[str, list[Entry]] = {}
    for entry in MENU:
        if _is_for(actor, entry):
            groups.setdefault(str(entry.group or entry.label), []).append(entry)
    return [_link(name, entries) for name, entries in groups.items()]


def _link(name: str, entries: list[Entry]) -> Link:
    below = tuple(Link(url_for(entry.endpoint), entry.label, _is_here(entry)) for entry in entries)
    here = any(link.current for link in below)
    return Link(below[0].href, name, here, below if len(below) > 1 else ())


def start_of(actor: Actor) -> str:
    """Endpoint of the role's first screen."""
    return {
        "brand": "brand_home.index",
        "agency": "agency_home.index",
        "host": "host_card.own",
    }.get(actor.role, "hub_start.index")


def _is_for(actor: Actor, entry: Entry) -> bool:
    return actor.role in entry.roles and allows(actor, entry.permission)


def _is_here(entry: Entry) -> bool:
    return request.blueprint in (entry.endpoint.partition(".")[0], *entry.also)
