"""What ten million stored order lines (or --lines) cost: room, taking in beside them, a brand's sums and counts."""

import hashlib
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import psycopg
from sqlalchemy import text

from bench import pushing, stock
from bench.figures import Figure, anchor, count, held
from bench.grounds import Grounds
from bench.rounds import Times
from campaign.insight.tallies import Scope, sums_by, totals_by
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.collector import spare_the_collector
from campaign.kit.database import Database
from campaign.sales.batches import read_batch
from campaign.sales.intake import Intake
from campaign.sales.mending import Part, check_part

NAME = "stored"
SIZES = {True: (100_000, 10_000_000), False: (2_000, 6_000)}
_BATCH = 1000
_BATCHES = {True: 40, False: 2}
"""In a round, of each side."""

_CONNECTOR = Actor(kind="key", role="connector", id=1, name="bench")
_HUB = Actor(kind="user", role="hub", hub_role="manager", id=1, name="bench")
_RAW = text(
    "SELECT sum(order_fen), sum(paid_fen), sum(refund_fen), count(*) FILTER (WHERE kind = 'sale'), sum(qty)"
    " FROM order_line WHERE brand_id = :brand_id AND order_day BETWEEN :first AND :last AND bucket = 'live'"
    " AND kind IN ('sale', 'service') AND paid_at IS NOT NULL"
)
_ANEW = text("UPDATE sales_version SET version = new_id() WHERE brand_id = :brand_id")


@dataclass
class _Shelf:
    """One filled database: its first brand over all its days."""

    database: Database
    scope: Scope
    numbers: Iterator[int]

    def batch(self) -> Callable[[], object]:
        """A thousand new lines, taken in durably. Their ids come in no order: the worst for an index of keys."""
        body = pushing.body(next(self.numbers) * _BATCH, _BATCH, _scattered)
        return lambda: self.intake.take_in(_CONNECTOR, read_batch(body, "application/json"))

    def __post_init__(self) -> None:
        self.intake = Intake(self.database, b"k" * 32)

    def sums(self) -> Callable[[], object]:
        """What is additive of the brand, from its day rows."""
        return lambda: self._read(lambda db: sums_by(db, _HUB, self.scope, "none"))

    def raw(self) -> Callable[[], object]:
        """The same from the order lines themselves."""
        given = {"brand_id": self.scope.brand_id, "first": self.scope.first, "last": self.scope.last}
        return lambda: self._read(lambda db: tuple(db.execute(_RAW, given).one()))

    def counted(self) -> Callable[[], object]:
        """The brand's whole total with orders and buyers, none of them kept from before."""
        with self.database.transaction(SYSTEM) as db:
            db.execute(_ANEW, {"brand_id": self.scope.brand_id})
        return self.kept()

    def kept(self) -> Callable[[], object]:
        """The same again while no line has moved."""
        return lambda: self._read(lambda db: totals_by(db, _HUB, self.scope))

    def room(self) -> int:
        """Bytes of the whole database."""
        return int(self._read(lambda db: db.scalar(text("SELECT pg_database_size(current_database())"))))

    def check(self) -> None:
        """The fill made what the product would have: sums equal the lines, some sessions to each key and figure."""
        (total,) = self._read(lambda db: sums_by(db, _HUB, self.scope, "none"))[""]
        found = (total.placed_gmv_fen, total.paid_gmv_fen, total.refund_fen, total.lines, total.units)
        differences: list[object] = [] if self.raw()() == found else [found]
        with self.database.transaction(SYSTEM) as db:
            for row in db.execute(text("SELECT session_id FROM session_sales ORDER BY 1 LIMIT 3")).all():
                differences += check_part(db, SYSTEM, Part(row.session_id))
        if differences:
            raise RuntimeError(f"the fill is at fault: {differences[:3]}")

    def _read(self, read: Callable[[Any], Any]) -> Any:
        with self.database.transaction(_HUB, readonly=True) as db:
            return read(db)


def run(grounds: Grounds) -> Iterator[Figure]:
    """Hard: taking in 0.7 × the empty rate; sums 1.5 × at a hundred times the lines, 100 × from raw; counts 300 ms."""
    few, many = SIZES[grounds.full]
    many = grounds.lines or many
    spare_the_collector()  # as the web server does
    with ExitStack() as stack:
        shelves = {
            name: stack.enter_context(_shelf(grounds.database(name, partial(stock.fill, lines=lines))))
            for name, lines in (("empty", 0), ("fewer", few), ("more", many))
        }
        shelves["more"].check()
        yield anchor(NAME, f"{many:,} lines made", many / grounds.seconds["more"], "lines/s")
        yield anchor(NAME, "room a line, with its refunds", shelves["more"].room() / many, "bytes")
        yield from _read_figures(grounds, shelves, f"{few:,} lines")
        yield from _taking_in(grounds, shelves, f"{many:,}")


def _read_figures(grounds: Grounds, shelves: dict[str, _Shelf], fewer: str) -> Iterator[Figure]:
    few, more = shelves["fewer"], shelves["more"]
    times = Times()
    times.take({"few": few.sums, "sums": more.sums}, rounds=grounds.rounds, count=20)
    times.take({"raw": more.raw, "counted": more.counted}, rounds=grounds.rounds, count=1)
    times.take({"kept": more.kept}, rounds=grounds.rounds, count=5)
    yield held(NAME, "sums of a brand p50", times.middle("sums"), "ms", against=fewer,
               ratio=times.ratio("sums", "few"), bar="<= 1.5")  # fmt: skip
    yield held(NAME, "sums from raw lines", times.middle("raw"), "ms", against="from day rows",
               ratio=times.ratio("raw", "sums"), bar=">= 100")  # fmt: skip
    yield count(NAME, "with orders and buyers, cold", times.middle("counted"), "ms", bar="<= 300")
    yield anchor(NAME, "the same, kept", times.middle("kept"), "ms")


def _taking_in(grounds: Grounds, shelves: dict[str, _Shelf], many: str) -> Iterator[Figure]:
    rates: dict[str, list[float]] = {"empty": [], "more": []}
    for turn in range(grounds.rounds + 1):
        spent = dict.fromkeys(rates, 0.0)
        for _ in range(_BATCHES[grounds.full]):
            for name in rates:
                take = shelves[name].batch()
                began = time.monotonic()
                take()
                spent[name] += time.monotonic() - began
        for name, seconds in spent.items():
            if turn:  # the first warms both
                rates[name].append(_BATCHES[grounds.full] * _BATCH / seconds)
    ratio = median(more / empty for more, empty in zip(rates["more"], rates["empty"], strict=True))
    yield held(NAME, f"taken in beside {many}", median(rates["more"]), "events/s", against="an empty database",
               ratio=ratio, bar=">= 0.7")  # fmt: skip


@contextmanager
def _shelf(url: str) -> Iterator[_Shelf]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT (SELECT min(id) FROM brand), min(day), max(day) FROM sales_day WHERE basis = 'cohort'"
        )
        ((brand_id, first, last),) = rows.fetchall()
    database = Database.connect(url, pool_size=2)
    # Numbers that no earlier run on this database can have had.
    yield _Shelf(
        database, Scope(brand_id=brand_id, first=first, last=last), itertools.count(int(time.time()))
    )
    database.dispose()


def _scattered(number: int) -> str:
    return hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()
