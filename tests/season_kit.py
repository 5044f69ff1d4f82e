"""A season played on the product: told by every way in there is, in any order, with crashes in between."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.accounts.models import Connector
from campaign.connectors import imports
from campaign.connectors.details import Told
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.parts import Parts
from campaign.sales import mending, projecting, recounting
from campaign.sales.batches import Batch
from campaign.sales.folding import fold
from campaign.sales.ingest import Source, ingest
from campaign.sales.intake import Intake
from campaign.sales.merging import micros
from campaign.sales.merging_in import merge_waiting
from campaign.sales.parcels import with_care
from campaign.sales.submissions import prepared
from campaign.sales.taking import Parcel, take
from tests import zones
from tests.factory import HUB, Factory
from tests.oracle import ledger, season
from tests.sales_kit import add_session, assert_counted, assert_reconciled
from tests.season_finals import Finals
from tests.season_hub import Hub
from tests.season_sums import in_redis, lines_in, rollup
from workers import sales as tasks

CONNECTOR = Actor(kind="key", role="connector", id=5, name="push")
NOW = datetime(2026, 11, 30, tzinfo=UTC)
LINES = 24
DAY = timedelta(days=1)


def at_the_end_of_it() -> AbstractContextManager[None]:
    """All of it is past, on whatever day the suite plays."""
    return clock.travel(NOW - datetime.now(UTC) - zones.offset())


class Died(Exception):
    """A process that ends in the middle of its transaction."""


class Season(Hub, Finals):
    """One season. `seen` counts what was done, so that a test can ask that everything was."""

    def __init__(self, seed: int, parts: Parts, make: Factory, *, lines: int = LINES) -> None:
        self.random, self.parts, self.database = Random(seed), parts, parts.database
        super().__init__()
        self.seen: Counter[str] = Counter()
        self._flushed_late = seed % 3 == 0
        self._intake = Intake(self.database, b"k" * 32)
        self._files: list[dict[str, Any]] = []
        self._changed: set[int] = set()
        self.world = ledger.World(zones.hub_zone())
        self._set_the_stage(make)
        teller = season.Teller(self.random, self.world.shows, lines)
        self._rest = list(teller.told)
        self._all = len(self._rest)
        self.random.shuffle(self._rest)
        self.said: list[dict[str, Any]] = []
        self._pushed: list[dict[str, Any]] = []
        self._details: list[list[dict[str, Any]]] = []

    def _set_the_stage(self, make: Factory) -> None:
        world = self.world
        brands = [make.brand(), make.brand(return_window_days=15)]
        world.windows = {brands[0].id: 7, brands[1].id: 15}
        owners = {"s1": brands[0], "s2": brands[1], "s3": None}
        self.shops = {name: make.shop(brand, external_id=name) for name, brand in owners.items()}
        with self.database.transaction(SYSTEM) as db:
            platform = Connector(kind="douyin", name="platform", secret_sealed=b"")
            db.add(platform)
            db.flush()
            self._platform_id = platform.id
        self.brands = [brand.id for brand in brands]
        for brand, sku in ((0, "XJ-0"), (0, "XJ-1"), (1, "XJ-0"), (1, "XJ-2")):
            made = make.product(brands[brand], sku=sku)
            world.products.append({"id": made.id, "sku": sku, "brands": [(None, brands[brand].id)]})
        accounts = {"a1": make.account(external_id="a1")}
        accounts["a2"] = make.account(external_id="a2", shop_id=self.shops["s2"].id)
        agencies = [make.agency(), make.agency()]
        self._hosts = [(make.host(agency=one), one) for one in agencies] + [
            (make.host(kind="in_house"), None)
        ]
        world.accounts = {"a1": None, "a2": self.shops["s2"].id}
        world.shops = {shop.id: shop.brand_id for shop in self.shops.values()}
        for show in season.shows(self.random):
            stood = [(*self._hosts[host], begins, ends) for host, begins, ends in show["shifts"]]
            show["id"] = add_session(
                make,
                show["starts_at"],
                show["ends_at"],
                brand=brands[0],
                account=accounts[show["account"]],
                rooms=tuple(show["rooms"]),
                shifts=tuple(stood),
            )
            world.shows.append(show)

    def play(self) -> None:
        """Everything is told, amid all that can come between; what waits is left to settle()."""
        with at_the_end_of_it():
            while self._rest:
                step = self.random.choice(STEPS)
                step(self)
                self.seen[step.__name__] += 1
                if not self._first and len(self._rest) < self._all // 2:
                    self.settle()
                    self.becomes_final(self._numbered())

    def settle(self) -> None:
        """What the workers do by themselves, until nothing waits."""
        with at_the_end_of_it():
            tasks.fold()
            tasks.reattribute()
            tasks.fold()
            if self._flushed_late:
                # When nothing is left that would be told anyway.
                self.flushall()
            tasks.project()

    # What is told.

    def pushes(self) -> None:
        """A batch by the way in for pushes: some again, some twice in one, some contradicting themselves."""
        events, says = self._next("push", self.random.randrange(1, 20))
        again = self.random.sample(self._pushed, min(len(self._pushed), self.random.randrange(0, 5)))
        twice = self.random.sample(events, min(len(events), 1))
        false = [one | {"paid_fen": 1, "amount_fen": 1} for one in again[:1] if self.random.random() < 0.3]
        batch = [*events, *again, *twice, *false]
        if not batch:
            return
        self.random.shuffle(batch)
        # Of two that differ the first is the one that counts: the true ones were there before, or come first.
        batch.sort(key=lambda one: one in false)
        if self.random.random() < 0.2:
            self._dies(lambda db: self._take(db, batch))
        outcome = self._intake.take_in(CONNECTOR, Batch(batch, []))
        assert [one.code for one in outcome.rejected] == ["conflict"] * len(false)
        assert outcome.accepted == len(events)
        self._heard(says)
        self._pushed += events
        self.seen["conflict"] += len(false)

    def take_pushes(self) -> list[dict[str, Any]]:
        """All that is left to push, for others to hand in: it counts as said."""
        events, says = self._next("push", len(self._rest))
        self._heard(says)
        return events

    def _take(self, db: Session, batch: list[dict[str, Any]]) -> None:
        taken, refused = prepared(batch, salt=b"s")
        take(db, [Parcel(CONNECTOR, taken, Source("push", 5), refused)], with_care)

    def files(self) -> None:
        """An order export or an after-sale export of one shop, sometimes an older one after a newer."""
        how = self.random.choice(["order_row", "case_row"])
        shop = self.random.choice(sorted(self.shops))
        rows, says = self._next(how, 5, shop=self.shops[shop].id)
        if not rows:
            return
        seconds = self.random.randrange(86_400) * 20 + len(self._files)
        exported = NOW - timedelta(days=20) + timedelta(seconds=seconds)
        for one in says:
            one["at"] = exported
            if one["fields"].get("refunded_whole"):
                one["refunded_by"] = exported
        file = {
            "kind": "douyin_orders" if how == "order_row" else "douyin_aftersale",
            "filename": f"{exported:%Y%m%d%H%M%S}.csv",
            "content": _csv(rows),
            "shop_id": self.shops[shop].id,
            "exported_at": exported,
        }
        if self.random.random() < 0.3:
            self._dies(lambda db: imports.stage(db, HUB, **file))
        assert self._import(file) == len(rows)
        self._files.append(file)
        self._heard(says)

    def same_file_again(self) -> None:
        if self._files:
            assert self._import(self.random.choice(self._files)) == 0

    def _import(self, file: dict[str, Any]) -> int:
        """Gives how many events of the raw log the file made."""
        count = text("SELECT count(*) FROM sale_event WHERE source = 'import'")
        with self.database.transaction(SYSTEM) as db:
            before = db.execute(count).scalar_one()
        with self.database.transaction(HUB) as db:
            report = imports.stage(db, HUB, **file)
        assert report.refused == ()
        with self.database.transaction(SYSTEM) as db:
            return int(db.execute(count).scalar_one() - before)

    def details(self) -> None:
        """What a platform answers when it is asked, perhaps twice."""
        told, says = self._next("detail", 4)
        if told or self._details:
            self._ask([self._submission(one) for one in says] or self.random.choice(self._details))
        if says:
            self._details.append([self._submission(one) for one in says])
            self._heard(says)

    def _submission(self, one: dict[str, Any]) -> Any:
        shop, line_id = one["of"]
        fields = {k: micros(v) if isinstance(v, datetime) else v for k, v in one["fields"].items()}
        name = next(name for name, row in self.shops.items() if row.id == shop)
        return Told(line_id, one["at"], fields, {"line": line_id}).submission(0, "douyin", name)

    def _ask(self, given: list[Any]) -> None:
        with self.database.transaction(SYSTEM) as db:
            assert ingest(db, CONNECTOR, given, Source("detail", self._platform_id)).rejected == []

    def _next(self, how: str, most: int, shop: int | None = None) -> tuple[list[Any], list[dict[str, Any]]]:
        """The next of a kind that nobody told yet, as their source words them and as what they say."""
        if shop is None:
            mine = [one for one in self._rest if one[0] == how]
        else:
            mine = [one for one in self._rest if one[0] == how and self.shops[one[2]["of"][0]].id == shop]
        seen: set[Any] = set()
        picked = []
        for one in mine:
            # A file has a line once.
            if how == "push" or (one[2]["of"], one[2]["refund"]) not in seen:
                seen.add((one[2]["of"], one[2]["refund"]))
                picked.append(one)
        picked = picked[:most]
        gone = {id(one) for one in picked}
        self._rest = [one for one in self._rest if id(one) not in gone]
        says = [
            one | {"of": (self.shops[one["of"][0]].id, one["of"][1]), "fields": dict(one["fields"])}
            for _, _, one in picked
        ]
        return [what for _, what, _ in picked], says

    def _heard(self, says: list[dict[str, Any]]) -> None:
        self.said += says
        for one in says:
            self.seen[f"rank {one['rank']}"] += 1

    # What the workers do, and how they die.

    def merges(self) -> None:
        with self._perhaps_dying() as db:
            merge_waiting(db, SYSTEM)

    def folds(self) -> None:
        with self._perhaps_dying() as db:
            fold(db, SYSTEM, most=self.random.choice([1, 7, 5000]))

    def mends(self) -> None:
        """Looking after the rollups in the middle of it all finds nothing and changes nothing."""
        with self.database.transaction(SYSTEM) as db:
            for part in mending.all_parts(db, SYSTEM):
                assert mending.mend_part(db, SYSTEM, part) == []

    def projects(self) -> None:
        tasks.project()

    def projects_and_dies(self) -> None:
        """Redis is written, and nobody notes it."""
        with self.database.transaction(SYSTEM) as db:
            found = projecting.projections_of(db, SYSTEM, projecting.due_sessions(db, SYSTEM))
        projecting.put(self.parts.redis, found)

    def flushall(self) -> None:
        self.parts.redis.flushdb()

    @contextmanager
    def _perhaps_dying(self) -> Iterator[Session]:
        with suppress(Died), self.database.transaction(SYSTEM) as db:
            yield db
            self._die_or_not(0.3)

    def _dies(self, step: Callable[[Session], Any]) -> None:
        with suppress(Died), self.database.transaction(SYSTEM) as db:
            step(db)
            self._die_or_not(1.0)

    def _die_or_not(self, likely: float) -> None:
        if self.random.random() < likely:
            self.seen["died"] += 1
            raise Died

    def looks_midway(self) -> None:
        """What is told so far stands as the oracle has it: where traffic is not known yet, provisionally."""
        if self.seen["looks_midway"] or len(self._rest) > self._all * 3 // 4:
            return
        self.settle()
        self._check_lines(self._numbered())
        with self.database.transaction(SYSTEM) as db:
            self.seen["provisional"] += db.execute(
                text("SELECT count(*) FROM order_line WHERE provisional")
            ).scalar_one()

    # What must be so at the end.

    def check(self) -> None:
        """Oracle = raw = SQL = Redis: every line, every rollup by every key and figure, every session in Redis."""
        world = self._numbered()
        self._check_lines(world)
        wanted = ledger.rollups(world, self.said)
        for table, rows in wanted.items():
            assert rollup(self.database, table) == rows, table
        found = in_redis(self.parts)
        assert found == ledger.live(world, self.said)
        assert_reconciled(self.database)
        assert_counted(self.database)
        with at_the_end_of_it(), clock.travel(DAY):
            self.becomes_final(world)
        self.check_finals(world)
        with self.database.transaction(SYSTEM) as db:
            for part in mending.all_parts(db, SYSTEM):
                assert mending.check_part(db, SYSTEM, part) == []
            assert mending.check_everything(db, SYSTEM) == []
            for keys in recounting.keys_of_lines(db, SYSTEM):
                assert recounting.suspects(db, SYSTEM, keys) == []

    def _numbered(self) -> ledger.World:
        """The world with its hosts by the numbers that the database gave them."""
        world = ledger.World(zones.hub_zone())
        world.__dict__.update(self.world.__dict__)
        world.shows = [
            show | {"shifts": [(self._hosts[host][0].id, getattr(self._hosts[host][1], "id", None), *span)
                               for host, *span in show["shifts"]]}
            for show in self.world.shows
        ]  # fmt: skip
        return world

    def _check_lines(self, world: ledger.World) -> None:
        found = lines_in(self.database)
        wanted = {
            key: {
                "shop_id": key[0], "line_id": key[1], "bucket": row.bucket, "rung": row.rung,
                "provisional": row.provisional, "session_id": row.session, "product_id": row.product,
                "currency": row.currency, "refund_fen": row.money.refunded, **row.owners,
            }
            for key, row in ledger.rows_of(world, self.said).items()
        }  # fmt: skip
        assert found == wanted


STEPS: tuple[Callable[[Season], None], ...] = (
    *[Season.pushes] * 6, *[Season.files] * 3, Season.same_file_again, *[Season.details] * 2, *[Season.merges] * 4,
    *[Season.folds] * 4, Season.mends, Season.projects, Season.projects_and_dies, Season.flushall,
    *[Season.corrects] * 2, Season.assigns, Season.shop_gets_its_brand,
    *[Season.product_changes_hands] * 2, Season.product_comes, *[Season.window_changes] * 3, Season.looks_midway,
)  # fmt: skip


def _csv(rows: list[dict[str, str]]) -> bytes:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode("utf-8-sig")
