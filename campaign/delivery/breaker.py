"""The health of an endpoint: when to leave it alone for a while, and when to stop for good. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from campaign.delivery.backoff import LONGEST_RETRY_AFTER, STEPS
from campaign.delivery.states import outcome_of

OPENS_AT = 5
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
DISABLES_AFTER = timedelta(days=5)
DISABLES_AT = 10

Reason = Literal["gone", "failing"]


@dataclass(frozen=True)
class Health:
    """Failures in a row since `failing_since`; while `paused_until` lies ahead nothing is sent.

    With `streak` at OPENS_AT or more the breaker is open: after each pause one delivery goes as a probe, and
    the others wait without losing a try. `failures` counts all tries without a 2xx since `failing_since`, also those
    whose answer said when to come again.
    """

    streak: int = 0
    level: int = 0
    paused_until: datetime | None = None
    failing_since: datetime | None = None
    last_success_at: datetime | None = None
    failures: int = 0
    disabled: Reason | None = None

    @property
    def is_open(self) -> bool:
        return self.streak >= OPENS_AT


def after_answer(
    health: Health, status: int | None, retry_after_seconds: int | None, now: datetime, *, probe: bool
) -> Health:
    """The health after one answer. `probe` says the delivery was sent because a pause had ended."""
    outcome = outcome_of(status)
    if outcome == "ok":
        # What it asked for holds, whatever an answer says that was under way then. A breaker's own pause ends.
        asked = None if health.is_open or (health.paused_until or now) <= now else health.paused_until
        return Health(last_success_at=now, disabled=health.disabled, paused_until=asked)
    if outcome == "gone":
        return replace(health, disabled="gone")
    failing_since = health.failing_since or now
    health = replace(health, failing_since=failing_since, failures=health.failures + 1)
    if health.failures >= DISABLES_AT and now - failing_since >= DISABLES_AFTER:
        health = replace(health, disabled="failing")
    if outcome == "later":
        # It is asked again not before the first retry would be, however soon it asks for it.
        wait = max(min(timedelta(seconds=retry_after_seconds or 0), LONGEST_RETRY_AFTER), STEPS[1])
        health = replace(health, paused_until=_later(health.paused_until, now + wait))
        if retry_after_seconds is not None:
            # It answers and says when: the breaker has nothing to find out.
            return health
    failed = replace(health, streak=health.streak + 1)
    if failed.streak == OPENS_AT:
        failed = replace(failed, level=0, paused_until=_later(health.paused_until, now + FIRST_PAUSE))
    elif failed.is_open and probe:
        level = health.level + 1
        pause = min(FIRST_PAUSE * 2 ** min(level, 10), LONGEST_PAUSE)
        failed = replace(failed, level=level, paused_until=now + pause)
    return failed


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)
