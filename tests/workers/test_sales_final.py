"""Figures become final once every line is past its returns; what comes after makes a new revision."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from tests.sales_kit import add_session
from tests.workers.test_sales_tasks import HOUR, event, now, push
from workers import sales as tasks

__all__ = ["now"]

DAY = timedelta(days=1)
# Received with the first refund window over; ordered and never received waits for the cap.
WINDOW, CAP = 9 * DAY, 46 * DAY


@pytest.fixture
def evening(now, database, make):
    """An ended session of an agency's host, with one line received and one only paid."""
    agency = make.agency()
    host = make.host(agency=agency)
    starts, ends = now - 3 * HOUR, now - HOUR
    session_id = add_session(
        make,
        starts,
        ends,
        brand=make.brand(),
        account=make.account(external_id="a1"),
        state="ended",
        shifts=((host, agency, starts, ends),),
    )
    received = {"status": "received", "received_at": ends.isoformat()}
    push(database, event(1, starts + HOUR, **received), event(2, starts + HOUR))
    tasks.fold()
    tasks.tell()
    return session_id


def refund(line, at, fen):
    return {
        "type": "refund",
        "event_id": f"r{line}",
        "occurred_at": at.isoformat(),
        "platform": "douyin",
        "shop_id": "4001",
        "refund_id": f"r{line}",
        "line_id": f"l{line}",
        "refund_type": "refund_only",
        "stage": "post_receipt",
        "status": "success",
        "currency": "CNY",
        "amount_fen": fen,
        "applied_at": at.isoformat(),
        "succeeded_at": at.isoformat(),
    }


def finals(database):
    """(revision, net, maturing) of each sales.final."""
    with database.transaction(SYSTEM) as db:
        rows = db.execute(
            text("SELECT data, agency_data FROM outbox_event WHERE type = 'sales.final' ORDER BY id")
        ).all()
    found = []
    for row in rows:
        ((totals,),) = (part["totals"] for part in row.agency_data.values())
        found.append((row.data["revision"], totals["net_gmv_fen"], totals["maturing"]))
    return found


def test_final_is_said_once_when_the_last_line_is_past_its_returns(evening, database):
    tasks.finish()
    assert finals(database) == []
    with clock.travel(WINDOW):
        tasks.finish()
        # The line that was paid and never received may still come back.
        assert finals(database) == []
    with clock.travel(CAP):
        tasks.finish()
        tasks.finish()
    assert finals(database) == [(1, 20000, False)]


def test_a_refund_after_all_is_told_as_updated_and_as_a_new_revision(evening, database, now):
    with clock.travel(CAP):
        tasks.finish()
        push(database, refund(1, now + CAP, 2500))
        tasks.fold()
        # Not before the change itself was told.
        tasks.finish()
        assert finals(database) == [(1, 20000, False)]
        tasks.tell()
        tasks.finish()
        tasks.finish()
    assert finals(database) == [(1, 20000, False), (2, 17500, False)]


def test_a_show_that_ended_today_is_not_final_even_when_all_came_back(evening, database, now):
    push(database, refund(1, now, 10000), refund(2, now, 10000))
    tasks.fold()
    with clock.travel(HOUR):
        tasks.tell()
        tasks.finish()
        assert finals(database) == []
    with clock.travel(DAY + HOUR):
        tasks.finish()
    assert finals(database) == [(1, 0, False)]
