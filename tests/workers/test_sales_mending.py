"""Sums that do not say what their order lines say are found and set right, at a session's end and each night."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.live import alerts
from campaign.sales import mending, merging_in, reconciling
from campaign.sales.mending import Part
from campaign.sales.queries import checks
from tests.factory import HUB
from tests.sales_kit import add_session, assert_reconciled, change_session, total_of
from tests.workers.test_sales_final import refund
from tests.workers.test_sales_tasks import HOUR, event, now, push
from workers import sales as tasks

__all__ = ["now"]
DAY = timedelta(days=1)

# Each takes one table away from what its lines say: an amount, a whole row, a row that has no line.
FAULTS = {
    "session_total": "UPDATE session_total SET paid_fen = paid_fen + 1, units = units - 2",
    "session_minute": "DELETE FROM session_minute",
    "sales_day cohort": "UPDATE sales_day SET refund_post_ship_fen = refund_post_ship_fen + 7 WHERE basis = 'cohort'",
    "sales_day cash": "DELETE FROM sales_day WHERE basis = 'cash'",
    "sales_maturity": "UPDATE sales_maturity SET maturing_fen = maturing_fen - 100",
    "a row too many": "INSERT INTO session_total (session_id, currency, brand_id, host_id, agency_id, paid_fen)"
    " SELECT session_id, 'USD', 0, 0, 0, 500 FROM session_sales",
}


@pytest.fixture
def evening(now, database, make):
    """A session that ended an hour ago with three lines, a refund, and a line outside of it; gives its id."""
    brand = make.brand()
    make.shop(brand=brand, external_id="4001")
    began, ended = now - 3 * HOUR, now - HOUR
    session = add_session(
        make,
        began,
        ended,
        brand=brand,
        account=make.account(external_id="a1"),
        state="ended",
        actual=(began, ended),
    )
    push(database, *(event(number, now - 2 * HOUR) for number in range(3)))
    push(database, refund(0, now - HOUR, 4000), event(9, now - 40 * HOUR, traffic="shelf", author_id=None))
    tasks.fold()
    return session


def mended(database, part):
    with database.transaction(SYSTEM) as db:
        return mending.mend_part(db, SYSTEM, part)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_any_rollup_is_told_to_the_fen_and_set_right(database, evening, fault):
    right = total_of(database, evening)
    with database.transaction(SYSTEM) as db:
        db.execute(text(FAULTS[fault]))
        parts = mending.all_parts(db, SYSTEM)
        found = [one for part in parts for one in mending.check_part(db, SYSTEM, part)]
    assert found
    assert {one.check for one in found} == {
        fault.split()[0] if fault != "a row too many" else "session_total"
    }
    if fault == "session_total":
        assert [(one.figure, one.expected, one.found) for one in found] == [
            ("paid_fen", 30000, 30001),
            ("units", 3, 1),
        ]
    assert [one for part in parts for one in mended(database, part)] == found
    assert [one for part in parts for one in mended(database, part)] == []
    assert total_of(database, evening) == right
    assert_reconciled(database)


def test_what_waits_to_be_folded_is_no_difference(database, evening):
    push(database, event(20, _two_hours_ago(database)))
    with database.transaction(SYSTEM) as db:
        merging_in.merge_waiting(db, SYSTEM)
        assert db.execute(text("SELECT count(*) FROM sale_change")).scalar_one()
    assert mended(database, Part(evening)) == []
    tasks.fold()
    assert_reconciled(database)


def _two_hours_ago(database):
    with database.transaction(SYSTEM) as db:
        return clock.now(db) - 2 * HOUR


def test_an_ended_session_is_looked_at_once_and_once_a_day_where_it_changed(database, evening, now):
    assert _looked_at(database) == {f"session:{evening}", "shop"}
    assert _looked_at(database) == set()
    with clock.travel(DAY):
        # It changed within a minute of the look: perhaps that change was not seen.
        assert _looked_at(database) == {f"session:{evening}", "shop"}
    with clock.travel(2 * DAY):
        assert _looked_at(database) == set()
        push(database, refund(1, now, 10000))
        tasks.fold()
        assert _looked_at(database) == {f"session:{evening}"}
        push(database, refund(2, now, 10000))
        tasks.fold()
        assert _looked_at(database) == set()
    with clock.travel(3 * DAY):
        assert _looked_at(database) == {f"session:{evening}"}


@pytest.mark.parametrize("state", ["no_show", "cancelled"])
def test_what_is_left_of_a_show_that_was_not_is_looked_at_too(database, evening, state):
    tasks.mend()
    why = {"cancel_code": "other"} if state == "cancelled" else {}
    change_session(database, evening, state=state, actual_starts_at=None, actual_ends_at=None, **why)
    tasks.reattribute()
    tasks.fold()
    right = total_of(database, evening)
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE session_total SET paid_fen = paid_fen + 1"))
    with clock.travel(DAY):
        tasks.mend()
    assert total_of(database, evening) == right


def test_the_hub_hears_of_a_difference_and_sees_how_often_sums_were_held_against_lines(database, evening):
    with database.transaction(HUB) as db:
        assert (checks(db, HUB).parts, checks(db, HUB).at) == (0, None)
    with database.transaction(SYSTEM) as db:
        db.execute(text(FAULTS["session_total"]))
    tasks.mend()
    with database.transaction(HUB) as db:
        ringing = [(one.kind, one.session_id, one.detail) for one in alerts.open_alerts(db, HUB)]
        known = checks(db, HUB)
    assert ringing == [("sales_drift", evening, {"figures": 2})]
    assert (known.parts, known.mended) == (2, 1)
    assert known.mended_at is not None


def test_redis_is_told_of_what_was_set_right(database, evening, parts):
    tasks.project()
    with database.transaction(SYSTEM) as db:
        db.execute(text(FAULTS["session_total"]))
    tasks.mend()
    tasks.project()
    with database.transaction(SYSTEM, readonly=True) as db:
        found = reconciling.check_redis(db, SYSTEM, parts.redis)
    assert (found.differences, found.suspects) == ([], [])


def _looked_at(database):
    with database.transaction(SYSTEM) as db:
        due = {
            part.name.split(":")[0] if not part.session_id else part.name
            for part in mending.due_parts(db, SYSTEM)
        }
    tasks.mend()
    return due
