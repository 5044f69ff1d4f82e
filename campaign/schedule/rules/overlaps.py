"""What the claims refused, in the terms of rules and people. Pure."""

from collections.abc import Iterator

from campaign.schedule.rules.conflict import Conflict
from campaign.schedule.rules.facts import Facts, Taken
from campaign.schedule.rules.plan import Plan

OVERLAPS = {
    "studio": "studio_overlap",
    "host": "host_overlap",
    "platform_account": "account_overlap",
    "crew_pool": "crew_overlap",
}
"""Kind of resource → the rule it breaks when it is taken."""


def overlaps(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """Hard, by the database's word: the studio with its turnaround, a host, an account on air twice, a crew."""
    for other in facts.taken:
        if other.session_id != plan.session_id:
            yield _overlap(plan, facts, other)


def _overlap(plan: Plan, facts: Facts, other: Taken) -> Conflict:
    names = {("studio", plan.studio.id): plan.studio.name}
    names |= {("host", person.host_id): person.name for person in plan.people}
    names |= {("crew_pool", need.pool_id): need.name for need in plan.crew}
    name = names.get((other.kind, other.thing_id)) or facts.name(other.kind, other.thing_id)
    return Conflict(
        rule=OVERLAPS[other.kind],
        resource_type=other.kind,
        resource_id=other.thing_id,
        starts_at=other.span.starts_at,
        ends_at=other.span.ends_at,
        session_id=other.session_id,
        params={
            "name": name,
            "title": other.title,
            "from": facts.local(other.session.starts_at),
            "to": facts.local(other.session.ends_at),
        },
    )
