"""Redis (or Valkey): a projection that can be rebuilt, never the only place of anything."""

from collections.abc import Iterable
from typing import NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from campaign.kit.ears import IDLE_SECONDS, MOST_WAITING, Ears

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


class Newer(NamedTuple):
    """What is to stand under a key unless the same or a newer version does; `word` is said on the channel if so."""

    key: str
    version: int
    payload: str
    word: str


# Only the version is compared; figures pass as text, because Lua's numbers are doubles and lose fen. Said by the
# script, so that what is told stands already and what did not change is not told.
_WRITE_NEWER = """
local stands = redis.call('HGET', KEYS[1], 'version')
if stands and tonumber(stands) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'payload', ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
"""


def write_newer(client: Client, rows: Iterable[Newer], channel: str) -> int:
    """Put each payload under its key unless one of the same or a newer version stands there; gives how many were.

    One round trip. Safe to repeat.
    """
    pipe = client.pipeline(transaction=False)
    for row in rows:
        pipe.eval(_WRITE_NEWER, 1, row.key, str(row.version), row.payload, channel, row.word)
    return sum(pipe.execute())


class RedisEars(Ears):
    """Listens on one channel of Redis: PUBLISH speaks."""

    lost = (RedisError,)

    def __init__(self, url: str, channel: str, *, most: int = MOST_WAITING) -> None:
        super().__init__(channel, most=most)
        self._url = url

    def _listen(self) -> None:
        client = connect(self._url)
        try:
            with client.pubsub(ignore_subscribe_messages=True) as heard:  # type: ignore[no-untyped-call]
                heard.subscribe(self._name)
                self._say("")  # whatever was said while nobody listened
                while not self._is_over():
                    message = heard.get_message(timeout=IDLE_SECONDS)
                    if message is not None:
                        self._say(message["data"])
        finally:
            client.close()
