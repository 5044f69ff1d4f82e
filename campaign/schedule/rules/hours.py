"""When hub and studio are open: hours of the day, closed days, closures. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from campaign.schedule.rules.conflict import Conflict
from campaign.schedule.rules.facts import Facts
from campaign.schedule.rules.plan import Plan
from campaign.schedule.windows import Windows


def opening_hours(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """Outside the hub's hours. Equal times mean open round the clock."""
    if facts.opens == facts.closes:
        return
    start = plan.session.starts_at.astimezone(facts.zone)
    day = start.date() if start.time() >= facts.opens else start.date() - timedelta(days=1)
    closing_day = day + timedelta(days=facts.closes <= facts.opens)
    closed = datetime.combine(closing_day, facts.closes, tzinfo=facts.zone).astimezone(UTC)
    if plan.session.starts_at < closed and plan.session.ends_at <= closed:
        return
    params = {"opens": facts.opens.strftime("%H:%M"), "closes": facts.closes.strftime("%H:%M")}
    yield Conflict(
        "outside_hours", "session", None, plan.session.starts_at, plan.session.ends_at, params=params
    )


def closures(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """The studio closed while it is needed, set-up and tear-down among it; the hub closed while the show is on."""
    studio = facts.studio_windows.get(plan.studio.id, Windows())
    for one in studio.shut(plan.around, facts.zone):
        yield Conflict(
            "studio_closed",
            "studio",
            plan.studio.id,
            one.span.starts_at,
            one.span.ends_at,
            params={"name": plan.studio.name} | _when(facts, one.span.starts_at, one.span.ends_at),
        )
    for one in facts.hub_windows.shut(plan.session, facts.zone):
        yield Conflict(
            "hub_closed",
            "session",
            None,
            one.span.starts_at,
            one.span.ends_at,
            params=_when(facts, one.span.starts_at, one.span.ends_at),
        )


def _when(facts: Facts, starts_at: datetime, ends_at: datetime) -> dict[str, str]:
    return {"from": facts.local(starts_at), "to": facts.local(ends_at)}
