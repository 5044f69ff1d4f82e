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


# Only the version is compared; figures pass as text, because Lua's numbers are doubles and lose fen.
_WRITE_NEWER = """
local stands = redis.call('HGET', KEYS[1], 'version')
if stands and tonumber(stands) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'payload', ARGV[2])
return 1
"""


def write_newer(client: Client, key: str, version: int, payload: str) -> bool:
    """Put payload under key unless one of the same or a newer version stands there. Safe to repeat."""
    return bool(client.eval(_WRITE_NEWER, 1, key, str(version), payload))
