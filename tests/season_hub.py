"""What a hub changes in the middle of a season: shows set right, lines assigned, products that change hands."""

from collections import Counter
from contextlib import AbstractContextManager
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.catalog import products
from campaign.catalog.models import Product
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.parties import actions as parties
from campaign.sales import placing
from tests.factory import HUB
from tests.oracle import ledger, season
from tests.sales_kit import change_session


class Hub:
    """The hub of a season: each change is made in the database and in the oracle's world."""

    random: Random
    database: Database
    world: ledger.World
    seen: Counter[str]
    shops: dict[str, Any]
    brands: list[int]
    _hosts: list[Any]
    _changed: set[int]

    def _perhaps_dying(self) -> AbstractContextManager[Session]:
        raise AssertionError("the season says how it dies")

    def corrects(self) -> None:
        """A show's times, rooms or shifts are set right; its lines are placed again at once or by the next sweep."""
        show = self.random.choice(self.world.shows)
        what = self.random.choice(["times", "rooms", "shifts"])
        if what == "times":
            show["starts_at"] += timedelta(minutes=self.random.randrange(0, 10))
            show["ends_at"] -= timedelta(minutes=self.random.randrange(0, 10))
            times = {"actual_starts_at": show["starts_at"], "actual_ends_at": show["ends_at"]}
            change_session(self.database, show["id"], **times)
        elif what == "rooms":
            other = self.random.choice(self.world.shows)
            show["rooms"] = sorted({*show["rooms"][1:], *other["rooms"][:1]})
            self._write(
                "UPDATE session_channel SET room_ids = :rooms WHERE session_id = :id",
                id=show["id"],
                rooms=show["rooms"],
            )
            change_session(self.database, show["id"])
        else:
            self._hand_over(show)
        self.seen[f"corrected {what}"] += 1
        self._changed.add(show["id"])
        if self.random.random() < 0.5:
            with self._perhaps_dying() as db:
                placing.reattribute(db, SYSTEM, show["id"])

    def _hand_over(self, show: dict[str, Any]) -> None:
        stood = season.shifts(self.random, show["starts_at"], show["ends_at"])
        self._write("DELETE FROM participant WHERE session_id = :id", id=show["id"])
        for host, begins, ends in stood:
            person, agency = self._hosts[host]
            self._write(
                "INSERT INTO participant (session_id, host_id, agency_id, starts_at, ends_at)"
                " VALUES (:id, :host, :agency, :begins, :ends)",
                id=show["id"], host=person.id, agency=agency.id if agency else None, begins=begins, ends=ends,
            )  # fmt: skip
        show["shifts"] = stood
        change_session(self.database, show["id"])

    def assigns(self) -> None:
        """The hub puts a line into a show by its own word."""
        with self.database.transaction(SYSTEM) as db:
            rows = db.execute(
                text("SELECT id, shop_id, line_id FROM order_line WHERE known ORDER BY id")
            ).all()
            if not rows or self.random.random() < 0.5:
                return
            row, show = self.random.choice(rows), self.random.choice(self.world.shows)
            placing.assign(db, HUB, row.id, show["id"], "认得")
        self.world.assigned[row.shop_id, row.line_id] = show["id"]

    def shop_gets_its_brand(self) -> None:
        shop = self.shops["s3"]
        brand = self.random.choice(self.brands)
        self._write(
            "UPDATE shop SET brand_id = :brand, rev = rev + 1 WHERE id = :id", brand=brand, id=shop.id
        )
        self.world.shops[shop.id] = brand

    def product_changes_hands(self) -> None:
        """Since a day of the season or since ever: what was sold meanwhile is the other brand's."""
        product, brand = self.random.choice(self.world.products), self.random.choice(self.brands)
        if self._has(brand, product["sku"], but=product):
            return
        since = self.random.choice([None, *(season.START.date() + timedelta(days=n) for n in (-1, 0, 1, 2))])
        with self.database.transaction(SYSTEM) as db:
            products.hand_over(db, HUB, db.get_one(Product, product["id"]), brand, since)
        kept = [] if since is None else [one for one in product["brands"] if one[0] is None or one[0] < since]
        product["brands"] = [*kept, (since, brand)]
        self.seen["since ever" if since is None else "since a day"] += 1
        self._place(placing.SKUS)

    def product_comes(self) -> None:
        """One that was sold before anybody entered it, or a SKU that stands twice from now on."""
        brand, sku = self.random.choice(self.brands), f"XJ-{self.random.randrange(5)}"
        if self._has(brand, sku):
            return
        with self.database.transaction(SYSTEM) as db:
            given = Product(name="新品", sku=sku, brand_id=brand)
            made = parties.add(db, HUB, given).id
        self.world.products.append({"id": made, "sku": sku, "brands": [(None, brand)]})
        self._place(placing.SKUS)

    def _has(self, brand: int, sku: str, but: Any = None) -> bool:
        """A brand has a SKU once at a time."""
        others = (one for one in self.world.products if one is not but)
        return any(one["sku"] == sku and one["brands"][-1][1] == brand for one in others)

    def window_changes(self) -> None:
        """A brand takes goods back for so long that what was mature is not any more, or no longer than before."""
        brand = self.random.choice(self.brands)
        days = self.random.choice([7, 15, 40])
        self._write("UPDATE brand SET return_window_days = :days WHERE id = :id", days=days, id=brand)
        self.seen["longer" if days > self.world.windows[brand] else "shorter"] += 1
        self.world.windows[brand] = days
        self._place(placing.WINDOWS)

    def _place(self, changes: placing.Change) -> None:
        """At once, or by the next sweep, or half of it."""
        if self.random.random() < 0.5:
            with self.database.transaction(SYSTEM) as db:
                due = changes.due(db, SYSTEM)
            for one in due:
                with self._perhaps_dying() as db:
                    changes.reassign(db, SYSTEM, one)

    def _write(self, statement: str, **values: Any) -> None:
        with self.database.transaction(SYSTEM) as db:
            db.execute(text(statement), values)
