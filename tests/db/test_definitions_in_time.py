"""The figures by their definitions: what matures, of which day and show something is. Worked by hand, in fen."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from tests.db.test_insight_summary import EVENING, HOUR, Shelf, day
from tests.factory import Factory
from tests.sales_kit import add_session

Events = list[dict[str, Any]]


def of_three(shelf: Shelf, **later: Any) -> Events:
    """Lines of ¥100, ¥70 and ¥30, each received two days after the order; `later` changes the first."""
    at = (EVENING + 48 * HOUR).isoformat()
    lines = [shelf.line(HOUR, fen, status="received", received_at=at) for fen in (10000, 7000, 3000)]
    return [{**lines[0], **later}, *lines[1:]]


MATURING: list[tuple[str, Callable[[Shelf], Events], dict[int, tuple[int, int]]]] = [
    # days after the evening → (kept, maturing). Received on day 2, window of 7 days: from day 9 on.
    ("received, window over", of_three, {3: (0, 20000), 8: (0, 20000), 10: (20000, 0)}),
    (
        "never told as received: the cap of 45 days",
        lambda shelf: of_three(shelf, status="shipped", received_at=None),
        {10: (10000, 10000), 44: (10000, 10000), 46: (20000, 0)},
    ),
    (
        "an open case holds its line",
        lambda shelf: [
            *(events := of_three(shelf)),
            shelf.refund(events[0], 4000, 50 * HOUR, status="applied", applied_at=events[1]["received_at"]),
        ],
        {10: (10000, 10000), 46: (20000, 0)},
    ),
    (
        "refunded whole: mature at once, and nothing of it is kept",
        lambda shelf: [*(events := of_three(shelf)), shelf.refund(events[0], 10000, 50 * HOUR)],
        {3: (0, 10000), 10: (10000, 0)},
    ),
    (
        "cancelled unpaid: mature at once",
        lambda shelf: of_three(shelf, status="cancelled", received_at=None, paid_at=None),
        {3: (0, 10000), 10: (10000, 0)},
    ),
]


@pytest.mark.parametrize(("build", "wanted"), [row[1:] for row in MATURING], ids=[row[0] for row in MATURING])
def test_what_is_kept_and_what_still_matures(
    build: Callable[[Shelf], Events],
    wanted: dict[int, tuple[int, int]],
    database: Database,
    make: Factory,
) -> None:
    shelf = Shelf(database, make)
    shelf.push(*build(shelf), days_later=3)
    found = {}
    for days in wanted:
        (totals,) = shelf.summary(6, 7, days_later=days).totals
        found[days] = (totals.kept_fen, totals.maturing_fen)
        assert totals.kept_fen + totals.maturing_fen == totals.net_gmv_fen
        assert totals.maturing is (totals.maturing_fen > 0)
    assert found == wanted


def test_each_brand_has_its_own_window_of_return(database: Database, make: Factory) -> None:
    shelf = Shelf(database, make)
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE brand SET return_window_days = 15"))
    shelf.push(*of_three(shelf), days_later=3)
    kept = {days: shelf.summary(6, 7, days_later=days).totals[0].kept_fen for days in (10, 16, 18)}
    assert kept == {10: 0, 16: 0, 18: 20000}


def test_by_cohort_a_refund_is_of_the_show_and_by_cash_of_its_own_day(
    database: Database, make: Factory
) -> None:
    """¥100 ordered and paid on the 6th, ¥50 ordered on the 6th and paid on the 7th; ¥30 back on the 9th."""
    shelf = Shelf(database, make)
    first, second = shelf.line(HOUR), shelf.line(HOUR, 5000, paid_at=(EVENING + 24 * HOUR).isoformat())
    shelf.push(first, second, shelf.refund(first, 3000, 72 * HOUR), days_later=4)
    found = {
        basis: {
            group.key[-2:]: (
                group.totals[0].paid_gmv_fen,
                group.totals[0].refund_fen,
                group.totals[0].net_gmv_fen,
            )
            for group in shelf.summary(6, 9, days_later=4, basis=basis).days
        }
        for basis in ("cohort", "cash")
    }
    days = {number: day(number).isoformat()[-2:] for number in (6, 7, 9)}
    assert found["cohort"] == {days[6]: (15000, 3000, 12000)}
    assert found["cash"] == {days[6]: (10000, 0, 10000), days[7]: (5000, 0, 5000), days[9]: (0, 3000, -3000)}
    whole = shelf.summary(6, 9, days_later=4, basis="cash").totals[0]
    assert (whole.paid_gmv_fen, whole.refund_fen, whole.refund_rate) == (15000, 3000, None)


def test_orders_at_the_edges_count_once_and_in_the_right_show(database: Database, make: Factory) -> None:
    """First show 20:00-22:00, the next 23:00-02:00; ten minutes of grace: [start, end + grace)."""
    shelf = Shelf(database, make)
    second = timedelta(seconds=1)
    edges = {
        0 * HOUR: "first",
        -second: "beneath",
        2 * HOUR - second: "first",
        2 * HOUR: "first",
        2 * HOUR + timedelta(minutes=10) - second: "first",
        2 * HOUR + timedelta(minutes=10): "beneath",
        3 * HOUR - second: "beneath",
        3 * HOUR: "second",
        4 * HOUR: "second",
        6 * HOUR: "second",
    }
    shelf.push(*(shelf.line(after, 1) for after in edges), days_later=1)
    found = shelf.summary(6, 7)
    by_session = {row.session_id: row.totals.paid_gmv_fen for row in found.sessions}
    wanted = list(edges.values())
    assert by_session == {shelf.first: wanted.count("first"), shelf.second: wanted.count("second")}
    assert found.beneath[0].unattributed_fen == wanted.count("beneath")
    assert found.totals[0].paid_gmv_fen + found.beneath[0].unattributed_fen == len(edges)


def test_a_shift_over_midnight_keeps_its_orders(database: Database, make: Factory) -> None:
    shelf = Shelf(database, make)
    host, other = make.host(), make.host()
    account, handover = make.account(external_id="a9"), EVENING + 5 * HOUR
    add_session(
        make, EVENING + 3 * HOUR, EVENING + 6 * HOUR, brand=shelf.brand, account=account,
        shifts=((host, None, EVENING + 3 * HOUR, handover), (other, None, handover, EVENING + 6 * HOUR)),
    )  # fmt: skip
    moments = (4 * HOUR - timedelta(seconds=1), 4 * HOUR, 5 * HOUR - timedelta(seconds=1), 5 * HOUR)
    shelf.push(*(shelf.line(after, 100 * 10**n, author_id="a9") for n, after in enumerate(moments)))
    by_host = {row.host_id: row.totals.paid_gmv_fen for row in shelf.summary(6, 7).hosts}
    assert by_host == {host.id: 100 + 1000 + 10000, other.id: 100000}
