"""Making and checking passwords, keys and tokens. No database."""

import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

# 19 MiB, 2 passes: the smaller of OWASP's argon2id settings, about 25 ms on one core.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def password_matches(stored: str, password: str) -> bool:
    """Constant-time check of a password against its argon2id hash."""
    try:
        return _hasher.verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False


def waste_a_check(password: str) -> None:
    """Spend what a check costs, so that an unknown address answers no faster than a wrong password."""
    _hasher.hash(password)


def new_token(prefix: str = "") -> str:
    """256 random bits as text; `prefix` names what it is (xl_ for API keys) so that leaks can be found."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """SHA-256; enough for tokens of 256 random bits, which cannot be guessed from a list."""
    return hashlib.sha256(token.encode()).digest()
