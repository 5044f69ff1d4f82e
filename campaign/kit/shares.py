"""How many of one party may do something at a time, whatever process each came to: counted in Redis.

While Redis is away it is counted in each process alone, so that even then nobody takes all the places of one.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar
from uuid import uuid4

import structlog

from campaign.kit.errors import DomainError
from campaign.kit.redis import Client, RedisError

log = structlog.get_logger(__name__)

_MARGIN_SECONDS = 10.0
"""A place whose process died is free so long after it should have been given back."""

_COME_BACK_SECONDS = 5

# A sorted set of who is there, by when each is given up: Redis's own clock, so that all processes mean the same.
_TAKE = """
local told = redis.call('TIME')
local now = told[1] + told[2] / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], 3600)
return 1
"""


class ShareTaken(DomainError):
    """As many of this party are at it as may; again after `retry_after` seconds."""

    status: ClassVar[int] = 429
    code: ClassVar[str] = "too_many_of_yours"

    def __init__(self, most: int) -> None:
        super().__init__(most=most)
        self.retry_after = _COME_BACK_SECONDS


class Shares:
    """At most `most` of each party at a time do what `name` says."""

    def __init__(self, client: Client, name: str, *, most: int) -> None:
        self._client = client
        self._name = name
        self._most = most
        self._here: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def held(self, who: str, seconds: float) -> Iterator[None]:
        """One of the party's for the length of the block, which ends within so many seconds. Raises ShareTaken."""
        with self._held_here(who):
            member = uuid4().hex
            is_counted = self._take(who, member, seconds)
            try:
                yield
            finally:
                if is_counted:
                    self._give_back(who, member)

    @contextmanager
    def _held_here(self, who: str) -> Iterator[None]:
        with self._lock:
            if self._here[who] >= self._most:
                raise ShareTaken(self._most)
            self._here[who] += 1
        try:
            yield
        finally:
            with self._lock:
                self._here[who] -= 1
                if not self._here[who]:
                    del self._here[who]

    def _take(self, who: str, member: str, seconds: float) -> bool:
        try:
            taken = self._client.eval(
                _TAKE, 1, self._key(who), str(self._most), str(seconds + _MARGIN_SECONDS), member
            )
        except RedisError as error:
            log.warning("share_not_counted", share=self._name, error=str(error)[:200])
            return False
        if not taken:
            raise ShareTaken(self._most)
        return True

    def _give_back(self, who: str, member: str) -> None:
        try:
            self._client.zrem(self._key(who), member)
        except RedisError as error:
            # It is given up by itself.
            log.warning("share_not_given_back", share=self._name, error=str(error)[:200])

    def _key(self, who: str) -> str:
        return f"share:{self._name}:{who}"
