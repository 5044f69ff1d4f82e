"""A show on air that sells nothing, is refunded in a rush, or is told of late: it rings, and stops by itself."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.live import alerts
from campaign.sales import watching
from campaign.sales.selling import WatchRules
from tests.factory import HUB
from tests.sales_kit import add_session
from tests.workers.test_sales_final import refund
from tests.workers.test_sales_tasks import HOUR, event, now, push
from workers import sales as tasks

__all__ = ["now"]
MINUTE = timedelta(minutes=1)
_END = text("UPDATE live_session SET state = 'ended', actual_ends_at = now() WHERE id = :id")


@pytest.fixture
def on_air(now, database, make):
    """A show that began half an hour ago, and whose shop has a brand; gives its id."""
    brand = make.brand()
    make.shop(brand=brand, external_id="4001")
    began = now - 30 * MINUTE
    return add_session(
        make,
        began,
        now + HOUR,
        brand=brand,
        account=make.account(external_id="a1"),
        state="live",
        actual=(began, None),
    )


def ringing(database):
    tasks.fold()
    tasks.watch()
    with database.transaction(HUB) as db:
        return {one.kind: one.detail for one in alerts.open_alerts(db, HUB) if one.kind in watching.KINDS}


def test_a_show_that_sells_nothing_rings_until_something_sells(now, database, on_air):
    assert ringing(database) == {"no_sales": {"minutes": 30}}
    push(database, event(1, now - MINUTE))
    assert ringing(database) == {}
    with clock.travel(21 * MINUTE):
        assert ringing(database) == {"no_sales": {"minutes": 22}}


def test_nobody_hears_of_a_show_that_is_over(now, database, on_air):
    ringing(database)
    with database.transaction(SYSTEM) as db:
        db.execute(_END, {"id": on_air})
    assert ringing(database) == {}


def test_refunds_in_a_rush_ring(now, database, on_air):
    push(database, *(event(number, now - 5 * MINUTE) for number in range(10)))
    assert ringing(database) == {}
    push(database, *(refund(number, now - MINUTE, 10000) for number in range(4)))
    assert ringing(database) == {}
    push(database, refund(4, now - MINUTE, 10000))
    assert ringing(database) == {"refund_surge": {"refunds": 5}}


def test_refunds_in_another_currency_are_no_part_of_what_was_paid(now, database, on_air):
    push(database, *(event(number, now - 5 * MINUTE) for number in range(10)))
    push(database, *(refund(number, now - MINUTE, 10000) | {"currency": "USD"} for number in range(5)))
    assert ringing(database) == {}


def test_refunds_of_another_evening_are_not_this_ones(now, database, on_air):
    push(database, event(0, now - MINUTE), *(event(number, now - 3 * HOUR) for number in range(1, 9)))
    push(database, *(refund(number, now - MINUTE, 10000) for number in range(1, 9)))
    assert ringing(database) == {}


def test_what_arrives_late_rings_as_that_and_not_as_silence(now, database, on_air):
    push(database, event(1, now - 25 * MINUTE))
    found = ringing(database)
    assert set(found) == {"sales_late"}
    assert found["sales_late"]["minutes"] in (24, 25)


def test_the_hub_sets_the_numbers(now, database, on_air):
    with database.transaction(HUB) as db:
        watching.set_rules(db, HUB, WatchRules(quiet_minutes=31))
    assert ringing(database) == {}
    with clock.travel(2 * MINUTE):
        assert set(ringing(database)) == {"no_sales"}


def told(database):
    """(kind, rings) of every alert there ever was, and how many notices told of them."""
    with database.transaction(SYSTEM) as db:
        rows = db.execute(text("SELECT kind, rings FROM alert ORDER BY id")).all()
        notices = db.execute(text("SELECT count(*) FROM notice WHERE alert_id IS NOT NULL")).scalar_one()
    return [tuple(row) for row in rows], notices


def silence(database, now):
    """Nothing was ever sold."""


def rush(database, now):
    push(database, *(event(number, now - 5 * MINUTE) for number in range(10)))
    push(database, *(refund(number, now - MINUTE, 10000) for number in range(5)))


def lateness(database, now):
    push(database, event(1, now - 25 * MINUTE))


@pytest.mark.parametrize(
    ("kind", "trouble"), [("no_sales", silence), ("refund_surge", rush), ("sales_late", lateness)]
)
def test_each_trouble_rings_once_is_seen_to_and_stays_closed_for_its_cool_down(
    now, database, on_air, kind, trouble
):
    trouble(database, now)
    assert set(ringing(database)) == {kind}
    once = told(database)
    ringing(database)
    assert told(database)[1] == once[1]  # it stands: nobody is told again
    with database.transaction(HUB) as db:
        (alert,) = alerts.open_alerts(db, HUB)
        seen = alerts.acknowledge(db, HUB, alert.id)
        assert seen.acknowledged_name == HUB.name
        alerts.close(db, HUB, alert.id)
    assert ringing(database) == {}  # the trouble lasts, and a person has said that it is dealt with
    with clock.travel(alerts.COOL_DOWN - MINUTE):
        assert ringing(database).get(kind) is None
    with clock.travel(alerts.COOL_DOWN + MINUTE):
        assert kind in ringing(database)
