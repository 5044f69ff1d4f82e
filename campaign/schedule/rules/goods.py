"""Brands and goods too near each other: competitors back to back, the same SKU again on a platform. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from campaign.schedule.rules.conflict import Conflict
from campaign.schedule.rules.facts import Facts, Neighbour
from campaign.schedule.rules.plan import Plan

_NAMED = 3


def rival_brands(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """Brands that compete follow each other in the same studio, with the same host or on the same account."""
    for other in _near(plan, facts, facts.settings.rival_gap):
        if not _meet(plan, other):
            continue
        pairs = [(a, b) for a in plan.brand_ids for b in sorted(other.brand_ids) if facts.rivals(a, b)]
        if pairs:
            params = {"brand": facts.name("brand", pairs[0][0]), "other": facts.name("brand", pairs[0][1])}
            yield _conflict(facts, other, "rival_brands", "brand", pairs[0][1], params)


def same_sku(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """A product is sold on the same platform again before it has rested."""
    platforms = {outlet.platform for outlet in plan.outlets}
    for other in _near(plan, facts, facts.settings.sku_gap):
        shared = [product_id for product_id in plan.product_ids if product_id in other.product_ids]
        common = sorted(platforms & other.platforms)
        if shared and common:
            skus = [facts.name("product", product_id) for product_id in shared[:_NAMED]]
            more = f" (+{len(shared) - _NAMED})" if len(shared) > _NAMED else ""
            params = {"skus": ", ".join(skus) + more, "platform": common[0]}
            params |= {"minutes": str(facts.settings.sku_gap_minutes)}
            yield _conflict(facts, other, "same_sku", "product", shared[0], params)


def _near(plan: Plan, facts: Facts, gap: timedelta) -> Iterator[Neighbour]:
    """Other sessions with less than `gap` between their end and our start, or ours and theirs."""
    for other in facts.neighbours:
        apart = max(other.span.starts_at - plan.session.ends_at, plan.session.starts_at - other.span.ends_at)
        if other.session_id != plan.session_id and apart < gap:
            yield other


def _meet(plan: Plan, other: Neighbour) -> bool:
    return (
        plan.studio.id == other.studio_id
        or bool(plan.host_ids & other.host_ids)
        or bool(set(plan.account_ids) & other.account_ids)
    )


def _conflict(
    facts: Facts, other: Neighbour, rule: str, kind: str, thing_id: int, params: dict[str, str]
) -> Conflict:
    when = {"from": facts.local(other.span.starts_at), "to": facts.local(other.span.ends_at)}
    return Conflict(
        rule,
        kind,
        thing_id,
        other.span.starts_at,
        other.span.ends_at,
        other.session_id if other.session_id > 0 else None,
        {"title": other.title} | when | params,
    )
