"""The platforms that push, and what they gave our accounts there: sealed at rest, rotated with an overlap."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaign.accounts import actions
from campaign.accounts.models import Connector
from campaign.accounts.secrets import new_token
from campaign.connectors import turns
from campaign.connectors.douyin.pushes import DOUYIN
from campaign.connectors.protocol import Credentials, Platform
from campaign.connectors.tiktok_shop.pushes import TIKTOK_SHOP
from campaign.kit.actor import Actor
from campaign.kit.addresses import Blocked, Network, check_url
from campaign.kit.errors import FieldError, Invalid, WrongState

PLATFORMS: dict[str, Platform] = {one.kind: one for one in (TIKTOK_SHOP, DOUYIN)}


@dataclass(frozen=True)
class Given:
    """What a person enters of an account. Tokens and base_url only where the platform is asked for details."""

    app_key: str
    app_secret: str
    access_token: str = ""
    refresh_token: str = ""
    shop_cipher: str = ""
    base_url: str | None = None

    def credentials(self, path_token: str) -> Credentials:
        return Credentials(
            self.app_key,
            self.app_secret,
            path_token,
            access_token=self.access_token,
            refresh_token=self.refresh_token,
            shop_cipher=self.shop_cipher,
        )


def add_account(
    db: Session,
    actor: Actor,
    given: Given,
    *,
    secret_key: bytes,
    kind: str,
    name: str,
    shop_ids: list[int],
    allow: Sequence[Network] = (),
) -> tuple[Connector, Credentials]:
    """An account on a platform of PLATFORMS; its path token is shown this once. Raises Invalid for its base_url."""
    base_url = _checked_url(given.base_url, allow)
    made = given.credentials(new_token())
    connector, _ = actions.create_connector(
        db, actor, secret_key=secret_key, name=name, shop_ids=shop_ids, kind=kind, secret=_written(made)
    )
    if made.can_ask:
        turns.open_account(db, actor, connector.id, base_url)
    return connector, made


def rotate(
    db: Session,
    actor: Actor,
    connector: Connector,
    given: Given,
    *,
    secret_key: bytes,
    allow: Sequence[Network] = (),
) -> None:
    """Other credentials of the same account; the ones before count for a day more, the address stays.

    Raises WrongState for a connector that is no platform's, Invalid for its base_url.
    """
    if connector.kind not in PLATFORMS:
        raise WrongState(state=connector.kind)
    base_url = _checked_url(given.base_url, allow)
    current = json.loads(actions.newest_secret(connector, secret_key=secret_key))
    made = given.credentials(current["path_token"])
    actions.rotate_secret(db, actor, connector, secret_key=secret_key, secret=_written(made))
    if made.can_ask:
        turns.open_account(db, actor, connector.id, base_url)
    else:
        turns.close_account(db, actor, connector.id)


def credentials_of(connector: Connector, *, secret_key: bytes, now: datetime) -> list[Credentials]:
    """Those that count now, the newest first."""
    return [
        Credentials(**json.loads(secret))
        for secret in actions.secrets_of(connector, secret_key=secret_key, now=now)
    ]


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
