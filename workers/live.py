"""Tasks of the clock."""

from campaign.kit.actor import SYSTEM
from campaign.kit.parts import Parts
from campaign.live.clock import tick
from campaign.live.flagging import flag_clashes
from campaign.schedule.waiting.sweep import sweep
from workers.task import task


@task("live.tick")
def tick_once(parts: Parts) -> int:
    """Take every edge that is due."""
    return tick(parts.database)


@task("live.clashes")
def flag(parts: Parts) -> int:
    """Tell the hub of sessions booked in a leave or closure."""
    with parts.database.transaction(SYSTEM) as db:
        return flag_clashes(db, SYSTEM)


@task("live.waiting")
def serve_the_line(parts: Parts) -> int:
    """Hold freed places for those who wait for them."""
    return sweep(parts.database)
