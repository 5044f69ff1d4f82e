"""The platforms that push, and what they gave our accounts there: sealed at rest, rotated with an overlap."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from ipaddress import ip_network

from sqlalchemy.orm import Session

from campaign.accounts import actions
from campaign.accounts.models import Connector
from campaign.accounts.secrets import new_token
from campaign.audit.actions import note
from campaign.connectors import turns
from campaign.connectors.douyin.pushes import DOUYIN
from campaign.connectors.protocol import Credentials, Platform
from campaign.connectors.schemas import ACCOUNT_FIELDS, ConnectorChangeIn, ConnectorIn, CredentialsIn
from campaign.connectors.tiktok_shop.pushes import TIKTOK_SHOP
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.addresses import Address, Blocked, Network, check_url
from campaign.kit.errors import FieldError, Invalid, WrongState
from campaign.kit.ids import public
from campaign.parties import queries as parties
from campaign.parties.models import Shop

PLATFORMS: dict[str, Platform] = {one.kind: one for one in (TIKTOK_SHOP, DOUYIN)}


@dataclass(frozen=True)
class Made:
    """A connector with what is shown this once: a push's signing secret, or the path that a platform is to push to."""

    connector: Connector
    secret: str | None = None
    push_path: str | None = None


def add(
    db: Session, actor: Actor, given: ConnectorIn, *, secret_key: bytes, allow: Sequence[Network] = ()
) -> Made:
    """A connector of any kind. Raises Invalid for fields that its kind has not or lacks, and for its base_url."""
    for shop_id in given.shop_ids:
        parties.get(db, actor, Shop, shop_id)
    if given.kind == "push":
        odd = [name for name in ACCOUNT_FIELDS if getattr(given, name)]
        if odd:
            raise Invalid([FieldError(name, "unknown_field") for name in odd])
        connector, secret = actions.create_connector(
            db, actor, secret_key=secret_key, name=given.name, shop_ids=given.shop_ids
        )
        return Made(connector, secret)
    missing = [name for name in ("app_key", "app_secret") if getattr(given, name) is None]
    if missing:
        raise Invalid([FieldError(name, "missing") for name in missing])
    base_url = _checked_url(given.base_url, allow)
    made = _credentials(given, new_token())
    connector, _ = actions.create_connector(
        db,
        actor,
        secret_key=secret_key,
        name=given.name,
        shop_ids=given.shop_ids,
        kind=given.kind,
        secret=_written(made),
    )
    if made.can_ask:
        turns.open_account(db, actor, connector.id, base_url)
    path = PLATFORMS[given.kind].address(public("con", connector.id), made.path_token)
    return Made(connector, push_path=path)


def rotate(
    db: Session,
    actor: Actor,
    connector: Connector,
    given: CredentialsIn,
    *,
    secret_key: bytes,
    allow: Sequence[Network] = (),
    expected_rev: int | None = None,
) -> None:
    """Other credentials of the same account; the ones before count for a day more, the address stays.

    Where it is asked stays too unless base_url is given; None is the platform's own address. Raises WrongState for a
    connector that is no platform's, Stale, Invalid for its base_url.
    """
    actions.expect(db, actor, connector, expected_rev)
    if connector.kind not in PLATFORMS:
        raise WrongState(state=connector.kind)
    base_url = _checked_url(given.base_url, allow)
    current = json.loads(actions.newest_secret(connector, secret_key=secret_key))
    made = _credentials(given, current["path_token"])
    actions.rotate_secret(db, actor, connector, secret_key=secret_key, secret=_written(made))
    if made.can_ask:
        keeps = "base_url" not in given.model_fields_set
        turns.open_account(db, actor, connector.id, base_url, keeps=keeps)
    else:
        turns.close_account(db, actor, connector.id)


def has_secret_path(connector: Connector) -> bool:
    """Whether the address its platform pushes to is a secret, which can be made anew."""
    return connector.kind in PLATFORMS and PLATFORMS[connector.kind].secret_path


def renew_path(
    db: Session,
    actor: Actor,
    connector: Connector,
    *,
    secret_key: bytes,
    expected_rev: int | None = None,
) -> str:
    """A new path to push to, told this once; from now on nothing is taken at the one before.

    Raises WrongState for a connector without a secret path, NotFound, Stale.
    """
    if not has_secret_path(connector):
        raise WrongState(state=connector.kind)
    token = new_token()
    actions.reseal(
        db,
        actor,
        connector,
        lambda secret: json.dumps(json.loads(secret) | {"path_token": token}),
        secret_key=secret_key,
        expected_rev=expected_rev,
    )
    note(db, actor, "connector.path_renewed", "connector", connector.id, {})
    return PLATFORMS[connector.kind].address(public("con", connector.id), token)


def restrict(
    db: Session,
    actor: Actor,
    connector: Connector,
    given: ConnectorChangeIn,
    *,
    expected_rev: int | None = None,
) -> None:
    """From where its platform may push from now on. Raises WrongState for one that is no platform's, Invalid, Stale."""
    actions.expect(db, actor, connector, expected_rev)
    if connector.kind not in PLATFORMS:
        raise WrongState(state=connector.kind)
    try:
        ranges = {str(ip_network(written)): None for written in given.push_from}
    except ValueError as fault:
        raise Invalid([FieldError("push_from", "no_address_range")]) from fault
    connector.push_from = list(ranges)
    connector.updated_at = clock.now(db)
    connector.rev += 1
    db.flush()
    note(db, actor, "connector.restricted", "connector", connector.id, {"push_from": connector.push_from})


def may_push_from(connector: Connector, address: Address | None) -> bool:
    """Whether its platform's pushes are taken from an address: any, unless ranges are named."""
    if not connector.push_from:
        return True
    return address is not None and any(address in ip_network(written) for written in connector.push_from)


def credentials_of(connector: Connector, *, secret_key: bytes, now: datetime) -> list[Credentials]:
    """Those that count now, the newest first."""
    return [
        Credentials(**json.loads(secret))
        for secret in actions.secrets_of(connector, secret_key=secret_key, now=now)
    ]


def _credentials(given: ConnectorIn | CredentialsIn, path_token: str) -> Credentials:
    return Credentials(
        given.app_key or "",
        given.app_secret or "",
        path_token,
        access_token=given.access_token,
        refresh_token=given.refresh_token,
        shop_cipher=given.shop_cipher,
    )


def _checked_url(written: str | None, allow: Sequence[Network]) -> str | None:
    """Where the platform is called, without a slash at its end; checked again at each call."""
    if not written:
        return None
    try:
        return check_url(written, allow).rstrip("/")
    except Blocked as fault:
        raise Invalid([FieldError("base_url", fault.error_code)]) from fault


def _written(given: Credentials) -> str:
    return json.dumps(asdict(given))
