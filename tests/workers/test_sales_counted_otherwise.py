"""Lines of which a release counts something otherwise are placed again, and become right by themselves."""

import runpy
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from campaign.insight.freezing import freeze, frozen_month
from campaign.insight.summary import session_sales
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.sales import images
from campaign.sales.finishing import check_finals
from campaign.sales.recounting import keys_of_lines, suspects
from tests.factory import HUB
from tests.sales_kit import add_session, assert_reconciled
from tests.workers.test_sales_final import finals, refund
from tests.workers.test_sales_tasks import HOUR, event, now, push
from workers import sales as tasks

__all__ = ["now"]

MIGRATION = next(Path(__file__).parents[2].glob("migrations/versions/*_uncancelled.py"))
LONG = timedelta(days=60)


@pytest.fixture
def before(now, database, make, monkeypatch):
    """A show whose lines the release before merged: of three, one has price protection before shipping."""
    brand, host = make.brand(), make.host(agency=(agency := make.agency()))
    make.shop(brand, external_id="4001")
    # Sold, paid and given back at one moment: on whatever day that lies, it is one.
    starts, sold, ends = now - 3 * HOUR, now - 2 * HOUR, now - HOUR
    made = add_session(
        make,
        starts,
        ends,
        brand=brand,
        account=make.account(external_id="a1"),
        shifts=((host, agency, starts, ends),),
    )
    with monkeypatch.context() as patch:
        patch.setattr(images, "UNCANCELLED", ())
        push(database, *(event(number, sold) for number in (1, 2, 3)))
        early = {"stage": "pre_ship"}
        push(database, refund(1, sold, 700) | early | {"refund_type": "price_protection"})
        push(
            database,
            refund(2, sold, 10000) | early,
            refund(3, sold, 400) | {"refund_type": "price_protection"},
        )
        tasks.fold()
        tasks.project()
        with clock.travel(LONG):
            tasks.tell()
            tasks.finish()
    return made


def parts_of_refunds(database, session_id):
    with database.transaction(HUB) as db:
        (total,) = session_sales(db, HUB, session_id).totals
    return total.cancelled_fen, total.returned_fen, total.money_only_fen, total.refund_fen


def suspected(database):
    with database.transaction(SYSTEM) as db:
        return [key[1] for keys in keys_of_lines(db, SYSTEM) for key in suspects(db, SYSTEM, keys)]


def test_lines_that_are_counted_otherwise_are_placed_again(before, database):
    assert parts_of_refunds(database, before) == (10700, 0, 400, 11100)
    assert suspected(database) == ["l1"]
    with database.transaction(SYSTEM) as db:
        db.execute(text(runpy.run_path(str(MIGRATION))["CONCERNED"]))
        waiting = db.execute(text("SELECT of_lines FROM line_change")).scalars().all()
    assert waiting == [["l1"]]
    tasks.reattribute()
    tasks.fold()
    assert parts_of_refunds(database, before) == (10000, 0, 1100, 11100)
    assert suspected(database) == []
    assert_reconciled(database)
    # Nothing came back, and nothing else is another: no revision, and nothing after final.
    with clock.travel(LONG + HOUR):
        tasks.tell()
        tasks.finish()
    assert [one[0] for one in finals(database)] == [1, 1]
    with database.transaction(HUB) as db:
        assert session_sales(db, HUB, before).after_final.changed == ()
        assert check_finals(db, SYSTEM) == []


def test_a_month_that_was_closed_has_no_adjustment_of_it(before, database, now):
    with database.transaction(SYSTEM) as db:
        brand_id, day = db.execute(text("SELECT DISTINCT brand_id, order_day FROM order_line")).one()
        db.execute(text(runpy.run_path(str(MIGRATION))["CONCERNED"]))
    with clock.travel(LONG):
        with database.transaction(HUB) as db:
            freeze(db, HUB, brand_id, day)
        tasks.reattribute()
        tasks.fold()
        push(
            database,
            refund(2, now - 2 * HOUR, 1) | {"event_id": "other", "refund_id": "other", "line_id": "l3"},
        )
        with database.transaction(HUB) as db:
            assert [*frozen_month(db, HUB, brand_id, day).days.values()] == [(), ()]
        # Control: a fen more is one.
        tasks.fold()
        with database.transaction(HUB) as db:
            assert [len(days) for days in frozen_month(db, HUB, brand_id, day).days.values()] == [1, 1]


def test_they_are_placed_once_more_when_no_older_process_is_left(before, database, monkeypatch):
    with database.transaction(SYSTEM) as db:
        db.execute(text(runpy.run_path(str(MIGRATION))["CONCERNED"]))
    # A process of the release before had the same line meanwhile.
    with monkeypatch.context() as patch:
        patch.setattr(images, "UNCANCELLED", ())
        tasks.reattribute()
    tasks.reattribute()
    assert suspected(database) == ["l1"], "not due again yet"
    with clock.travel(2 * HOUR):
        tasks.reattribute()
        tasks.fold()
        assert suspected(database) == []
        tasks.reattribute()
    with database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT count(*) FROM line_change")).scalar_one() == 0
