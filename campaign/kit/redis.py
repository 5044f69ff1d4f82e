"""Redis (or Valkey): a projection that can be rebuilt, never the only place of anything."""

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

RedisError = redis.RedisError
Client = redis.Redis
"""A synchronous client that answers str."""


def connect(url: str) -> Client:
    """A client whose calls fail within 2 s. No automatic retries: a lost reply would run a script twice."""
    client: Client = redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=2,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=10,
    )
    return client
