"""The joined parts of one process: what wiring makes and entry points hand on."""

from dataclasses import dataclass

from campaign.kit.database import Database
from campaign.kit.ears import Ears
from campaign.kit.redis import Client
from campaign.kit.shares import Shares
from config.settings import Settings


@dataclass(frozen=True)
class Parts:
    """Settings, database and Redis, joined once per process in wiring."""

    settings: Settings
    database: Database
    redis: Client
    feed: Ears
    """Wakes who waits for events to come into the feed; topics are agency ids."""
    feed_shares: Shares
    """How many of one agency, or of the hub, wait for events at a time."""
    live: Ears
    """Wakes who follows a show on air; topics are session ids."""
