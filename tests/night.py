"""The stage over a night in which clocks change, in that night's zone."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from campaign.kit.actor import SYSTEM
from campaign.schedule.views import SessionView
from tests.factory import Factory
from tests.schedule_kit import Stage
from tests.zones import Change

RESTLESS = '{"rest": {"day_minutes": 1000, "longest_stretch_minutes": 1000}}'
"""Settings of a hub whose hosts may work all night."""


class Night(Stage):
    """The hub is in the zone of the night; its eve is the board's day that is longer or shorter than others."""

    def __init__(self, make: Factory, change: Change) -> None:
        self.change = change
        self.zone = ZoneInfo(change.zone)
        self.eve = change.day - timedelta(days=1)
        super().__init__(make)
        self.settle(timezone=change.zone)

    def at(self, clock_time: str, days: int = 0, fold: int = 0) -> datetime:
        """A wall time, of the eve or so many days later."""
        wall = datetime.combine(self.eve + timedelta(days=days), time.fromisoformat(clock_time))
        return wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC)

    def wall(self, at: datetime) -> str:
        """Day and time on the wall."""
        return at.astimezone(self.zone).strftime("%d %H:%M")

    def shown(self, day: int, clock_time: str) -> str:
        """What wall() gives for a time so many days after the eve."""
        return f"{self.day(day).day:02d} {clock_time}"

    def day(self, number: int) -> date:
        """So many days after the eve."""
        return self.eve + timedelta(days=number)

    def between(self, starts_at: datetime, ends_at: datetime, **given: Any) -> SessionView:
        """Book from one instant to another, in a studio and with a host of its own unless said otherwise."""
        if "studio_id" not in given:
            given["studio_id"] = self.make.studio(setup_minutes=0, teardown_minutes=0).id
        given = {"participants": [{"host_id": self.make.host(kind="in_house").id}]} | given
        given = {"channels": [{"platform": "douyin"}], "override": {"reason": "test"}} | given
        return self.book(starts_at=starts_at, ends_at=ends_at, **given)

    def settle(self, **columns: Any) -> None:
        """Set columns of the hub."""
        with self.database.transaction(SYSTEM) as db:
            for name, value in columns.items():
                db.execute(text(f"UPDATE hub SET {name} = :value"), {"value": value})
