"""A row of the hosts' sheet: a host with other names and a contract."""

from datetime import date
from typing import Any

from campaign.connectors.sheets import cells
from campaign.connectors.sheets.cells import BadCell
from campaign.connectors.sheets.desk import Desk, Given, Taken, checked, taken
from campaign.connectors.sheets.rows import change_party
from campaign.parties import actions
from campaign.parties.models import Agency, Host, HostContract
from campaign.parties.queries import aliases_of, contracts_of, get, today
from campaign.parties.schemas import ContractIn, HostIn


def take_host(desk: Desk, given: Given) -> Taken:
    """What became of a row. The host is found by name, another name or id; the name then stays.

    Raises BadCell or DomainError; then the caller undoes the row.
    """
    values: dict[str, Any] = {name: given[name] for name in ("name", "name_en") if name in given}
    if "kind" in given:
        values["kind"] = cells.host_kind(given["kind"])
    values = checked(HostIn, values)
    found = desk.names.find("name", Host, "hst", values["name"])
    differing: tuple[str, ...] = ()
    if found is None:
        host = actions.add_host(desk.db, desk.actor, HostIn(**values))
        desk.names.learn(Host, host.id, host.name)
    else:
        host = get(desk.db, desk.actor, Host, found)
        told = {name: values[name] for name in ("name_en", "kind") if name in given}
        differing = change_party(desk, host, told).fields
    more = [
        *(["aliases"] if _aliases(desk, host, cells.several(given.get("aliases", ""))) else []),
        *(["agency"] if _contract(desk, host, given) else []),
    ]
    return (
        Taken("new", host.id, host.name) if found is None else taken(host.id, host.name, [*differing, *more])
    )


def _aliases(desk: Desk, host: Host, told: list[str]) -> bool:
    """Add the names not known yet; none is taken away. Raises BadCell for one that another host goes by."""
    known = aliases_of(desk.db, desk.actor, [host.id])[host.id]
    wanted = [checked(HostIn, {"name": alias})["name"] for alias in told]
    fresh = [alias for alias in dict.fromkeys(wanted) if alias not in {*known, host.name, host.name_en}]
    for alias in fresh:
        other = desk.names.find("aliases", Host, "hst", alias)
        if other is not None and other != host.id:
            raise BadCell("aliases", "alias_of_other", {"value": alias[:60]})
        desk.names.learn(Host, host.id, alias, alias=True)
    if fresh:
        actions.set_aliases(desk.db, desk.actor, host, [*known, *fresh])
    return bool(fresh)


def _contract(desk: Desk, host: Host, given: Given) -> bool:
    """The contract a row tells of: a new one, another end or terms, or one that stands already."""
    if "agency" not in given:
        if given.keys() & {"starts_on", "ends_on", "exclusive"}:
            raise BadCell("agency", "missing_value")
        return False
    agency_id = desk.names.of("agency", Agency, "agc", given["agency"])
    starts_on = cells.day("starts_on", given["starts_on"]) if "starts_on" in given else None
    ends_on = cells.day("ends_on", given["ends_on"]) if "ends_on" in given else None
    exclusive = cells.yes_or_no("exclusive", given["exclusive"]) if "exclusive" in given else None
    standing = contracts_of(desk.db, desk.actor, host.id)
    day = starts_on or today(desk.db, desk.actor)
    same = next((one for one in standing if one.agency_id == agency_id and _meant(one, starts_on, day)), None)
    told = ContractIn(agency_id=agency_id, starts_on=day, ends_on=ends_on, exclusive=bool(exclusive))
    if same is not None:
        end = ends_on if "ends_on" in given else same.during.upper
        terms = same.exclusive if exclusive is None else exclusive
        if (end, terms) == (same.during.upper, same.exclusive):
            return False
        told = told.model_copy(update={"starts_on": same.during.lower, "ends_on": end, "exclusive": terms})
    kept = [_given(one) for one in standing if one is not same]
    actions.set_contracts(desk.db, desk.actor, host, [*kept, told])
    return True


def _meant(one: HostContract, starts_on: date | None, day: date) -> bool:
    """The one of that start; without a start the one in force."""
    first, end = one.during.lower, one.during.upper
    if starts_on is not None:
        return first == starts_on
    return first is not None and first <= day and (end is None or day < end)


def _given(one: HostContract) -> ContractIn:
    return ContractIn(
        agency_id=one.agency_id,
        starts_on=one.during.lower or date.min,
        ends_on=one.during.upper,
        exclusive=one.exclusive,
    )
