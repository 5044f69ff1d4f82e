"""When what a show sells, or does not, must be looked at. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from campaign.kit.fields import Strict
from campaign.parties.house import numbers_in

WINDOW = timedelta(minutes=30)
"""What is paid and refunded is looked at over so long."""


@dataclass(frozen=True)
class WatchRules:
    """When sales ring, as a hub has set it (hub.settings.sales_watch); 0 switches one off.

    quiet_minutes: without a sale on air. refund_percent: refunded of what was paid within the half hour, from
    refund_least refunds on. late_minutes: by which what arrives is old, or nothing was heard.
    """

    quiet_minutes: int = 20
    refund_percent: int = 30
    refund_least: int = 5
    late_minutes: int = 15

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "WatchRules":
        """The hub's own numbers over the defaults."""
        return numbers_in(cls, settings, "sales_watch")


Minutes = Annotated[int, Field(strict=True, ge=0, le=1440)]


class WatchRulesIn(Strict):
    """When sales ring: all four numbers."""

    quiet_minutes: Minutes
    refund_percent: Annotated[int, Field(strict=True, ge=0, le=1000)]
    refund_least: Annotated[int, Field(strict=True, ge=1, le=10_000)]
    late_minutes: Minutes


@dataclass(frozen=True)
class Rush:
    """Refunds that came through within the window, and what was paid in it, of one currency; minor units."""

    currency: str
    refunds: int
    refunded_fen: int
    paid_fen: int


@dataclass(frozen=True)
class Selling:
    """A show on air. last_sale_at: the newest order placed in it. lag: how old what arrives of its shops is; None
    where nothing is pushed. unheard: for how long a feed of its shops has stopped, so that what it sells is not known.
    """

    session_id: int
    since: datetime
    last_sale_at: datetime | None
    rushes: Iterable[Rush]
    lag: timedelta | None
    unheard: timedelta = timedelta(0)


def troubles(show: Selling, rules: WatchRules, now: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """(kind of alert, what its words need) of a show. While data is late nobody can say that nothing sells."""
    minute = timedelta(minutes=1)
    behind = max(show.lag or show.unheard, show.unheard)
    late = rules.late_minutes > 0 and behind >= rules.late_minutes * minute
    if late:
        yield "sales_late", {"minutes": behind // minute}
    quiet = now - show.unheard - max(show.since, show.last_sale_at or show.since)
    if rules.quiet_minutes > 0 and quiet >= rules.quiet_minutes * minute and not late:
        yield "no_sales", {"minutes": quiet // minute}
    for rush in show.rushes:
        share = rush.refunded_fen * 100 >= rush.paid_fen * rules.refund_percent
        if rules.refund_percent > 0 and rush.refunds >= max(rules.refund_least, 1) and share:
            yield "refund_surge", {"refunds": rush.refunds}
