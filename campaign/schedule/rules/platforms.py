"""What a platform takes as one live stream. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from campaign.schedule.rules.conflict import Conflict
from campaign.schedule.rules.facts import Facts
from campaign.schedule.rules.plan import Plan


@dataclass(frozen=True)
class PlatformLimit:
    """What a platform takes as one live stream; None: no limit known."""

    shortest: timedelta | None = None
    longest: timedelta | None = None
    products: int | None = None


PLATFORM_LIMITS: Mapping[str, PlatformLimit] = {
    "tiktok_shop": PlatformLimit(timedelta(minutes=30), timedelta(hours=13), 100),
}
"""As TikTok's help pages give them."""


def platform_limits(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """Shorter, longer or with more products than a platform takes."""
    length, products = plan.session.length, len(plan.product_ids)
    broken: list[tuple[str, dict[str, Any]]] = []
    for platform in sorted({outlet.platform for outlet in plan.outlets}):
        limit = PLATFORM_LIMITS.get(platform, PlatformLimit())
        if limit.shortest is not None and length < limit.shortest:
            broken.append(("platform_too_short", {"platform": platform, "minutes": _minutes(limit.shortest)}))
        if limit.longest is not None and length > limit.longest:
            broken.append(("platform_too_long", {"platform": platform, "minutes": _minutes(limit.longest)}))
        if limit.products is not None and products > limit.products:
            broken.append(("platform_products", {"platform": platform, "most": limit.products}))
    for rule, params in broken:
        yield Conflict(rule, "session", None, plan.session.starts_at, plan.session.ends_at, params=params)


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds() // 60)
