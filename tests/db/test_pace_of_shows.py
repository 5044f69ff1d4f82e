"""A show's part of its campaign's target, and what counts towards it. Amounts in fen, worked by hand."""

from datetime import timedelta

import pytest

from campaign.insight.onair import shows_on_air
from campaign.kit.actor import Actor
from campaign.schedule.queries import get_session
from tests.factory import HUB
from tests.sales_kit import add_session, change_session
from tests.workers.test_sales_tasks import HOUR, event, now, push
from workers import sales as tasks

__all__ = ["now"]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def show(now, make):
    """A show planned for four hours that began an hour ago, and its brand."""
    brand = make.brand()
    make.shop(brand=brand, external_id="4001")
    account = make.account(external_id="a1")
    began = now - HOUR
    made = add_session(
        make, began, began + 4 * HOUR, brand=brand, account=account, state="live", actual=(began, None)
    )
    return made, brand


def pace(database, session_id, actor=HUB):
    """(currency, target, paid, due) of the show; None without a pace."""
    with database.transaction(actor) as db:
        (found,) = shows_on_air(db, actor, [get_session(db, actor, session_id)], None, step_minutes=1)
    if found.pace is None:
        return None
    return found.pace_currency, found.pace.target_fen, found.pace.actual_fen, found.pace.expected_fen


def of(make, database, session_id, **given):
    campaign = make.campaign(**given)
    change_session(database, session_id, campaign_id=campaign.id)
    return campaign


def test_without_a_target_there_is_no_pace(now, database, make, show):
    push(database, event(1, now - MINUTE))
    tasks.fold()
    assert pace(database, show[0]) is None, "no campaign"
    of(make, database, show[0])
    assert pace(database, show[0]) is None, "a campaign without a target"
    of(make, database, show[0], target_net_fen=800_000, target_sessions=3)
    assert pace(database, show[0]) is None, "other targets"


def test_a_goal_is_the_hubs_alone(now, database, make, show):
    of(make, database, show[0], target_paid_fen=800_000)
    assert pace(database, show[0]) == ("CNY", 800_000, 0, 200_000)
    own = Actor(kind="user", role="brand", id=7, name="own", brand_id=show[1].id)
    assert pace(database, show[0], own) is None


def test_what_sold_in_another_currency_is_no_part_of_it(now, database, make, show):
    """¥600 and $50 were paid: of a target in yuan the yuan count, of one in dollars the dollars."""
    push(database, event(1, now - MINUTE, paid_fen=60_000))
    push(database, event(2, now - MINUTE, paid_fen=5_000, currency="USD"))
    tasks.fold()
    of(make, database, show[0], target_paid_fen=800_000)
    assert pace(database, show[0]) == ("CNY", 800_000, 60_000, 200_000)
    of(make, database, show[0], target_paid_fen=100_000, currency="USD")
    assert pace(database, show[0]) == ("USD", 100_000, 5_000, 25_000)
    of(make, database, show[0], target_paid_fen=100_000, currency="JPY")
    assert pace(database, show[0]) == ("JPY", 100_000, 0, 25_000)


def test_its_part_is_that_of_its_planned_time_in_all_that_stands(now, database, make, show):
    """Four hours of eight, later of ten: a show of two more; one that is cancelled takes no part."""
    began = now + 24 * HOUR
    campaign = of(make, database, show[0], target_paid_fen=1_000_000)
    for hours, state in ((4, "accepted"), (2, "cancelled"), (3, "no_show")):
        other = add_session(make, began, began + hours * HOUR, brand=show[1])
        code = "other" if state == "cancelled" else None
        change_session(database, other, campaign_id=campaign.id, state=state, cancel_code=code)
    assert pace(database, show[0]) == ("CNY", 500_000, 0, 125_000)
    below = make.campaign(parent_id=campaign.id, kind="group")
    other = add_session(make, began, began + 2 * HOUR, brand=show[1], state="draft")
    change_session(database, other, campaign_id=below.id)
    assert pace(database, show[0]) == ("CNY", 400_000, 0, 100_000)


def test_who_begins_late_has_its_target_in_less_time(now, database, make, show):
    """Begun half an hour ago instead of an hour: 30 of 210 minutes, a seventh of 8,000 yuan."""
    of(make, database, show[0], target_paid_fen=800_000)
    change_session(database, show[0], actual_starts_at=now - 30 * MINUTE)
    assert pace(database, show[0]) == ("CNY", 800_000, 0, 114_286)
