"""A small world for tests of the schedule: parties, input for a booking, and the verbs in short."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from campaign.catalog.models import PlatformAccount, Product
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.kit.instants import on_wall
from campaign.parties.models import Agency, Brand, Host, Studio
from campaign.schedule import booking
from campaign.schedule.schemas import SessionIn
from campaign.schedule.views import SessionView
from tests import zones
from tests.factory import HUB, Factory


@dataclass
class Stage:
    """Two studios, a brand, an agency with a signed host, an in-house and an independent one, an account each."""

    make: Factory
    database: Database = field(init=False)
    studio: Studio = field(init=False)
    other_studio: Studio = field(init=False)
    brand: Brand = field(init=False)
    product: Product = field(init=False)
    agency: Agency = field(init=False)
    signed: Host = field(init=False)
    in_house: Host = field(init=False)
    independent: Host = field(init=False)
    account: PlatformAccount = field(init=False)

    def __post_init__(self) -> None:
        make = self.make
        self.database = make.database
        self.studio, self.other_studio = make.studio(name="A"), make.studio(name="B")
        self.brand, self.agency = make.brand(name="辛皮记"), make.agency(name="南星机构")
        self.product = make.product(self.brand)
        self.signed = make.host(agency=self.agency, name="南星")
        self.in_house = make.host(kind="in_house", name="小棠")
        self.independent = make.host(kind="independent", name="墨墨")
        self.account = make.account(name="辛皮记旗舰店")

    @property
    def agent(self) -> Actor:
        """The agency's user."""
        return Actor(kind="user", role="agency", id=7, name="agent", agency_id=self.agency.id)

    def now(self) -> datetime:
        with self.database.transaction(SYSTEM) as db:
            return clock.now(db)

    def given(self, **changes: Any) -> SessionIn:
        """Input for a booking: tomorrow at 20:00 of the hub for three hours, the signed host, the first studio."""
        tomorrow = datetime.combine((self.now() + timedelta(days=1)).date(), time(20))
        starts_at = changes.pop("starts_at", on_wall(tomorrow, ZoneInfo(zones.hub_zone())))
        hours = changes.pop("hours", 3)
        values = {
            "title": "专场",
            "studio_id": self.studio.id,
            "brand_ids": [self.brand.id],
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=hours),
            "channels": [{"platform": "douyin", "platform_account_id": self.account.id}],
            "participants": [{"host_id": self.signed.id}],
        }
        return SessionIn.model_validate(values | changes)

    def book(self, **changes: Any) -> SessionView:
        with self.database.transaction(HUB) as db:
            return booking.book(db, HUB, self.given(**changes))

    def act(self, verb: Any, *args: Any, actor: Actor = HUB, **kwargs: Any) -> Any:
        """One action in a transaction of its own."""
        with self.database.transaction(actor) as db:
            return verb(db, actor, *args, **kwargs)
