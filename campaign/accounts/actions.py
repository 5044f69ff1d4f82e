"""Making users, keys and connectors."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.accounts.models import ApiKey, Connector, Membership, User
from campaign.accounts.secrets import hash_password, new_token, token_hash
from campaign.audit import actions as audit
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import Conflict, FieldError, Invalid, NotFound, Stale
from campaign.kit.sealing import seal, unseal
from campaign.kit.signing import new_secret

SCOPES = {"brand": "brand_id", "agency": "agency_id", "host": "host_id"}


@dataclass(frozen=True)
class Scope:
    """A role and the party it acts for; hub_role only with hub."""

    role: str
    brand_id: int | None = None
    agency_id: int | None = None
    host_id: int | None = None
    hub_role: str | None = None

    def checked(self) -> "Scope":
        """The same with the hub's role filled in; raises Invalid where role and party do not fit."""
        faults = []
        for role, field in SCOPES.items():
            given = getattr(self, field) is not None
            if given != (self.role == role):
                faults.append(FieldError(field, "missing" if role == self.role else "not_for_this_role"))
        if faults:
            raise Invalid(faults)
        hub_role = (self.hub_role or "manager") if self.role == "hub" else None
        return Scope(self.role, self.brand_id, self.agency_id, self.host_id, hub_role)


class EmailTaken(Conflict):
    code = "email_taken"


@dataclass(frozen=True)
class NewKey:
    """What is shown once: the key, and a connector's signing secret."""

    id: int
    key: str
    connector_id: int | None = None
    secret: str | None = None


def create_user(
    db: Session, actor: Actor, *, email: str, name: str, password: str, scope: Scope, locale: str = "zh_CN"
) -> User:
    """A user with one membership. Raises EmailTaken, Invalid (short password, wrong scope)."""
    scope = scope.checked()
    faults = []
    if "@" not in email or len(email) > 200:
        faults.append(FieldError("email", "email"))
    if len(password) < 8:
        faults.append(FieldError("password", "too_short", {"least": 8}))
    if faults:
        raise Invalid(faults)
    if db.scalar(select(User.id).where(func.lower(User.email) == email.lower())) is not None:
        raise EmailTaken(email=email)
    user = User(email=email, name=name, password_hash=hash_password(password), locale=locale)
    db.add(user)
    db.flush()
    db.add(
        Membership(
            user_id=user.id,
            role=scope.role,
            hub_role=scope.hub_role,
            brand_id=scope.brand_id,
            agency_id=scope.agency_id,
            host_id=scope.host_id,
        )
    )
    db.flush()
    audit.note(db, actor, "user.created", "user", user.id, {"role": scope.role})
    return user


def create_key(
    db: Session,
    actor: Actor,
    *,
    secret_key: bytes,
    name: str,
    scope: Scope,
    shop_ids: list[int] | None = None,
) -> NewKey:
    """An API key, shown this once. A connector's key comes with a connector and its signing secret.

    `secret_key` is the installation's, under which the signing secret is sealed.
    """
    scope = scope.checked()
    connector, secret = None, None
    if scope.role == "connector":
        connector, secret = create_connector(
            db, actor, secret_key=secret_key, name=name, shop_ids=shop_ids or []
        )
    token = new_token("xl_")
    key = ApiKey(
        name=name,
        key_hash=token_hash(token),
        role=scope.role,
        hub_role=scope.hub_role,
        brand_id=scope.brand_id,
        agency_id=scope.agency_id,
        host_id=scope.host_id,
        connector_id=connector.id if connector else None,
    )
    db.add(key)
    db.flush()
    audit.note(db, actor, "key.created", "key", key.id, {"role": scope.role, "name": name})
    return NewKey(key.id, token, connector.id if connector else None, secret)


def revoke_key(db: Session, actor: Actor, key_id: int) -> None:
    """Make a key worthless from now on; twice changes nothing. Raises NotFound."""
    key = db.get(ApiKey, key_id)
    if key is None:
        raise NotFound
    if key.revoked_at is None:
        key.revoked_at = clock.now(db)
        db.flush()
        audit.note(db, actor, "key.revoked", "key", key.id, {})


def create_connector(
    db: Session,
    actor: Actor,
    *,
    secret_key: bytes,
    name: str,
    shop_ids: list[int],
    kind: str = "push",
    secret: str | None = None,
) -> tuple[Connector, str]:
    """A connector and its secret, stored sealed: a fresh signing secret, shown once, unless one is given."""
    secret = secret or new_secret()
    sealed = seal(secret_key, secret, context="connector")
    now = clock.now(db)
    connector = Connector(
        kind=kind, name=name, shop_ids=shop_ids, secret_sealed=sealed, created_at=now, updated_at=now
    )
    db.add(connector)
    db.flush()
    audit.note(db, actor, "connector.created", "connector", connector.id, {"name": name})
    return connector, secret


def expect(db: Session, actor: Actor, connector: Connector, rev: int | None) -> None:
    """Lock a connector before a change to it: of two at once the second sees what the first did.

    Raises NotFound where it was archived meanwhile, Stale where its revision is not the one expected.
    """
    db.refresh(connector, with_for_update=True)
    if connector.archived_at is not None:
        raise NotFound
    if rev not in (None, connector.rev):
        raise Stale


def rotate_secret(
    db: Session,
    actor: Actor,
    connector: Connector,
    *,
    secret_key: bytes,
    overlap: timedelta = timedelta(hours=24),
    secret: str | None = None,
    expected_rev: int | None = None,
) -> str:
    """A new secret, made here unless given; the one before stays valid for `overlap`. Raises Stale."""
    expect(db, actor, connector, expected_rev)
    secret = secret or new_secret()
    connector.previous_sealed = connector.secret_sealed
    connector.updated_at = clock.now(db)
    connector.previous_until = connector.updated_at + overlap
    connector.secret_sealed = seal(secret_key, secret, context="connector")
    connector.rev += 1
    db.flush()
    audit.note(db, actor, "connector.secret_rotated", "connector", connector.id, {})
    return secret


def archive_connector(
    db: Session, actor: Actor, connector: Connector, *, expected_rev: int | None = None
) -> None:
    """Take it out of use: what it pushes is a stranger's, its platform is asked no more, what it brought stays.

    Raises NotFound where it was archived before, Stale.
    """
    expect(db, actor, connector, expected_rev)
    connector.archived_at = connector.updated_at = clock.now(db)
    connector.rev += 1
    db.flush()
    audit.note(db, actor, "connector.archived", "connector", connector.id, {})


def reseal(
    db: Session,
    actor: Actor,
    connector: Connector,
    change: Callable[[str], str],
    *,
    secret_key: bytes,
    expected_rev: int | None = None,
) -> None:
    """Change a part of every secret that counts, of the overlapping one too. Raises NotFound, Stale."""
    expect(db, actor, connector, expected_rev)

    def changed(sealed: bytes) -> bytes:
        opened = unseal(secret_key, sealed, context="connector")
        return seal(secret_key, change(opened), context="connector")

    connector.secret_sealed = changed(connector.secret_sealed)
    if connector.previous_sealed is not None:
        connector.previous_sealed = changed(connector.previous_sealed)
    connector.updated_at = clock.now(db)
    connector.rev += 1
    db.flush()


def renew_secret(db: Session, connector: Connector, *, secret_key: bytes, secret: str) -> None:
    """Put a newer form of the same secret in its place; the one that overlaps stays as it is."""
    connector.secret_sealed = seal(secret_key, secret, context="connector")
    db.flush()


def secrets_of(connector: Connector, *, secret_key: bytes, now: datetime) -> list[str]:
    """The signing secrets that count now: the newest, and the one before while it overlaps."""
    found = [newest_secret(connector, secret_key=secret_key)]
    if connector.previous_sealed is not None and connector.previous_until and now < connector.previous_until:
        found.append(unseal(secret_key, connector.previous_sealed, context="connector"))
    return found


def newest_secret(connector: Connector, *, secret_key: bytes) -> str:
    return unseal(secret_key, connector.secret_sealed, context="connector")
