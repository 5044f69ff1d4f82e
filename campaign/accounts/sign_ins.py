"""Signing in and out, and finding the actor behind a cookie or a key."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import ARRAY, LargeBinary, any_, bindparam, func, select, update
from sqlalchemy.orm import Session

from campaign.accounts.models import ApiKey, Connector, Membership, SignIn, User
from campaign.accounts.secrets import new_token, password_matches, token_hash, waste_a_check
from campaign.audit import actions as audit
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor, Role
from campaign.kit.errors import DomainError

LASTS = timedelta(days=14)
_SEEN_EVERY = timedelta(minutes=5)


class WrongPassword(DomainError):
    """Address or password is wrong; which of the two is not said."""

    status = 401
    code = "wrong_password"


def sign_in(db: Session, email: str, password: str, *, user_agent: str = "") -> str | None:
    """Check the password and open a sign-in under the user's first membership; gives the cookie's token.

    None when address or password is wrong: no exception, so that the refusal noted in the audit is kept.
    """
    user = db.scalars(select(User).where(func.lower(User.email) == email.strip().lower())).one_or_none()
    if user is None or not user.active:
        waste_a_check(password)
        return None
    if not password_matches(user.password_hash, password):
        audit.note(db, SYSTEM, "sign_in.refused", "user", user.id, {})
        return None
    membership = db.scalars(
        select(Membership).where(Membership.user_id == user.id).order_by(Membership.id).limit(1)
    ).one_or_none()
    if membership is None:
        return None
    token, at = new_token(), clock.now(db)
    db.add(
        SignIn(
            token_hash=token_hash(token),
            user_id=user.id,
            membership_id=membership.id,
            user_agent=user_agent[:200],
            created_at=at,
            seen_at=at,
            expires_at=at + LASTS,
        )
    )
    audit.note(db, _actor(user, membership), "sign_in", "user", user.id, {})
    return token


def sign_out(db: Session, token: str) -> None:
    """Revoke the sign-in behind a cookie; an unknown token changes nothing."""
    db.execute(update(SignIn).where(SignIn.token_hash == token_hash(token)).values(revoked_at=clock.now(db)))


def find_signed_in(db: Session, token: str) -> tuple[Actor, User] | None:
    """The actor and user of a living sign-in, or None."""
    row = db.execute(
        select(SignIn, User, Membership)
        .join(User, User.id == SignIn.user_id)
        .join(Membership, Membership.id == SignIn.membership_id)
        .where(
            SignIn.token_hash == token_hash(token),
            SignIn.revoked_at.is_(None),
            SignIn.expires_at > clock.now(db),
            User.active,
        )
    ).one_or_none()
    if row is None:
        return None
    entry, user, membership = row
    if clock.now(db) - entry.seen_at > _SEEN_EVERY:
        entry.seen_at = clock.now(db)
    return _actor(user, membership), user


def set_locale(db: Session, actor: Actor, locale: str) -> None:
    """Keep the language a user chose."""
    db.execute(update(User).where(User.id == actor.id).values(locale=locale))


def find_key_holder(db: Session, key: str) -> Actor | None:
    """The actor behind an API key, or None when it is unknown or revoked."""
    return find_key_holders(db, [key]).get(key)


_HOLDERS = (
    select(
        ApiKey.id,
        ApiKey.name,
        ApiKey.role,
        ApiKey.hub_role,
        ApiKey.brand_id,
        ApiKey.agency_id,
        ApiKey.host_id,
        ApiKey.connector_id,
        ApiKey.key_hash,
        Connector.shop_ids,
    )
    .outerjoin(Connector, Connector.id == ApiKey.connector_id)
    .where(
        ApiKey.key_hash == any_(bindparam("hashes", type_=ARRAY(LargeBinary))),
        ApiKey.revoked_at.is_(None),
        Connector.archived_at.is_(None),
    )
)


def find_key_holders(db: Session, keys: Iterable[str]) -> dict[str, Actor]:
    """The actors behind API keys, in one look; who is unknown or revoked is left out."""
    hashes = {token_hash(key): key for key in keys}
    return {
        hashes[bytes(row.key_hash)]: Actor(
            kind="key",
            role=cast(Role, row.role),
            id=row.id,
            name=row.name,
            hub_role=cast(Any, row.hub_role),
            brand_id=row.brand_id,
            agency_id=row.agency_id,
            host_id=row.host_id,
            connector_id=row.connector_id,
            shop_ids=tuple(row.shop_ids or ()),
        )
        for row in db.execute(_HOLDERS, {"hashes": list(hashes)})
    }


def _actor(user: User, membership: Membership) -> Actor:
    return Actor(
        kind="user",
        role=cast(Role, membership.role),
        id=user.id,
        name=user.name,
        hub_role=cast(Any, membership.hub_role),
        brand_id=membership.brand_id,
        agency_id=membership.agency_id,
        host_id=membership.host_id,
    )
