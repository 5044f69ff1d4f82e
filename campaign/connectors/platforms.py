"""The platforms that push, and what they gave our accounts there: sealed at rest, rotated with an overlap."""

import json
from dataclasses import asdict
from datetime import datetime

from sqlalchemy.orm import Session

from campaign.accounts import actions
from campaign.accounts.models import Connector
from campaign.accounts.secrets import new_token
from campaign.connectors.douyin.pushes import DOUYIN
from campaign.connectors.protocol import Credentials, Platform
from campaign.connectors.tiktok_shop.pushes import TIKTOK_SHOP
from campaign.kit.actor import Actor
from campaign.kit.errors import WrongState

PLATFORMS: dict[str, Platform] = {one.kind: one for one in (TIKTOK_SHOP, DOUYIN)}


def add_account(
    db: Session,
    actor: Actor,
    *,
    secret_key: bytes,
    kind: str,
    name: str,
    shop_ids: list[int],
    app_key: str,
    app_secret: str,
) -> tuple[Connector, Credentials]:
    """An account on a platform of PLATFORMS; its path token is shown this once."""
    given = Credentials(app_key, app_secret, new_token())
    connector, _ = actions.create_connector(
        db, actor, secret_key=secret_key, name=name, shop_ids=shop_ids, kind=kind, secret=_written(given)
    )
    return connector, given


def rotate(
    db: Session, actor: Actor, connector: Connector, *, secret_key: bytes, app_key: str, app_secret: str
) -> None:
    """Other credentials of the same account; the ones before count for a day more, the address stays.

    Raises WrongState for a connector that is no platform's.
    """
    if connector.kind not in PLATFORMS:
        raise WrongState(state=connector.kind)
    current = json.loads(actions.newest_secret(connector, secret_key=secret_key))
    given = Credentials(app_key, app_secret, current["path_token"])
    actions.rotate_secret(db, actor, connector, secret_key=secret_key, secret=_written(given))


def credentials_of(connector: Connector, *, secret_key: bytes, now: datetime) -> list[Credentials]:
    """Those that count now, the newest first."""
    return [
        Credentials(**json.loads(secret))
        for secret in actions.secrets_of(connector, secret_key=secret_key, now=now)
    ]


def _written(given: Credentials) -> str:
    return json.dumps(asdict(given))
