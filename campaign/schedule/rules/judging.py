"""Putting a plan to every rule, and telling what is new from what stood before. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from campaign.schedule.rules.availability import availability
from campaign.schedule.rules.conflict import Conflict
from campaign.schedule.rules.deadlines import answer_time, past_start
from campaign.schedule.rules.exclusivity import agency_exclusive, brand_exclusive
from campaign.schedule.rules.facts import Facts
from campaign.schedule.rules.goods import rival_brands, same_sku
from campaign.schedule.rules.hours import closures, opening_hours
from campaign.schedule.rules.overlaps import overlaps
from campaign.schedule.rules.plan import Plan
from campaign.schedule.rules.platforms import platform_limits
from campaign.schedule.rules.rest import rest
from campaign.schedule.rules.table import RULES

Family = Callable[[Plan, Facts], Iterable[Conflict]]
FAMILIES: Mapping[Family, tuple[str, ...]] = {
    overlaps: ("studio_overlap", "host_overlap", "account_overlap", "crew_overlap"),
    closures: ("studio_closed", "hub_closed"),
    opening_hours: ("outside_hours",),
    availability: ("host_away", "host_unavailable"),
    rest: ("host_stretch", "host_day", "host_night"),
    agency_exclusive: ("agency_exclusive",),
    brand_exclusive: ("brand_exclusive",),
    rival_brands: ("rival_brands",),
    same_sku: ("same_sku",),
    platform_limits: ("platform_too_short", "platform_too_long", "platform_products"),
    answer_time: ("answer_time",),
    past_start: ("past_start",),
}
"""Each family of rules with the codes it may find."""


@dataclass(frozen=True)
class Findings:
    """What stands in a plan's way. hard: refused. soft: wants a reason. known: stood before, asks nothing."""

    hard: tuple[Conflict, ...] = ()
    soft: tuple[Conflict, ...] = ()
    known: tuple[Conflict, ...] = ()

    def softened(self) -> "Findings":
        """Hard rules that no constraint backs ask for a reason instead: for what is on air anyway."""
        fixed = tuple(one for one in self.hard if RULES[one.rule].fixed)
        bent = tuple(one for one in self.hard if not RULES[one.rule].fixed)
        return Findings(fixed, bent + self.soft, self.known)


def judge(plan: Plan, facts: Facts, before: Plan | None = None) -> Findings:
    """All that the rules find in a plan; `before` is the plan that stood, whose own troubles are no news."""
    found = list(_found(plan, facts))
    if before is None:
        return _sorted(found, facts)
    stood = {conflict.key for conflict in _found(before, facts)}
    same_start = before.session.starts_at == plan.session.starts_at

    def is_known(conflict: Conflict) -> bool:
        rule = RULES[conflict.rule]
        if rule.of_start:
            return same_start
        return not rule.fixed and conflict.key in stood

    new = _sorted([conflict for conflict in found if not is_known(conflict)], facts)
    return Findings(new.hard, new.soft, tuple(conflict for conflict in found if is_known(conflict)))


def _found(plan: Plan, facts: Facts) -> Iterable[Conflict]:
    for family, codes in FAMILIES.items():
        if any(facts.settings.level(code) != "off" for code in codes):
            for conflict in family(plan, facts):
                if facts.settings.level(conflict.rule) != "off":
                    yield conflict


def _sorted(found: Iterable[Conflict], facts: Facts) -> Findings:
    every = list(found)
    return Findings(
        hard=tuple(one for one in every if facts.settings.level(one.rule) == "hard"),
        soft=tuple(one for one in every if facts.settings.level(one.rule) == "soft"),
    )
