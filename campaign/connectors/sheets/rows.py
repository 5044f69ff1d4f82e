"""A row of a party sheet: found by what makes it that one, then added, changed in what differs, or left alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from campaign.catalog.models import PlatformAccount, Product
from campaign.catalog.schemas import AccountIn, ProductIn
from campaign.connectors.sheets import cells
from campaign.connectors.sheets.cells import BadCell
from campaign.connectors.sheets.desk import COLUMN_OF, Desk, Given, Taken, checked, taken
from campaign.parties import actions
from campaign.parties.models import Agency, Brand, Host, Party, Shop, Studio
from campaign.parties.queries import get
from campaign.parties.schemas import AgencyIn, BrandIn, ShopIn, StudioIn

_NUMBERS = ("setup_minutes", "teardown_minutes", "return_window_days")


def take_party(desk: Desk, kind: str, given: Given) -> Taken:
    """What became of a row. Raises BadCell or DomainError; then the caller undoes the row."""
    sheet = _SHEETS[kind]
    values = checked(sheet.schema, sheet.values(desk, given))
    row = sheet.find(desk, values)
    if sheet.model is Product:
        values |= _price(given, row, values["currency"])
    if row is None:
        row = actions.add(desk.db, desk.actor, sheet.model(**values))
        desk.names.learn(sheet.model, row.id, row.name)
        return Taken("new", row.id, row.name)
    told = {name: value for name, value in values.items() if COLUMN_OF.get(name, name) in given}
    if sheet.by_name:
        # Found by its name in English or by its id: that names it and does not rename it.
        del told["name"]
    return change_party(desk, row, told)


def change_party(desk: Desk, row: Party, told: Mapping[str, Any]) -> Taken:
    """Change what differs. Raises BadCell for one that is out of use."""
    if row.archived_at is not None:
        raise BadCell("name", "archived", {"value": row.name[:60]})
    differing = {name: value for name, value in told.items() if getattr(row, name) != value}
    if differing:
        actions.change(desk.db, desk.actor, row, differing)
    if "name" in differing:
        desk.names.learn(type(row), row.id, row.name)
    return taken(row.id, row.name, list(differing))


@dataclass(frozen=True)
class _Sheet:
    """model, its schema, cells → values, and how one is found again."""

    model: type[Party]
    schema: type[BaseModel]
    values: Callable[[Desk, Given], dict[str, Any]]
    find: Callable[[Desk, Mapping[str, Any]], Party | None]
    by_name: bool = False


def _plain(_desk: Desk, given: Given) -> dict[str, Any]:
    return {name: cells.whole(name, cell) if name in _NUMBERS else cell for name, cell in given.items()}


def _named(model: type[Party], prefix: str, schema: type[BaseModel]) -> _Sheet:
    def find(desk: Desk, values: Mapping[str, Any]) -> Party | None:
        found = desk.names.find("name", model, prefix, values["name"])
        return None if found is None else get(desk.db, desk.actor, model, found)

    return _Sheet(model, schema, _plain, find, by_name=True)


def _of_platform(desk: Desk, given: Given) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: cell for name, cell in given.items() if name not in ("brand", "host", "shop")
    }
    if "platform" in given:
        values["platform"] = cells.platform("platform", given["platform"])
    if "brand" in given:
        values["brand_id"] = desk.names.of("brand", Brand, "brd", given["brand"])
    if "host" in given:
        values["host_id"] = desk.names.of("host", Host, "hst", given["host"])
    if "shop" in given:
        values["shop_id"] = _shop_of(desk, values.get("platform"), given["shop"])
    return values


def _shop_of(desk: Desk, platform: str | None, written: str) -> int:
    """A shop by the platform's id for it, else by its name."""
    ours = Shop.platform == platform, Shop.external_id == written, Shop.archived_at.is_(None)
    found = desk.db.scalar(select(Shop.id).where(*ours))
    return desk.names.of("shop", Shop, "shp", written) if found is None else found


def _product_values(desk: Desk, given: Given) -> dict[str, Any]:
    values: dict[str, Any] = {name: cell for name, cell in given.items() if name not in ("brand", "price")}
    if "brand" in given:
        values["brand_id"] = desk.names.of("brand", Brand, "brd", given["brand"])
    return values | ({"currency": given["currency"].upper()} if "currency" in given else {})


def _price(given: Given, row: Party | None, currency: str) -> dict[str, Any]:
    """A price without its currency is in the one the product has."""
    if "price" not in given:
        return {}
    if isinstance(row, Product) and "currency" not in given:
        currency = row.currency
    return {"price_fen": cells.money("price", given["price"], currency), "currency": currency}


def _by_external_id(model: Any) -> Callable[[Desk, Mapping[str, Any]], Party | None]:
    def find(desk: Desk, values: Mapping[str, Any]) -> Party | None:
        same = model.platform == values["platform"], model.external_id == values["external_id"]
        found: Party | None = desk.db.scalars(select(model).where(*same)).one_or_none()
        return found

    return find


def _by_sku(desk: Desk, values: Mapping[str, Any]) -> Product | None:
    same = Product.brand_id == values["brand_id"], Product.sku == values["sku"]
    return desk.db.scalars(select(Product).where(*same)).one_or_none()


_SHEETS: Mapping[str, _Sheet] = {
    "studios": _named(Studio, "std", StudioIn),
    "brands": _named(Brand, "brd", BrandIn),
    "agencies": _named(Agency, "agc", AgencyIn),
    "shops": _Sheet(Shop, ShopIn, _of_platform, _by_external_id(Shop)),
    "platform_accounts": _Sheet(PlatformAccount, AccountIn, _of_platform, _by_external_id(PlatformAccount)),
    "products": _Sheet(Product, ProductIn, _product_values, _by_sku),
}
