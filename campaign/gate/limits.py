"""How often a stranger may knock: counted in Redis, in this process while Redis is away."""

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(get_remote_address, in_memory_fallback_enabled=True, headers_enabled=False)
"""Routes name their own limits (sign-in); there is no general one. By address: behind a proxy, set it there."""
