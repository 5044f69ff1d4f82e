"""The demo's parties, accounts and line-ups, made by the same actions everybody uses."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from campaign.accounts.actions import Scope, create_connector, create_user
from campaign.catalog.campaigns import add_campaign
from campaign.catalog.models import Campaign, PlatformAccount, Product
from campaign.catalog.schemas import CampaignIn
from campaign.cli.demo import people
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.parties import actions, queries
from campaign.parties.models import Agency, Brand, Host, Shop, Studio
from campaign.parties.schemas import HostIn


@dataclass
class Cast:
    """Everybody, in the order of people.py."""

    studios: list[Studio] = field(default_factory=list)
    brands: list[Brand] = field(default_factory=list)
    shops: list[list[Shop]] = field(default_factory=list)
    products: list[list[Product]] = field(default_factory=list)
    agencies: list[Agency] = field(default_factory=list)
    hosts: list[Host] = field(default_factory=list)
    accounts: list[PlatformAccount] = field(default_factory=list)
    campaign: Campaign | None = None


def make_cast(db: Session) -> Cast:
    """Studios, brands with shops and goods, agencies, hosts with their accounts, campaigns."""
    cast = Cast()
    for name, name_en in people.STUDIOS:
        cast.studios.append(actions.add(db, SYSTEM, Studio(name=name, name_en=name_en)))
    for number, brand in enumerate(people.BRANDS):
        _add_brand(db, cast, number, brand)
    for name, name_en in people.AGENCIES:
        cast.agencies.append(actions.add(db, SYSTEM, Agency(name=name, name_en=name_en)))
    for number, host in enumerate(people.HOSTS):
        _add_host(db, cast, number, host)
    today = queries.today(db, SYSTEM)
    _add_campaigns(db, cast, today)
    return cast


def _add_campaigns(db: Session, cast: Cast, today: date) -> None:
    """A season with the festival that is on and a group of the first brand; cast.campaign is the festival."""
    names = iter(people.CAMPAIGNS)

    def add(kind: str, before: int, after: int, **given: Any) -> Campaign:
        name, name_en = next(names)
        days = {"starts_on": today - timedelta(days=before), "ends_on": today + timedelta(days=after)}
        values = {"name": name, "name_en": name_en, "kind": kind} | days | given
        return add_campaign(db, SYSTEM, CampaignIn.model_validate(values))

    brand_ids = [brand.id for brand in cast.brands]
    agency_ids = [agency.id for agency in cast.agencies]
    season = add("season", 60, 60, brand_ids=brand_ids, agency_ids=agency_ids)
    cast.campaign = add(
        "festival",
        7,
        7,
        parent_id=season.id,
        brand_ids=brand_ids,
        agency_ids=agency_ids,
        target_paid_fen=900_000_000,
        target_net_fen=450_000_000,
        target_sessions=60,
        target_hours=180,
        budget_fen=30_000_000,
        brand_targets=[
            {"brand_id": one, "target_paid_fen": 900_000_000 // len(brand_ids)} for one in brand_ids
        ],
    )
    add(
        "group",
        3,
        3,
        parent_id=cast.campaign.id,
        brand_ids=brand_ids[:1],
        target_paid_fen=150_000_000,
        target_sessions=8,
        target_hours=24,
    )


def _add_brand(db: Session, cast: Cast, number: int, given: people.DemoBrand) -> None:
    brand = actions.add(db, SYSTEM, Brand(name=given.name, name_en=given.name_en))
    cast.brands.append(brand)
    cast.shops.append(
        [
            actions.add(
                db,
                SYSTEM,
                Shop(name=f"{given.name}旗舰店", platform=platform, external_id=shop, brand_id=brand.id),
            )
            for platform, shop in given.shops
        ]
    )
    rng = random.Random(number)  # noqa: S311 - prices that differ a little by brand, the same each time
    cast.products.append(
        [
            actions.add(
                db,
                SYSTEM,
                Product(
                    brand_id=brand.id,
                    sku=f"XJ{number + 1}{item:02d}",
                    name=name,
                    name_en=name_en,
                    category=category,
                    price_fen=price + rng.randrange(-2, 3) * 1000,
                ),
            )
            for item, (name, name_en, category, price) in enumerate(people.GOODS, 1)
        ]
    )


def _add_host(db: Session, cast: Cast, number: int, given: people.DemoHost) -> None:
    agency_id = None if given.agency is None else cast.agencies[given.agency].id
    body = HostIn(name=given.name, name_en=given.name_en, kind=given.kind, agency_id=agency_id)
    # Signed before the first of the demo's shows: a show is its agency's by the contract of its day.
    with clock.travel(-SIGNED_BEFORE):
        host = actions.add_host(db, SYSTEM, body)
    cast.hosts.append(host)
    cast.accounts.append(
        actions.add(
            db,
            SYSTEM,
            PlatformAccount(
                name=f"{given.name}直播间",
                platform="douyin",
                external_id=f"80000000000{number + 1}",
                host_id=host.id,
            ),
        )
    )


def make_logins(db: Session, cast: Cast, password: str) -> None:
    """One user per role, all with the installation's demo password."""
    scopes = {
        "admin": Scope("admin"),
        "hub": Scope("hub", hub_role="manager"),
        "brand": Scope("brand", brand_id=cast.brands[0].id),
        "agency": Scope("agency", agency_id=cast.agencies[0].id),
        "host": Scope("host", host_id=cast.hosts[0].id),
    }
    for role, email, name in people.LOGINS:
        create_user(db, SYSTEM, email=email, name=name, password=password, scope=scopes[role])


def make_connector(db: Session, secret_key: bytes) -> None:
    """The connector through which the demo's live sales are pushed."""
    create_connector(db, SYSTEM, secret_key=secret_key, name=FEED_NAME, shop_ids=[])


FEED_NAME = "演示推送"
SIGNED_BEFORE = timedelta(days=60)
