"""Too late: to begin at all, or for those who must agree to answer. Pure."""

from collections.abc import Iterator

from campaign.schedule.rules.conflict import Conflict
from campaign.schedule.rules.facts import Facts
from campaign.schedule.rules.plan import Plan


def past_start(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """It would start before now."""
    if plan.session.starts_at < facts.now:
        yield Conflict("past_start", "session", None, plan.session.starts_at, plan.session.ends_at)


def answer_time(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """Somebody must agree first and could hardly answer before the start."""
    left = plan.session.starts_at - facts.now
    asked = [person for person in plan.people if person.agency_id is not None or person.kind != "in_house"]
    # What has begun is in the past, which has a rule of its own.
    if asked and left.total_seconds() >= 0 and left < facts.settings.answer_time:
        params = {"host": asked[0].name, "minutes": facts.settings.answer_minutes}
        yield Conflict(
            "answer_time", "session", None, plan.session.starts_at, plan.session.ends_at, params=params
        )
