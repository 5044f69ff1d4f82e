"""When a failed delivery is tried again. Pure: takes what happened, gives a time or the end."""

from datetime import datetime, timedelta
from typing import NamedTuple

from campaign.delivery.states import State, outcome_of

STEPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (0, 5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""The wait before each try, the first at once: 11 tries over 75 h 36 min."""

REFUSED_STEPS = 5
"""A 4xx is rarely mended by waiting: the first five steps (36 min) cover a deploy gone wrong."""

JITTER = 0.2
LONGEST_RETRY_AFTER = timedelta(hours=24)


class Next(NamedTuple):
    """What becomes of the delivery: its state, its place in the table, when it is due (if pending)."""

    state: State
    step: int
    due_at: datetime


def after_try(
    step: int, status: int | None, retry_after_seconds: int | None, now: datetime, chance: float
) -> Next:
    """After the try at place `step` (0 for the first). `chance` in [0, 1) spreads the wait by ±20 %.

    429 and 503 wait for the later of the step and Retry-After. 410 holds: the endpoint is disabled with it.
    """
    outcome = outcome_of(status)
    done = step + 1
    if outcome == "ok":
        return Next("delivered", done, now)
    if outcome == "gone":
        return Next("held", done, now)
    if done >= (REFUSED_STEPS if outcome == "refused" else len(STEPS)):
        return Next("exhausted", done, now)
    wait = STEPS[done] * (1 + JITTER * (2 * chance - 1))
    if outcome == "later" and retry_after_seconds is not None:
        wait = max(wait, min(timedelta(seconds=retry_after_seconds), LONGEST_RETRY_AFTER))
    return Next("pending", done, now + wait)
