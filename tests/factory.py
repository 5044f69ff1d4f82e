"""Makes what tests need with as few words as possible; everything can be overridden."""

import itertools
from typing import Any
from weakref import WeakKeyDictionary

from campaign.accounts.actions import Scope, create_key
from campaign.catalog.campaigns import add_campaign
from campaign.catalog.models import Campaign, PlatformAccount, Product
from campaign.catalog.schemas import CampaignIn
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.parties import actions
from campaign.parties.models import Agency, Brand, Host, Shop, Studio
from campaign.parties.schemas import HostIn

SECRET_KEY = b"test-secret-key-of-more-than-32-characters"
HUB = Actor(kind="user", role="hub", hub_role="manager", id=1, name="hub tester")
ADMIN = Actor(kind="user", role="admin", id=2, name="admin tester")

# Weak: a later test's database may get the address of one that is gone, and must not get its keys.
_keys: WeakKeyDictionary[Database, dict[Actor, str]] = WeakKeyDictionary()


def keyed(database: Database, actor: Actor) -> str:
    """An API key that acts as `actor` does, made once per database and actor."""
    keys = _keys.setdefault(database, {})
    if actor not in keys:
        scope = Scope(actor.role, actor.brand_id, actor.agency_id, actor.host_id, actor.hub_role)
        with database.transaction(SYSTEM) as db:
            made = create_key(
                db, SYSTEM, secret_key=SECRET_KEY, name=actor.name, scope=scope, shop_ids=list(actor.shop_ids)
            )
        keys[actor] = made.key
    return keys[actor]


class Factory:
    """Parties by kind; each call makes one and gives its row, detached."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._count = itertools.count(1)

    def _add(self, row: Any) -> Any:
        with self.database.transaction(SYSTEM) as db:
            return actions.add(db, SYSTEM, row)

    def studio(self, **given: Any) -> Studio:
        return self._add(Studio(**{"name": f"直播间 {next(self._count)}", "name_en": "Studio"} | given))  # type: ignore[no-any-return]

    def brand(self, **given: Any) -> Brand:
        return self._add(Brand(**{"name": f"品牌 {next(self._count)}"} | given))  # type: ignore[no-any-return]

    def agency(self, **given: Any) -> Agency:
        return self._add(Agency(**{"name": f"机构 {next(self._count)}"} | given))  # type: ignore[no-any-return]

    def host(self, *, agency: Agency | None = None, kind: Any = None, name: str | None = None) -> Host:
        given = HostIn(
            name=name or f"主播 {next(self._count)}", kind=kind, agency_id=agency.id if agency else None
        )
        with self.database.transaction(SYSTEM) as db:
            return actions.add_host(db, SYSTEM, given)

    def shop(self, brand: Brand | None = None, **given: Any) -> Shop:
        number = next(self._count)
        values = {"name": f"店铺 {number}", "platform": "douyin", "external_id": str(4000000 + number)}
        return self._add(Shop(**values | {"brand_id": brand.id if brand else None} | given))  # type: ignore[no-any-return]

    def product(self, brand: Brand, **given: Any) -> Product:
        number = next(self._count)
        values = {"name": f"皮衣 {number}", "sku": f"SKU-{number}", "price_fen": 129900, "brand_id": brand.id}
        return self._add(Product(**values | given))  # type: ignore[no-any-return]

    def account(self, **given: Any) -> PlatformAccount:
        number = next(self._count)
        values = {"name": f"账号 {number}", "platform": "douyin", "external_id": str(800000000000 + number)}
        return self._add(PlatformAccount(**values | given))  # type: ignore[no-any-return]

    def campaign(self, **given: Any) -> Campaign:
        values = CampaignIn.model_validate({"name": f"活动 {next(self._count)}"} | given)
        with self.database.transaction(SYSTEM) as db:
            return add_campaign(db, SYSTEM, values)
