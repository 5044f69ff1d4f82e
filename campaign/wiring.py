"""The only place where settings become engine, Redis and queue."""

from datetime import timedelta

from campaign.accounts import models as accounts
from campaign.audit import models as audit
from campaign.catalog import models as catalog
from campaign.delivery import models as delivery
from campaign.delivery.notices import models as channels
from campaign.delivery.states import FEED
from campaign.kit import clock, queue, redis
from campaign.kit.database import Database
from campaign.kit.ears import DatabaseEars
from campaign.kit.parts import Parts
from campaign.kit.shares import Shares
from campaign.live import models as live
from campaign.outbox import models as outbox
from campaign.outbox import notices
from campaign.parties import models as parties
from campaign.sales import projecting
from campaign.schedule import models as schedule
from config.settings import Settings

FEED_PLACES = 24
"""Who wait for events in one web process: a quarter of its threads (config.processes)."""
FEED_SHARE = 4
"""Who wait of one agency, in all processes together: so none takes all the places of one."""

TABLES = (accounts, audit, catalog, channels, delivery, live, notices, outbox, parties, schedule)
"""Foreign keys cross packages: a process that loads the classes of some tables needs them all."""


def wire(settings: Settings, *, database: Database | None = None, nudges: bool = True) -> Parts:
    """Join the parts of one process. Tests hand in a database bound to their own connection."""
    clock.set_offset(timedelta(seconds=settings.clock_offset_seconds))
    queue.use(queue.for_broker(settings.redis_url) if nudges else None)
    client = redis.connect(settings.redis_url)
    return Parts(
        settings=settings,
        database=database or Database.connect(settings.database_url, pool_size=settings.pool_size),
        redis=client,
        feed=DatabaseEars(settings.database_url, FEED, most=FEED_PLACES),
        feed_shares=Shares(client, FEED, most=FEED_SHARE),
        live=redis.RedisEars(settings.redis_url, projecting.CHANNEL),
    )
