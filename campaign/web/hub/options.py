"""Choices on the hub's forms: (public id, name in the reader's language)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from campaign.catalog.models import Campaign, PlatformAccount, Product
from campaign.gate.wording import in_words
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.parties.models import Agency, Brand, Host, Shop, Studio
from campaign.parties.queries import all_of
from campaign.schedule.models import CrewPool
from campaign.schedule.views import CrewView
from campaign.web.show import fen, named

Option = tuple[str, str]

PLATFORMS = ("douyin", "kuaishou", "taobao", "wechat", "tiktok_shop", "other")
ROLES = ("host", "assistant", "influencer")


def _choices(db: Session, actor: Actor, model: Any, prefix: str) -> list[Option]:
    return [(ids.public(prefix, row.id), named(row)) for row in all_of(db, actor, model)]


def studios(db: Session, actor: Actor) -> list[Option]:
    return _choices(db, actor, Studio, "std")


def brands(db: Session, actor: Actor) -> list[Option]:
    return _choices(db, actor, Brand, "brd")


def hosts(db: Session, actor: Actor) -> list[Option]:
    return _choices(db, actor, Host, "hst")


def campaigns(db: Session, actor: Actor) -> list[Option]:
    return _choices(db, actor, Campaign, "cmp")


def shops(db: Session, actor: Actor, platform: str | None = None) -> list[Option]:
    """Shops with their platform, since two platforms often bear the same name; of one platform, where it is given."""
    return [
        (ids.public("shp", row.id), f"{row.name} · {in_words(f'platform.{row.platform}', {})}")
        for row in all_of(db, actor, Shop)
        if platform in (None, row.platform)
    ]


def accounts(db: Session, actor: Actor) -> list[Option]:
    """Platform accounts with their platform."""
    return [
        (ids.public("acc", row.id), f"{row.name} · {in_words(f'platform.{row.platform}', {})}")
        for row in all_of(db, actor, PlatformAccount)
    ]


def products(db: Session, actor: Actor) -> list[Option]:
    """Products with SKU and list price."""
    return [
        (ids.public("prd", row.id), f"{named(row)} · {row.sku} · {fen(row.price_fen, row.currency)}")
        for row in all_of(db, actor, Product)
    ]


@dataclass(frozen=True)
class CrewChoice:
    """A shared crew to ask for; capacity is None where the crew is no longer in use."""

    pool_id: int
    label: str
    capacity: int | None


def crews(db: Session, actor: Actor, kept: Iterable[CrewView] = ()) -> list[CrewChoice]:
    """Shared crews in use, and those a session has all the same."""
    found = [CrewChoice(row.id, named(row), row.capacity) for row in all_of(db, actor, CrewPool)]
    known = {one.pool_id for one in found}
    return found + [CrewChoice(one.pool_id, named(one), None) for one in kept if one.pool_id not in known]


def platforms() -> list[Option]:
    return [(name, in_words(f"platform.{name}", {})) for name in PLATFORMS]


def roles() -> list[Option]:
    return [(name, in_words(f"participant.{name}", {})) for name in ROLES]


def agencies(db: Session, actor: Actor) -> list[Option]:
    return _choices(db, actor, Agency, "agc")


def host_kinds() -> list[Option]:
    return [(name, in_words(f"host_kind.{name}", {})) for name in ("in_house", "signed", "independent")]


def for_booking(db: Session, actor: Actor, kept: Iterable[CrewView] = ()) -> dict[str, list[Any]]:
    """All that the booking form lets choose from, by the names it knows them by. kept: crews a session has."""
    return {
        "studios": studios(db, actor),
        "brands": brands(db, actor),
        "hosts": hosts(db, actor),
        "accounts": accounts(db, actor),
        "products": products(db, actor),
        "campaigns": campaigns(db, actor),
        "crews": crews(db, actor, kept),
        "platforms": platforms(),
        "roles": roles(),
    }
