"""How often somebody may knock, or ask for one thing: counted in Redis, in this process while Redis is away."""

import math
import time
from collections.abc import Callable

from flask import g
from flask_limiter import Limiter
from flask_limiter.errors import RateLimitExceeded

from campaign.gate.clients import client_key
from campaign.kit.errors import TooOften

limiter = Limiter(client_key, in_memory_fallback_enabled=True, headers_enabled=False)
"""Routes name their own limits (sign-in); there is no general one. By address: of the client, past trusted proxies."""

_UNKNOWN_SECONDS = 60


def seconds_left() -> int:
    """How long until the limit that was just met allows the next."""
    met = limiter.current_limit
    return _UNKNOWN_SECONDS if met is None else max(1, math.ceil(met.window[0] - time.time()))


def allowance(limits: str, scope: str) -> Callable[[str], None]:
    """A call that counts one use by the key given to it, whichever page or route it is made from.

    To be called once it is known that the key is the caller's to use: what strangers try counts against nobody. The
    call raises TooOften past `limits` (such as "10 per minute; 60 per hour").
    """

    def count() -> None:
        """Counted by being called."""

    # The limiter knows functions by their names.
    count.__qualname__ = scope
    counted = limiter.shared_limit(limits, scope=scope, key_func=lambda: str(g.counted_by))(count)

    def spend(key: str) -> None:
        g.counted_by = key
        try:
            counted()
        except RateLimitExceeded as error:
            raise TooOften(retry_after=seconds_left()) from error

    return spend


# Of one webhook endpoint, by its id. A test is one request, sent again is one or a handful while somebody looks for a
# fault, a replay is up to a month of events.
hook_tested = allowance("30 per minute", "endpoint tested")
hook_resent = allowance("120 per minute", "delivery sent again")
hook_replayed = allowance("10 per minute; 60 per hour", "endpoint replayed")
