"""Tasks of delivery. Sending itself is the sender's; the clock only sweeps."""

from campaign.delivery import sweep as acts
from campaign.delivery.troubles import tell_troubles
from campaign.kit.actor import SYSTEM
from campaign.kit.parts import Parts
from workers.task import task


@task("delivery.sweep")
def sweep(parts: Parts) -> int:
    """Strays to their place, the sender woken."""
    with parts.database.transaction(SYSTEM) as db:
        return acts.sweep(db, SYSTEM, event_days=parts.settings.event_days)


@task("delivery.troubles")
def troubles(parts: Parts) -> int:
    """Agencies and the hub told of endpoints that fail."""
    with parts.database.transaction(SYSTEM) as db:
        return tell_troubles(db, SYSTEM)


@task("delivery.partitions")
def partitions(parts: Parts) -> int:
    """Days made ahead and dropped behind."""
    with parts.database.transaction(SYSTEM) as db:
        days = {"event_days": parts.settings.event_days, "attempt_days": parts.settings.attempt_days}
        return acts.keep_partitions(db, SYSTEM, **days)
