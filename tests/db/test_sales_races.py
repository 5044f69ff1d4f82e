"""Many writers at once, each with the same events in another order: counted once, nothing lost, no drift."""

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.sales import merging_in, rows
from campaign.sales.batches import Batch
from campaign.sales.folding import fold
from campaign.sales.ingest import ingest
from campaign.sales.intake import Intake
from campaign.sales.merging_in import merge_waiting
from campaign.sales.placing import reattribute
from campaign.sales.rows import MadeMeanwhile
from campaign.sales.submissions import prepared
from campaign.sales.taking import Source
from tests.factory import Factory
from tests.oracle import evenings
from tests.oracle.answers import answers
from tests.sales_kit import add_session, assert_reconciled, change_session, fold_all, told_line, total_of

CONNECTOR = Actor(kind="key", role="connector", id=5, name="push")
KEY = b"k" * 32


@pytest.fixture
def busy(own_database_url: str) -> Any:
    """A database of this test's own, with a pool for all writers."""
    made = Database.connect(own_database_url, pool_size=12)
    with clock.travel(datetime(2026, 11, 30, tzinfo=UTC) - datetime.now(UTC)):
        yield made
    made.dispose()


class Crowd:
    """Threads that start together; whatever one raises is raised by join()."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._faults: list[BaseException] = []

    def add(self, body: Callable[[], None]) -> None:
        def run() -> None:
            try:
                body()
            except BaseException as error:  # noqa: BLE001 - handed on by join()
                self._faults.append(error)

        self._threads.append(threading.Thread(target=run))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()
        if self._faults:
            raise self._faults[0]


def scene(busy: Database, shows: list[dict[str, Any]]) -> dict[str, int]:
    """The oracle's shows as sessions; gives their ids."""
    make = Factory(busy)
    brand = make.brand()
    for shop in ("s1", "s2"):
        make.shop(brand, external_id=shop)
    accounts = {name: make.account(external_id=name) for name in ("a1", "a2")}
    return {
        show["id"]: add_session(
            make,
            show["starts_at"],
            show["ends_at"],
            brand=brand,
            account=accounts[show["account"]],
            rooms=tuple(show["rooms"]),
        )
        for show in shows
    }


def write_all(busy: Database, told: list[dict[str, Any]], seed: int, accepted: list[int]) -> None:
    mine = list(told)
    random.Random(seed).shuffle(mine)
    for start in range(0, len(mine), 60):
        outcome = Intake(busy, KEY).take_in(CONNECTOR, Batch(mine[start : start + 60], []))
        assert outcome.rejected == []
        accepted.append(outcome.accepted)


def correct_all(busy: Database, again: list[dict[str, Any]], ids: dict[str, int]) -> None:
    for show in again:
        change_session(
            busy, ids[show["id"]], actual_starts_at=show["starts_at"], actual_ends_at=show["ends_at"]
        )
        with busy.transaction(SYSTEM) as db:
            reattribute(db, SYSTEM, ids[show["id"]])


def fold_until(busy: Database, done: threading.Event) -> None:
    while not done.is_set():
        with busy.transaction(SYSTEM) as db:
            merge_waiting(db, SYSTEM)
        with busy.transaction(SYSTEM) as db:
            fold(db, SYSTEM, most=50)


def test_writers_folders_and_corrections_at_once_agree_with_the_oracle(busy: Database) -> None:
    chance = random.Random(7)
    shows = evenings.sessions(chance)
    told = evenings.events(chance, shows, 150)
    ids = scene(busy, shows)
    again = evenings.corrected(chance, shows)
    accepted: list[int] = []
    done = threading.Event()
    writers, folders = Crowd(), Crowd()
    for seed in range(4):
        writers.add(partial(write_all, busy, told, seed, accepted))
    writers.add(partial(correct_all, busy, again, ids))
    for _ in range(2):
        folders.add(partial(fold_until, busy, done))
    folders.start()
    writers.start()
    writers.join()
    done.set()
    folders.join()
    unique = {(e["platform"], e["shop_id"], e["type"], e["event_id"]) for e in told}
    assert sum(accepted) == len(unique), "each event was accepted by exactly one writer"
    for session_id in ids.values():
        with busy.transaction(SYSTEM) as db:
            reattribute(db, SYSTEM, session_id)
    fold_all(busy)
    wanted = answers(told, again)
    for show, session_id in ids.items():
        figures = wanted.get(show, {"paid": 0, "refund": 0, "lines": 0})
        found = total_of(busy, session_id)
        assert [found[name] for name in ("paid_gmv_fen", "refund_fen", "lines")] == [
            figures[name] for name in ("paid", "refund", "lines")
        ]
    assert_reconciled(busy)


def test_a_lost_row_of_a_rollup_is_noticed(busy: Database) -> None:
    """Negative control: the proof fails when a single figure is off."""
    chance = random.Random(3)
    Factory(busy).shop(external_id="s1")
    told = evenings.events(chance, evenings.sessions(chance), 20)
    Intake(busy, KEY).take_in(CONNECTOR, Batch(told, []))
    fold_all(busy)
    assert_reconciled(busy)
    with busy.transaction(SYSTEM) as db:
        db.execute(
            text("UPDATE sales_day SET paid_fen = paid_fen + 1 WHERE basis = 'cohort' AND paid_fen > 0")
        )
    with pytest.raises(AssertionError):
        assert_reconciled(busy)


def test_a_line_that_differs_from_its_raw_events_is_noticed(busy: Database) -> None:
    chance = random.Random(3)
    Factory(busy).shop(external_id="s1")
    Intake(busy, KEY).take_in(CONNECTOR, Batch(evenings.events(chance, evenings.sessions(chance), 20), []))
    fold_all(busy)
    with busy.transaction(SYSTEM) as db:
        db.execute(text("DELETE FROM sale_event WHERE line_id = 'l3'"))
        db.execute(
            text(
                "UPDATE order_line SET state = '{}' WHERE ctid = (SELECT ctid FROM order_line"
                " WHERE line_id = 'l4' LIMIT 1) AND line_id = 'l4'"
            )
        )
    with pytest.raises(AssertionError):
        assert_reconciled(busy)


def parcels_of(busy: Database) -> list[int]:
    with busy.transaction(SYSTEM) as db:
        return list(db.execute(text("SELECT id FROM sale_parcel ORDER BY id")).scalars())


def wait_for_a_lock(busy: Database) -> None:
    """Until some connection of this database waits for another's transaction."""
    waits = text(
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE NOT l.granted AND a.datname = current_database()"
    )
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with busy.transaction(SYSTEM) as db:
            if db.execute(waits).scalar_one():
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def told(number: int, **given: Any) -> dict[str, Any]:
    at = "2026-11-29T09:00:00Z"
    return told_line(number, **{"occurred_at": at, "ordered_at": at} | given)


def merged_at_once(busy: Database, *settings: str) -> None:
    """Two parcels by two workers; the second, with these settings, comes to wait for the first one's commit."""
    one, other = parcels_of(busy)

    def late() -> None:
        with busy.transaction(SYSTEM) as db:
            for setting in settings:
                db.execute(text(setting))
            merge_waiting(db, SYSTEM, parcel_id=other)

    crowd = Crowd()
    crowd.add(late)
    with busy.transaction(SYSTEM) as db:
        merge_waiting(db, SYSTEM, parcel_id=one)
        crowd.start()
        wait_for_a_lock(busy)
    crowd.join()


def two_at_one_new_line(busy: Database) -> None:
    """Two workers find the same line missing; the one that comes second to write it waits for the other's commit."""
    Factory(busy).shop(external_id="4001")
    first = told(1, event_id="first", merchant_sku="SKU-1", version="2026-11-29T10:00:00Z")
    second = told(1, event_id="second", room_id="r1", version="2026-11-29T11:00:00Z", paid_fen=90)
    Intake(busy, KEY).take_in(CONNECTOR, Batch([first], []))
    Intake(busy, KEY).take_in(CONNECTOR, Batch([second, told(2)], []))
    merged_at_once(busy)


def test_a_line_that_two_workers_make_at_once_holds_what_both_were_told(busy: Database) -> None:
    two_at_one_new_line(busy)
    fold_all(busy)
    assert_reconciled(busy)
    with busy.transaction(SYSTEM) as db:
        found = db.execute(
            text("SELECT line_id, merchant_sku, room_id, paid_fen FROM order_line ORDER BY 1")
        ).all()
    assert [tuple(row) for row in found] == [("l1", "SKU-1", "r1", 90), ("l2", None, None, 100)]


def test_without_a_second_look_the_later_of_two_workers_fails(
    busy: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: the race above does happen."""
    monkeypatch.setattr(merging_in, "MadeMeanwhile", ZeroDivisionError)
    with pytest.raises(MadeMeanwhile):
        two_at_one_new_line(busy)


JOINED = text(
    "SELECT l.shop_id, l.line_id, l.platform, l.state, l.posted, l.assigned_session_id, l.session_id,"
    " l.parent_order_id, l.buyer_hash"
    " FROM order_line l JOIN unnest(CAST(:shops AS bigint[]), CAST(:lines AS text[])) AS r(shop_id, line_id)"
    " ON l.shop_id = r.shop_id AND l.line_id = r.line_id ORDER BY l.shop_id, l.line_id FOR UPDATE OF l"
)


def two_at_the_same_lines(busy: Database) -> None:
    """Of lines in all partitions two workers are told more at once; the second waits for each of them."""
    shops = [Factory(busy).shop(external_id=str(4001 + n)).external_id for n in range(12)]
    given = [told(n, shop_id=shop, event_id=f"first-{n}") for n, shop in enumerate(shops)]
    Intake(busy, KEY).take_in(CONNECTOR, Batch(given, []))
    fold_all(busy)
    for discount in ("discount_shop_fen", "discount_host_fen"):
        more = [one | {"event_id": f"{discount}-{n}", discount: 7} for n, one in enumerate(given)]
        Intake(busy, KEY).take_in(CONNECTOR, Batch(more, []))
    # As the planner does of itself once there are many lines.
    merged_at_once(busy, *(f"SET LOCAL enable_{name} = off" for name in ("hashjoin", "mergejoin", "seqscan")))


def test_known_lines_that_two_workers_hear_of_at_once_hold_what_both_were_told(busy: Database) -> None:
    two_at_the_same_lines(busy)
    fold_all(busy)
    assert_reconciled(busy)
    with busy.transaction(SYSTEM) as db:
        kept = db.execute(
            text(
                "SELECT count(*) FROM order_line WHERE state::text LIKE '%discount_shop_fen%'"
                " AND state::text LIKE '%discount_host_fen%'"
            )
        )
        assert kept.scalar_one() == 12


def test_lines_that_are_joined_sorted_and_then_locked_are_left_out(
    busy: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: so PostgreSQL leaves out what it waited for; that a line is missing is noticed."""
    monkeypatch.setattr(rows, "_LOCK", JOINED)
    with pytest.raises(LookupError, match="no such lines"):
        two_at_the_same_lines(busy)


def tell_the_same(busy: Database, turns: int, batch: int = 20) -> None:
    """Writers that tell the same lines in another order each, half of which are there; a deadlock is raised."""
    Factory(busy).shop(external_id="4001")

    def tell(seed: int, turn: int) -> None:
        numbers = list(range(turn * 40, turn * 40 + 80))
        random.Random(seed).shuffle(numbers)
        events = [told(n, event_id=f"e{seed}-{turn}-{n}", paid_fen=100 + seed) for n in numbers]
        for start in range(0, len(events), batch):
            given, _ = prepared(events[start : start + batch], salt=KEY)
            with busy.transaction(SYSTEM) as db:
                ingest(db, CONNECTOR, given, Source("push"))

    for turn in range(turns):
        crowd = Crowd()
        for seed in range(4):
            crowd.add(partial(tell, seed, turn))
        crowd.start()
        crowd.join()


def test_new_lines_and_known_ones_in_any_order_never_deadlock(busy: Database) -> None:
    tell_the_same(busy, 8)
    fold_all(busy)
    assert_reconciled(busy)


def test_new_lines_that_are_not_written_by_key_deadlock(
    busy: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: the order is what keeps writers from waiting for each other."""

    def in_any_order(values: Any) -> list[Any]:
        return random.sample(list(values), len(values))

    monkeypatch.setattr(rows, "sorted", in_any_order, raising=False)
    with pytest.raises(OperationalError, match="deadlock detected"):
        tell_the_same(busy, 120, batch=40)
