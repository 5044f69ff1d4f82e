"""Tasks of the clock."""

from campaign.kit.parts import Parts
from campaign.live.clock import tick
from workers.task import task


@task("live.tick")
def tick_once(parts: Parts) -> int:
    """Take every edge that is due."""
    return tick(parts.database)
