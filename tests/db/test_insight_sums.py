"""Figures add up, are what an oracle says, and open down to their lines: over random evenings, to the fen."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.insight.figures import Totals
from campaign.insight.lines import drill, foot_of, lines_of, page_of_lines
from campaign.insight.summary import groups_of, whole
from campaign.insight.tallies import NAMES, Scope, totals_by
from campaign.kit import ids
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from tests.db.test_sales_oracle import feed
from tests.factory import HUB, Factory
from tests.oracle import evenings, summaries
from tests.sales_kit import add_session

GROUPS = ("day", "session", "host", "product", "platform", "shop", "campaign")
VIEWS: tuple[dict[str, Any], ...] = ({}, {"age": 0}, {"age": 3}, {"basis": "cash"})
FIRST, LAST = date(2026, 11, 5), date(2026, 11, 30)


class Evening:
    """Two brands in the same shows: s1 is the one's shop, s2 the other's; two of four products are known."""

    def __init__(self, seed: int, database: Database, make: Factory) -> None:
        chance = random.Random(seed)
        self.database = database
        self.shows = evenings.sessions(chance)
        self.told = evenings.events(chance, self.shows, 40)
        for number, event in enumerate(self.told):
            if event["type"] == "order.line" and int(event["line_id"][1:]) % 7 == 0:
                self.told[number] = event | {"currency": "USD"}
            if event["type"] == "refund" and int(event["line_id"][1:]) % 7 == 0:
                self.told[number] = event | {"currency": "USD"}
        self.brands = {shop: make.brand() for shop in ("s1", "s2")}
        self.shops = {shop: make.shop(brand, external_id=shop) for shop, brand in self.brands.items()}
        self.products = {
            (shop, sku): make.product(brand, sku=sku)
            for shop, brand in self.brands.items()
            for sku in ("XJ-0", "XJ-1")
        }
        hosts = [make.host(), make.host()]
        accounts = {name: make.account(external_id=name) for name in ("a1", "a2")}
        self.sessions = {show["id"]: self._add(make, show, accounts, hosts) for show in self.shows}
        feed(database, self.told, chance)

    def _add(self, make: Factory, show: dict[str, Any], accounts: dict[str, Any], hosts: list[Any]) -> int:
        middle = show["starts_at"] + (show["ends_at"] - show["starts_at"]) / 2
        return add_session(
            make,
            show["starts_at"],
            show["ends_at"],
            brand=self.brands["s1"],
            account=accounts[show["account"]],
            rooms=tuple(show["rooms"]),
            shifts=(
                (hosts[0], None, show["starts_at"], middle),
                (hosts[1], None, middle, show["ends_at"]),
            ),
        )

    def scopes(self) -> Iterator[tuple[str, Scope]]:
        for shop, view in product(self.brands, VIEWS):
            yield shop, Scope(brand_id=self.brands[shop].id, first=FIRST, last=LAST, **view)


@pytest.fixture(params=range(4))
def evening(request: pytest.FixtureRequest, database: Database, make: Factory) -> Evening:
    return Evening(request.param, database, make)


def added(rows: list[Totals]) -> dict[str, Counter[str]]:
    """What adds, added up by currency."""
    found: dict[str, Counter[str]] = {}
    for one in rows:
        into = found.setdefault(one.currency, Counter())
        # What matures is not told of each scope.
        names = (*NAMES, "refund_fen", "net_gmv_fen", "maturing_fen")
        into.update({name: getattr(one, name) or 0 for name in names})
    return {currency: Counter({name: n for name, n in sums.items() if n}) for currency, sums in found.items()}


def check_sums(db: Session, scope: Scope, *, leave_out: int = 0) -> int:
    """Every grouping adds up to the whole, single days too. Gives how many rows were added."""
    total = added(list(whole(totals_by(db, HUB, scope))))
    rows = 0
    for by in GROUPS:
        parts = [one for group in groups_of(db, HUB, scope, by) for one in group.totals][leave_out:]
        assert added(parts) == {key: one for key, one in total.items() if one}, (scope, by)
        rows += len(parts)
    assert scope.first is not None
    assert scope.last is not None
    days = [scope.first + timedelta(days=n) for n in range((scope.last - scope.first).days + 1)]
    single = [
        one for day in days for one in totals_by(db, HUB, replace(scope, first=day, last=day)).get("", ())
    ]
    assert added(single) == {key: one for key, one in total.items() if one}
    return rows


def test_days_products_hosts_shops_and_campaigns_add_up_to_the_range(evening: Evening) -> None:
    with evening.database.transaction(HUB) as db:
        rows = [check_sums(db, scope) for _, scope in evening.scopes()]
    assert sum(rows) > 50


def test_products_add_up_to_the_session_and_brands_to_sessions(evening: Evening) -> None:
    with evening.database.transaction(HUB) as db:
        seen = 0
        for session_id, view in product(evening.sessions.values(), VIEWS):
            scope = Scope(session_id=session_id, **view)
            total = added(totals_by(db, HUB, scope).get("", []))
            for by in ("product", "host", "brand", "shop", "day"):
                parts = [one for each in totals_by(db, HUB, scope, by).values() for one in each]
                assert added(parts) == total, (session_id, view, by)
            seen += len(total)
        assert seen
        for view in VIEWS:
            sessions = [
                one
                for session_id in evening.sessions.values()
                for one in totals_by(db, HUB, Scope(session_id=session_id, **view)).get("", [])
            ]
            brands = [
                one
                for brand in evening.brands.values()
                for one in totals_by(db, HUB, Scope(brand_id=brand.id, **view)).get("", [])
            ]
            assert added(sessions) == added(brands)


def test_summaries_say_what_the_oracle_says(evening: Evening) -> None:
    names = {evening.sessions[show["id"]]: show["id"] for show in evening.shows}
    with evening.database.transaction(HUB) as db:
        for (shop, scope), by in product(evening.scopes(), ("none", "day", "session", "shop", "product")):
            for currency in ("CNY", "USD"):
                told = [event for event in evening.told if event.get("currency", "CNY") == currency]
                wanted = summaries.summary(
                    told, evening.shows, [shop], (FIRST, LAST), by=by, basis=scope.basis, age=scope.age
                )
                if by == "product":
                    wanted = _by_known(wanted)
                found = {}
                for key, totals in totals_by(db, HUB, scope, by).items():
                    for one in (one for one in totals if one.currency == currency):
                        found[_named(evening, names, shop, by, key)] = _five(one)
                nought = {"paid": 0, "refund": 0, "lines": 0, "units": 0, "orders": 0}
                for key in {*wanted, *found}:
                    mine, theirs = found.get(key, nought), wanted.get(key, nought)
                    if by == "product" and key == "":
                        mine, theirs = ({**one, "orders": 0} for one in (mine, theirs))
                    assert mine == theirs, (by, scope, key)


BUCKETS = ("live", "unattributed", "outside_live")


def check_buckets(db: Session, scope: Scope, buckets: tuple[str, ...] = BUCKETS) -> dict[str, int]:
    """What is in sessions, what found none and what was no live sale are all there is. Gives each one's lines."""
    total = added(totals_by(db, HUB, replace(scope, bucket=None)).get("", []))
    parts = {one: totals_by(db, HUB, replace(scope, bucket=one)).get("", []) for one in buckets}
    assert added([one for each in parts.values() for one in each]) == total, scope
    for bucket, totals in parts.items():
        for one in totals:
            (foot,) = foot_of(db, HUB, drill(replace(scope, bucket=bucket), currency=one.currency))
            assert (foot.paid_gmv_fen, foot.refund_fen, foot.lines) == (
                one.paid_gmv_fen,
                one.refund_fen,
                one.lines,
            )
    return {bucket: sum(one.lines for one in totals) for bucket, totals in parts.items()}


def test_what_found_no_session_stands_beside_and_nothing_is_lost(evening: Evening) -> None:
    met: Counter[str] = Counter()
    with evening.database.transaction(HUB) as db:
        for _, scope in evening.scopes():
            met.update(check_buckets(db, scope))
            with pytest.raises(AssertionError):
                check_buckets(db, scope, ("live",))
    assert min(met[bucket] for bucket in BUCKETS) > 0


def _five(one: Totals) -> dict[str, int | None]:
    return {
        "paid": one.paid_gmv_fen,
        "refund": one.refund_fen,
        "lines": one.lines,
        "units": one.units,
        "orders": one.orders,
    }


def _by_known(wanted: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """What the catalogue does not know stands together; its orders cannot be told from parts."""
    found: dict[str, Counter[str]] = {}
    for sku, figures in wanted.items():
        found.setdefault(sku if sku in ("XJ-0", "XJ-1") else "", Counter()).update(figures)
    return {key: dict(one) for key, one in found.items()}


def _named(evening: Evening, names: dict[int, str], shop: str, by: str, key: str) -> str:
    if by == "session":
        return names[int(key)]
    if by == "shop":
        return {evening.shops[one].id: one for one in evening.shops}[int(key)]
    if by == "product":
        known = {evening.products[shop, sku].id: sku for sku in ("XJ-0", "XJ-1")}
        return known.get(int(key), "")
    return key


def check_feet(db: Session, scope: Scope) -> int:
    """Each figure equals the sum of the lines it opens. Gives how many were compared."""
    compared = 0
    for by in ("none", *GROUPS):
        for key, totals in totals_by(db, HUB, scope, by).items():
            for one in totals:
                figure = drill(scope, by, _public(by, key), currency=one.currency)
                (foot,) = foot_of(db, HUB, figure)
                for name in (
                    "placed_gmv_fen",
                    "paid_gmv_fen",
                    "refund_fen",
                    "net_gmv_fen",
                    "lines",
                    "units",
                    "orders",
                ):
                    assert getattr(foot, name) == getattr(one, name), (by, key, name, scope)
                for only in ("deposit", "compensation", "disputed") if by in ("none", "session") else ():
                    feet = foot_of(db, HUB, replace(figure, only=only))
                    assert sum(part.amount_fen or 0 for part in feet) == getattr(one, f"{only}_fen"), (
                        by,
                        key,
                        only,
                    )
                compared += 1
    return compared


def _public(by: str, key: str) -> str:
    prefixes = {"session": "ses", "host": "hst", "product": "prd", "shop": "shp", "campaign": "cmp"}
    if by not in prefixes:
        return key
    return "" if key == "0" else ids.public(prefixes[by], int(key))


def test_the_lines_below_each_figure_add_up_to_it(evening: Evening) -> None:
    with evening.database.transaction(HUB) as db:
        assert sum(check_feet(db, scope) for _, scope in evening.scopes()) > 60


def test_a_group_that_is_left_out_is_noticed(database: Database, make: Factory) -> None:
    scope = Scope(brand_id=Evening(1, database, make).brands["s1"].id, first=FIRST, last=LAST)
    with database.transaction(HUB) as db, pytest.raises(AssertionError):
        check_sums(db, scope, leave_out=1)


def test_a_single_fen_too_many_is_noticed(database: Database, make: Factory) -> None:
    brand = Evening(1, database, make).brands["s1"]
    with database.transaction(SYSTEM) as db:
        db.execute(
            text(
                "UPDATE sales_day SET paid_fen = paid_fen + 1 WHERE ctid = (SELECT ctid FROM sales_day"
                " WHERE basis = 'cohort' AND bucket = 'live' AND paid_fen > 0 AND brand_id = :brand LIMIT 1)"
            ).bindparams(brand=brand.id)
        )
    with database.transaction(HUB) as db, pytest.raises(AssertionError):
        check_feet(db, Scope(brand_id=brand.id, first=FIRST, last=LAST))


def test_pages_of_lines_are_the_whole_and_no_line_comes_twice(evening: Evening) -> None:
    for (_, scope), only in product(evening.scopes(), ("all", "paid", "refunded")):
        figure = drill(scope, only=only)
        with evening.database.transaction(HUB) as db:
            rows, cursor = [], None
            while True:
                page = page_of_lines(db, HUB, figure, limit=5, cursor=cursor)
                rows += page.items
                cursor = page.next_cursor
                if cursor is None:
                    break
            assert rows == list(lines_of(db, HUB, figure))
            feet = foot_of(db, HUB, figure)
            assert sum(one.rows for one in feet) == len(rows) == len({row.id for row in rows})
            assert sum(one.refund_fen for one in feet) == sum(row.refund_fen for row in rows)


def test_a_brand_finds_its_own_lines_alone(evening: Evening) -> None:
    for shop, brand in evening.brands.items():
        actor = Actor(kind="user", role="brand", id=9, name="x", brand_id=brand.id)
        other = next(one for key, one in evening.brands.items() if key != shop)
        with evening.database.transaction(actor) as db:
            for scope in (Scope(), Scope(first=FIRST, last=LAST, basis="cash")):
                assert {row.shop_id for row in lines_of(db, actor, drill(scope))} == {evening.shops[shop].id}
                assert foot_of(db, actor, drill(replace(scope, brand_id=other.id))) == ()
