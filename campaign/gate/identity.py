"""Who is asking: the bearer of a key, a signed-in browser, or nobody."""

from typing import cast

from flask import g, request

from campaign.accounts.models import User
from campaign.accounts.sign_ins import find_key_holder, find_signed_in
from campaign.gate.current import parts
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import Unauthenticated

COOKIE = "xinji_live"

_IDENTIFIES_NOBODY = frozenset((None, "assets.serve", "api_ingest.push_by_key"))
"""No route at all, a file for everybody, and pushes, whose keys are looked up together with the batch."""


def identify() -> None:
    """Find the actor of this request. Runs before each view; a wrong key is nobody, not an error."""
    g.actor, g.user = None, None
    if request.endpoint in _IDENTIFIES_NOBODY:
        return
    key = find_key()
    cookie = request.cookies.get(COOKIE, "")
    if key is not None:
        if key:
            with parts().database.transaction(SYSTEM) as db:
                g.actor = find_key_holder(db, key)
    elif cookie and not request.path.startswith("/api/"):
        with parts().database.transaction(SYSTEM) as db:
            found = find_signed_in(db, cookie)
        if found is not None:
            g.actor, g.user = found


def find_key() -> str | None:
    """The API key that the request brings: empty when it can be none, None when it brings none."""
    return bearer(request.headers.get("Authorization", ""))


def bearer(authorization: str) -> str | None:
    """The key in an Authorization header, in the same words."""
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key:
        return None
    return key.strip() if key.isascii() and len(key) <= 200 else ""


def find_actor() -> Actor | None:
    """The actor of this request, or None when nobody is signed in."""
    return cast("Actor | None", g.get("actor"))


def get_actor() -> Actor:
    """The actor of this request; raises Unauthenticated."""
    actor = find_actor()
    if actor is None:
        raise Unauthenticated
    return actor


def find_user() -> User | None:
    """The signed-in user's row (name, locale), or None for keys and strangers."""
    return cast("User | None", g.get("user"))
