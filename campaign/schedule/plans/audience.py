"""Who will hear of a plan once it is released."""

from collections.abc import Iterable, Mapping

from campaign.schedule.plans.comparing import Sheet, sheet_of
from campaign.schedule.plans.looking import Seen

_HUBS_OWN = frozenset({"notes", "campaign", "crew", "hold", "overtaken"})


def audience_of(seen: Iterable[Seen]) -> Mapping[str, frozenset[int]]:
    """agency, brand and host → the ids of those who will be told, as far as can be seen before."""
    found: dict[str, set[int]] = {"agency": set(), "brand": set(), "host": set()}
    for one in seen:
        if one.view is not None and one.view.state == "draft":
            # A draft stays the hub's own business.
            continue
        if {difference.kind for difference in one.differences} <= _HUBS_OWN:
            continue
        sheets = [sheet_of(one.view)] if one.view is not None else []
        for sheet in (*sheets, *([one.after] if one.after is not None else [])):
            _add(found, sheet)
    return {party: frozenset(numbers) for party, numbers in found.items()}


def _add(found: Mapping[str, set[int]], sheet: Sheet) -> None:
    found["brand"].update(sheet.brand_ids)
    found["host"].update(one.host_id for one in sheet.people if one.host_id is not None)
    found["agency"].update(one.agency_id for one in sheet.people if one.agency_id is not None)
