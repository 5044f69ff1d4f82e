"""Tasks of notices: what comes is told in time; strays and old ones are put away. Sending is the sender's."""

from campaign.delivery.notices import sweep as acts
from campaign.kit.actor import SYSTEM
from campaign.kit.parts import Parts
from campaign.live import reminders
from workers.task import task


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
