"""Studios and sessions of a board test's own, on a far day where the demo has nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from campaign.kit import ids
from campaign.kit.database import Database
from campaign.parties.models import Host, Studio
from campaign.schedule import booking, queries
from campaign.schedule.schemas import SessionIn
from campaign.schedule.views import SessionView
from tests.browser.walker import Site
from tests.factory import HUB, Factory

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass
class Scene:
    """A day with three studios one under the other, three hosts and a brand; sessions are booked by wall time."""

    database: Database
    day: date
    make: Factory = field(init=False)
    studios: list[Studio] = field(init=False)
    hosts: list[Host] = field(init=False)
    brand_id: int = field(init=False)

    def __post_init__(self) -> None:
        self.make = Factory(self.database)
        mark = f"{self.day:%m%d}"
        self.studios = [
            self.make.studio(name=f"板{mark}-{number}", name_en=f"Board {mark}-{number}") for number in "123"
        ]
        self.hosts = [
            self.make.host(kind="in_house", name=f"{name}{mark}") for name in ("凌霄", "白露", "秋实")
        ]
        self.brand_id = self.make.brand(name=f"皮匠铺{mark}", name_en=f"Tannery {mark}").id

    def at(self, hour: float) -> datetime:
        """An instant of the day by wall time; hours past 24 lie on the next."""
        return datetime.combine(self.day, time(0), tzinfo=ZONE) + timedelta(hours=hour)

    def book(self, studio: int, hour: float, hours: float = 2, host: int = 0, **more: Any) -> SessionView:
        given = {
            "title": "板上专场",
            "studio_id": self.studios[studio].id,
            "brand_ids": [self.brand_id],
            "starts_at": self.at(hour),
            "ends_at": self.at(hour + hours),
            "channels": [{"platform": "douyin"}],
            "participants": [{"host_id": self.hosts[host].id}],
            "override": {"reason": "test"},
        }
        with self.database.transaction(HUB) as db:
            return booking.book(db, HUB, SessionIn.model_validate(given | more))

    def read(self, view: SessionView) -> SessionView:
        with self.database.transaction(HUB) as db:
            return queries.get_session(db, HUB, view.id)

    def path(self, **query: Any) -> str:
        return f"/hub/board?day={self.day.isoformat()}" + "".join(f"&{k}={v}" for k, v in query.items())

    def row(self, studio: int) -> str:
        return f'.row[data-row="{ids.public("std", self.studios[studio].id)}"]'

    def block(self, view: SessionView) -> str:
        return f'#rows .block[data-s="{ids.public("ses", view.id)}"]'


@contextmanager
def database_of(site: Site) -> Iterator[Database]:
    """The database of a running product."""
    addresses = json.loads((site.data_dir / "run" / "addresses.json").read_text())
    database = Database.connect(addresses["DATABASE_URL"], pool_size=2)
    yield database
    database.dispose()


def far_day(days: int) -> date:
    return (datetime.now(UTC).astimezone(ZONE) + timedelta(days=days)).date()
