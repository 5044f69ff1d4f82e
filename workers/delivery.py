"""Tasks of delivery. Sending itself is the sender's; the clock only sweeps."""

import time

from campaign.delivery import sweep as acts
from campaign.delivery.troubles import tell_troubles
from campaign.kit.actor import SYSTEM
from campaign.kit.parts import Parts
from workers.task import task

SWEEP_SECONDS = 20.0
"""Of one turn: the next one comes after thirty."""


@task("delivery.sweep")
def sweep(parts: Parts) -> int:
    """Strays to their place, some thousands in a transaction, the sender woken; the next turn goes on from there."""
    done, until = 0, time.monotonic() + SWEEP_SECONDS
    while True:
        with parts.database.transaction(SYSTEM) as db:
            moved = acts.sweep(db, SYSTEM, event_days=parts.settings.event_days)
        done += moved
        if not moved or time.monotonic() >= until:
            return done


@task("delivery.troubles")
def troubles(parts: Parts) -> int:
    """Agencies and the hub told of endpoints that fail."""
    with parts.database.transaction(SYSTEM) as db:
        return tell_troubles(db, SYSTEM)


@task("delivery.partitions")
def partitions(parts: Parts) -> int:
    """Days made ahead and dropped behind, each table in a transaction of its own; facts long told forgotten."""
    settings, transaction = parts.settings, parts.database.transaction
    done = 0
    kept = acts.days_kept(event_days=settings.event_days, attempt_days=settings.attempt_days)
    for table, days in kept.items():
        with transaction(SYSTEM) as db:
            done += acts.make_days(db, SYSTEM, table)
        with transaction(SYSTEM) as db:
            done += acts.drop_days(db, SYSTEM, table, days)
    with transaction(SYSTEM) as db:
        return done + acts.forget_facts(db, SYSTEM, event_days=settings.event_days)
