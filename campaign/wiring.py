"""The only place where settings become engine, Redis and queue."""

from datetime import timedelta

from campaign.kit import clock, queue, redis
from campaign.kit.database import Database
from campaign.kit.parts import Parts
from config.settings import Settings


def wire(settings: Settings, *, database: Database | None = None, nudges: bool = True) -> Parts:
    """Join the parts of one process. Tests hand in a database bound to their own connection."""
    clock.set_offset(timedelta(seconds=settings.clock_offset_seconds))
    queue.use(queue.for_broker(settings.redis_url) if nudges else None)
    return Parts(
        settings=settings,
        database=database or Database.connect(settings.database_url, pool_size=settings.pool_size),
        redis=redis.connect(settings.redis_url),
    )
