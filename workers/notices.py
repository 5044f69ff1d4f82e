"""Tasks of notices: what comes is told in time; strays and old ones are put away. Sending is the sender's."""

from campaign.delivery.notices import sweep as acts
from campaign.insight import sending
from campaign.kit.actor import SYSTEM
from campaign.kit.parts import Parts
from campaign.live import reminders
from workers.task import task

MOST_SUMMARIES = 50
"""At a turn: what is left comes with the next, before the time limit of tasks."""


@task("notices.remind")
def remind(parts: Parts) -> int:
    """Tell what is due now."""
    with parts.database.transaction(SYSTEM) as db:
        return reminders.sweep(db, SYSTEM)


@task("notices.sweep")
def sweep(parts: Parts) -> int:
    """Strays to their place, old ones away."""
    with parts.database.transaction(SYSTEM) as db:
        return acts.sweep(db, SYSTEM)


@task("notices.summaries")
def summaries(parts: Parts) -> int:
    """Summaries that are due, each in a transaction of its own."""
    sent = 0
    while sent < MOST_SUMMARIES:
        with parts.database.transaction(SYSTEM) as db:
            if not sending.send_due(db, SYSTEM):
                break
        sent += 1
    return sent
