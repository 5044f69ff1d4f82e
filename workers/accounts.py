"""Tasks of accounts."""

from campaign.accounts.tidy import tidy
from campaign.kit.actor import SYSTEM
from campaign.kit.parts import Parts
from workers.task import task


@task("accounts.tidy")
def tidy_up(parts: Parts) -> int:
    """Throw away what is past its time."""
    with parts.database.transaction(SYSTEM) as db:
        return tidy(db, SYSTEM)
