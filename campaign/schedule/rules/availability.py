"""Whether the hosts are there: leave, and the hours they keep. Pure."""

from collections.abc import Iterator

from campaign.schedule.rules.conflict import Conflict
from campaign.schedule.rules.facts import Facts
from campaign.schedule.rules.plan import Plan


def availability(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """host_away: on leave during the shift. host_unavailable: outside the hours the host keeps each week."""
    for person in plan.people:
        windows = facts.host_windows.get(person.host_id)
        if windows is None:
            continue
        for one in windows.shut(person.shift, facts.zone):
            yield Conflict(
                "host_away" if one.dated else "host_unavailable",
                "host",
                person.host_id,
                one.span.starts_at,
                one.span.ends_at,
                params={
                    "host": person.name,
                    "from": facts.local(one.span.starts_at),
                    "to": facts.local(one.span.ends_at),
                },
            )
