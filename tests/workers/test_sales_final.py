"""Figures become final once every line is past its returns; what comes after makes a new revision."""

import runpy
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from campaign.insight.summary import session_sales
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.sales import placing
from campaign.sales.finishing import check_finals
from tests.factory import HUB
from tests.sales_kit import add_session, change_session
from tests.workers.test_sales_tasks import HOUR, event, now, push
from workers import sales as tasks

__all__ = ["now"]

DAY = timedelta(days=1)
MIGRATION = next(Path(__file__).parents[2].glob("migrations/versions/*_after_final.py"))
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
    # Ordered longer ago than the cap of 45 days, by whatever clock, it is final whatever the window.
    with clock.travel(CAP + 3 * DAY), database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE brand SET return_window_days = 90"))
        assert placing.WINDOWS.due(db, SYSTEM) == []
    with database.transaction(SYSTEM) as db:
        assert placing.WINDOWS.due(db, SYSTEM) != []


def changed(database, session_id, actor=HUB):
    """What is another than it was when first final, by currency without noughts; None before."""
    with database.transaction(actor) as db:
        found = session_sales(db, actor, session_id)
    if found.after_final is None:
        return None
    names = ("paid_gmv_fen", "refund_fen", "net_gmv_fen", "compensation_fen", "units", "refunded_lines")
    told = {one.currency: {name: getattr(one, name) for name in names} for one in found.after_final.totals}
    # The law: what was final and what changed since are what is now.
    for one in found.totals:
        if one.currency in told:
            with database.transaction(SYSTEM) as db:
                sql = "SELECT coalesce(sum(paid_fen), 0) FROM session_final WHERE currency = :of"
                then = db.execute(text(sql), {"of": one.currency}).scalar_one()
            assert not actor.is_hub or then + told[one.currency]["paid_gmv_fen"] == one.paid_gmv_fen
    return {of: {name: n for name, n in each.items() if n} for of, each in told.items()}


def test_what_comes_after_the_first_final_is_an_amount_of_its_own(evening, database, now):
    tasks.finish()
    assert changed(database, evening) is None
    with clock.travel(CAP):
        tasks.finish()
        assert changed(database, evening) == {"CNY": {}}
        # ¥25 of a line of ¥100 comes back, and a day later ¥10 of the other; and ¥120 for a line of ¥100 is too much.
        push(database, refund(1, now + CAP, 2500))
        tasks.fold()
        tasks.tell()
        tasks.finish()
    one = {"refund_fen": 2500, "net_gmv_fen": -2500, "refunded_lines": 1}
    assert changed(database, evening) == {"CNY": one}
    # Refunded whole, the line is mature with the next hour.
    with clock.travel(CAP + DAY + HOUR):
        push(database, refund(2, now + CAP + DAY, 12000))
        tasks.fold()
        tasks.tell()
        tasks.finish()
    # From the first final on, not from the last: both.
    both = {"refund_fen": 12500, "net_gmv_fen": -12500, "compensation_fen": 2000, "refunded_lines": 2}
    assert changed(database, evening) == {"CNY": both}
    assert [revision for revision, _, _ in finals(database)] == [1, 2, 3]


def test_each_reads_what_changed_of_its_own(evening, database, now, make):
    """A second brand sells in the show; of the first one's refund after all neither it nor a stranger reads."""
    other = make.brand()
    make.shop(other, external_id="4002")
    line = event(3, now - 2 * HOUR, shop_id="4002")
    push(database, line)
    tasks.fold()
    tasks.tell()
    with database.transaction(SYSTEM) as db:
        (mine,) = db.execute(text("SELECT brand_ids FROM live_session")).scalar_one()
        agency = db.execute(text("SELECT agency_ids[1] FROM live_session")).scalar_one()
    change_session(database, evening, brand_ids=[mine, other.id])
    with clock.travel(CAP):
        tasks.reattribute()
        tasks.fold()
        tasks.tell()
        tasks.finish()
        push(database, refund(1, now + CAP, 2500))
        tasks.fold()
    came_back = {"CNY": {"refund_fen": 2500, "net_gmv_fen": -2500, "refunded_lines": 1}}
    assert changed(database, evening) == came_back
    own = Actor(kind="user", role="brand", id=7, name="own", brand_id=mine)
    assert changed(database, evening, own) == came_back
    beside = Actor(kind="user", role="brand", id=8, name="beside", brand_id=other.id)
    assert changed(database, evening, beside) == {"CNY": {}}
    theirs = Actor(kind="user", role="agency", id=9, name="theirs", agency_id=agency)
    assert changed(database, evening, theirs) == came_back
    stranger = Actor(kind="user", role="brand", id=10, name="other", brand_id=make.brand().id)
    with database.transaction(stranger) as db:
        assert db.execute(text("SELECT count(*) FROM session_final")).scalar_one() == 0
    with database.transaction(beside) as db:
        assert db.execute(text("SELECT sum(paid_fen) FROM session_final")).scalar_one() == 10000


def test_what_is_kept_of_the_first_final_is_held_against_the_lines(evening, database, now):
    def differences():
        with database.transaction(SYSTEM) as db:
            return [(one.check, one.figure) for one in check_finals(db, SYSTEM)]

    with clock.travel(CAP):
        tasks.finish()
        assert differences() == []
        # Falsified, and with it the mark of what was written.
        change(database, "UPDATE session_final SET paid_fen = paid_fen + 1")
        assert differences() == [("session_final", "figures"), ("session_final", "paid_fen")]
        change(database, "UPDATE session_final SET paid_fen = paid_fen - 1")
        push(database, refund(1, now + CAP, 2500))
        assert differences() == [], "what waits to be folded is counted in"
        tasks.fold()
        tasks.tell()
        tasks.finish()
        assert differences() == [], "a session that changed is not what it was"
        change(database, "DELETE FROM session_final")
        assert differences() == [("session_final", "figures")]


def change(database, sql):
    with database.transaction(SYSTEM) as db:
        db.execute(text(sql))


def test_of_sessions_that_were_final_before_it_is_known_where_nothing_changed_since(evening, database, now):
    """What the migration fills in: under the first revision the figures, under a later one nothing."""
    as_before = (
        "DELETE FROM session_final",
        # As 0040 filled it in, without the session's number.
        "UPDATE session_sales SET first_final_at = NULL, first_final_figures = NULL, final_figures = 'other'",
        runpy.run_path(str(MIGRATION))["KNOWN"],
    )
    with clock.travel(CAP):
        tasks.finish()
        for sql in as_before:
            change(database, sql)
        assert changed(database, evening) == {"CNY": {}}
        with database.transaction(SYSTEM) as db:
            assert check_finals(db, SYSTEM) == []
            assert session_sales(db, HUB, evening).after_final.since is None
        change(database, "UPDATE session_sales SET version = version + 1")
        tasks.tell()
        tasks.finish()
        assert [revision for revision, _, _ in finals(database)] == [1, 1]
    with clock.travel(CAP + HOUR):
        push(database, refund(1, now + CAP, 2500))
        tasks.fold()
        tasks.tell()
        tasks.finish()
        one = {"refund_fen": 2500, "net_gmv_fen": -2500, "refunded_lines": 1}
        assert changed(database, evening) == {"CNY": one}
        for sql in as_before:
            change(database, sql)
        assert changed(database, evening) is None


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
