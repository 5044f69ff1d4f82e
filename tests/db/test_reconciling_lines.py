"""Raw events against lines, part by part: nothing escapes between two parts, and each line is read once."""

from typing import Any

import pytest
from sqlalchemy import event, text

from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.sales.batches import Batch
from campaign.sales.intake import Intake
from campaign.sales.reconciling import MOST_LINES, Difference, check_lines
from tests.factory import Factory
from tests.plans import rows_looked_at
from tests.sales_kit import fold_all, told_line

CONNECTOR = Actor(kind="key", role="connector", id=5, name="push")
LINES, REFUNDS = 2 * MOST_LINES + 500, 45


@pytest.fixture
def shop(database: Database, make: Factory) -> int:
    """Its lines of three parts, l10000 and on, each hundredth refunded; and another shop that sold one."""
    found = make.shop(make.brand(), external_id="4001")
    make.shop(make.brand(), external_id="4002")
    at = told_line(0)["ordered_at"]
    told = [told_line(10_000 + n) for n in range(LINES)]
    told += [
        {
            "type": "refund", "event_id": f"r{n}", "occurred_at": at, "platform": "douyin", "shop_id": "4001",
            "refund_id": f"f{n}", "line_id": f"l{10_000 + 100 * n}", "status": "success", "amount_fen": 40,
            "currency": "CNY", "stage": "pre_ship", "succeeded_at": at,
        }
        for n in range(REFUNDS)
    ] + [told_line(1, shop_id="4002")]  # fmt: skip
    intake = Intake(database, b"k" * 32)
    for start in range(0, len(told), 1000):
        assert intake.take_in(CONNECTOR, Batch(told[start : start + 1000], [])).rejected == []
    fold_all(database)
    return int(found.id)


def checked(database: Database) -> tuple[int, list[Difference]]:
    """How many lines, and what differs."""
    with database.transaction(SYSTEM, readonly=True) as db:
        steps = list(check_lines(db, SYSTEM))
    assert isinstance(steps[-1], int)
    return steps[-1], [one for one in steps if not isinstance(one, int)]


def changed(database: Database, sql: str) -> None:
    with database.transaction(SYSTEM) as db:
        assert db.execute(text(sql)).rowcount, "the fault fell on nothing"  # type: ignore[attr-defined]


FIRST, LAST_OF_PART, NEXT, LAST = (10_000 + n for n in (0, MOST_LINES - 1, MOST_LINES, LINES - 1))
EDGES = (FIRST, LAST_OF_PART, NEXT, LAST)
FAULTS = {
    "a line lost": "DELETE FROM order_line WHERE line_id = '{line}'",
    "its events lost": "DELETE FROM sale_event WHERE line_id = '{line}'",
    "a line nobody told of": "UPDATE order_line SET line_id = '{line}x' WHERE line_id = '{line}'",
    "an event more": "INSERT INTO sale_event (received_on, received_at, source, shop_id, type, event_id, line_id,"
    " occurred_at, verdict, payload) SELECT received_on, received_at, source, shop_id, type, 'more', '{line}',"
    ' occurred_at, verdict, payload || \'{{"occurred_at": "2036-01-01T00:00:00Z", "paid_fen": 7}}\''
    " FROM sale_event WHERE line_id = '{line}' AND type = 'order.line'",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_the_edge_of_a_part_is_told(database: Database, shop: int, fault: str) -> None:
    assert checked(database) == (LINES + 1, [])
    for line in EDGES:
        changed(database, FAULTS[fault].format(line=f"l{line}"))
    _, found = checked(database)
    wanted = {f"{shop} l{line}{x}" for line in EDGES for x in (("", "x") if "nobody" in fault else ("",))}
    assert {one.subject for one in found} == wanted
    assert len(found) == len(wanted)


def test_a_refund_stored_that_no_event_tells_of_and_one_told_that_is_not_stored(
    database: Database, shop: int
) -> None:
    changed(database, "DELETE FROM refund WHERE refund_id = 'f3'")
    changed(database, "UPDATE refund SET line_id = 'l10001' WHERE refund_id = 'f7'")
    subjects = {one.subject for one in checked(database)[1]}
    assert subjects == {f"{shop} l10300", f"{shop} l10700", f"{shop} l10001"}


def test_a_refund_put_to_a_line_of_another_part_is_read_with_that_one(database: Database, shop: int) -> None:
    put = "UPDATE refund SET told_line_id = line_id, line_id = '{to}' WHERE refund_id = '{refund}'"
    for refund, to in (("f0", f"l{LAST}"), ("f44", f"l{FIRST}"), ("f1", "elsewhere")):
        changed(database, put.format(refund=refund, to=to))
    assert checked(database) == (LINES + 2, [])


@pytest.mark.parametrize("off", ["nothing", "enable_nestloop", "enable_hashjoin", "enable_mergejoin"])
def test_each_line_is_read_once_whatever_the_planner_believes(
    database: Database, engine: Any, shop: int, off: str
) -> None:
    """No statistics here: the tables are as old ones would have them, empty."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "sale_event" in statement:
            seen.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        checked(database)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    with database.transaction(SYSTEM) as db:
        if off != "nothing":
            db.execute(text(f"SET LOCAL {off} = off"))
        looked_at = sum(rows_looked_at(db, statement, parameters) for statement, parameters in seen)
    stored = 2 * (LINES + REFUNDS)
    assert len(seen) == 2 * (3 + 1)
    # Bounds come by lines and events once, parts once more, and a refund's event looks at its refund.
    assert looked_at <= 3 * stored
