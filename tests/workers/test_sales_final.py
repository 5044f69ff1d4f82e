"""Figures become final once every line is past its returns; what comes after makes a new revision."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from campaign.insight.summary import session_sales
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.sales import placing
from tests.factory import HUB
from tests.sales_kit import add_session, change_session
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
    brand = make.brand()
    make.shop(brand, external_id="4001")
    starts, ends = now - 3 * HOUR, now - HOUR
    session_id = add_session(
        make,
        starts,
        ends,
        brand=brand,
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


def test_a_refund_after_all_is_told_as_updated_and_as_a_new_revision(evening, database, now, make):
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
    with database.transaction(HUB) as db:
        session_id = db.execute(text("SELECT session_id FROM session_sales")).scalar_one()
        brand_ids = db.execute(text("SELECT brand_ids FROM live_session")).scalar_one()
        found = session_sales(db, HUB, session_id)
    assert (found.revision, found.totals[0].net_gmv_fen) == (2, 17500)
    own = Actor(kind="user", role="brand", id=7, name="own", brand_id=brand_ids[0])
    with database.transaction(own) as db:
        assert session_sales(db, own, session_id).revision == 2
    change_session(database, session_id, brand_ids=[*brand_ids, make.brand().id])
    with database.transaction(own) as db:
        assert session_sales(db, own, session_id).revision is None
    stranger = Actor(kind="user", role="brand", id=8, name="other", brand_id=make.brand().id)
    with database.transaction(stranger) as db:
        assert db.execute(text("SELECT count(*) FROM session_sales")).scalar_one() == 0


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


def test_what_changes_no_figure_after_all_is_said_again_and_makes_no_revision(evening, database, now):
    with clock.travel(CAP):
        tasks.finish()
        # The parcel of the second line was received long ago, as its source says now: it matures at another hour.
        received = {"status": "received", "received_at": (now + DAY).isoformat()}
        late = {"event_id": "late", "occurred_at": (now + CAP).isoformat()}
        push(database, event(2, now - 2 * HOUR, **received | late))
        tasks.fold()
        tasks.tell()
        tasks.finish()
        assert finals(database) == [(1, 20000, False), (1, 20000, False)]
    with clock.travel(CAP + HOUR):
        # Control: a fen less does.
        push(database, refund(1, now + CAP, 1))
        tasks.fold()
        tasks.tell()
        tasks.finish()
    assert finals(database)[2:] == [(2, 19999, False)]


def test_a_longer_window_of_return_takes_back_what_was_final_and_a_shorter_one_gives_it(
    evening, database, now, make
):
    received = {"status": "received", "received_at": now.isoformat(), "occurred_at": now.isoformat()}
    push(database, event(2, now - 2 * HOUR, event_id="r", **received))
    tasks.fold()
    with clock.travel(WINDOW):
        tasks.tell()
        tasks.finish()
        assert finals(database) == [(1, 20000, False)]
        assert maturing(database) == (0, False)
        windows(database, 15)
        assert maturing(database) == (20000, True)
    with clock.travel(WINDOW + HOUR):
        tasks.tell()
        tasks.finish()
        assert finals(database) == [(1, 20000, False)]
        windows(database, 7)
        assert maturing(database) == (0, False)
    with clock.travel(WINDOW + 2 * HOUR):
        tasks.tell()
        tasks.finish()
    # Final again, and no figure is another than it was.
    assert finals(database) == [(1, 20000, False)] * 2
    # Ordered longer ago than the cap of 45 days it is final whatever the window.
    with clock.travel(CAP + DAY), database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE brand SET return_window_days = 90"))
        assert placing.WINDOWS.due(db, SYSTEM) == []
    with database.transaction(SYSTEM) as db:
        assert placing.WINDOWS.due(db, SYSTEM) != []


def windows(database, days):
    with database.transaction(HUB) as db:
        db.execute(text("UPDATE brand SET return_window_days = :days"), {"days": days})
    tasks.reattribute()
    tasks.fold()


def maturing(database):
    """What of the session still matures."""
    with database.transaction(HUB) as db:
        session_id = db.execute(text("SELECT session_id FROM session_sales")).scalar_one()
        (total,) = session_sales(db, HUB, session_id).totals
    return total.maturing_fen, total.maturing
