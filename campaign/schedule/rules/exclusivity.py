"""Promises about a host: to one agency alone, or to a brand. Pure."""

from collections.abc import Iterator

from campaign.schedule.rules.conflict import Conflict
from campaign.schedule.rules.facts import Facts
from campaign.schedule.rules.plan import PersonPlan, Plan


def agency_exclusive(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """A host under an exclusive contract that day is booked past its agency."""
    day = plan.session.starts_at.astimezone(facts.zone).date()
    for person in plan.people:
        for bond in facts.agency_bonds.get(person.host_id, ()):
            if bond.days.hold(day) and bond.agency_id != person.agency_id:
                yield _conflict(plan, person, "agency_exclusive", {"agency": bond.agency})


def brand_exclusive(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """A host promised to a brand that day would sell for another, or for one that competes with it."""
    day = plan.session.starts_at.astimezone(facts.zone).date()
    for person in plan.people:
        for bond in facts.brand_bonds.get(person.host_id, ()):
            against = [
                brand_id
                for brand_id in plan.brand_ids
                if brand_id != bond.brand_id
                and (bond.scope == "all" or facts.rivals(brand_id, bond.brand_id))
            ]
            if bond.days.hold(day) and against:
                params = {"brand": bond.brand, "other": facts.name("brand", against[0])}
                yield _conflict(plan, person, "brand_exclusive", params)


def _conflict(plan: Plan, person: PersonPlan, rule: str, params: dict[str, str]) -> Conflict:
    return Conflict(
        rule,
        "host",
        person.host_id,
        plan.session.starts_at,
        plan.session.ends_at,
        params={"host": person.name} | params,
    )
