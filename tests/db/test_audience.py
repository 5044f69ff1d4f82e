"""Counters of a session's rooms: told in any order, added by the laws, for the hub and the one brand of the show."""

from datetime import timedelta
from itertools import permutations

import pytest

from campaign.insight.audience import Spend, audience_of, online_of
from campaign.insight.figures import Totals
from campaign.kit.actor import Actor
from campaign.kit.ids import public
from tests.factory import HUB
from tests.sales_kit import add_session, change_session
from tests.workers.test_sales_tasks import now, push
from workers import sales as tasks

__all__ = ["now"]
MINUTE = timedelta(minutes=1)
SOLD = (Totals("CNY", paid_gmv_fen=50_000, buyers=4),)


def sample(number, at, *, room="7001", kind="cumulative", **counters):
    return {
        "type": "metric.sample",
        "event_id": f"s{number}",
        "occurred_at": at.isoformat(),
        "platform": "douyin",
        "shop_id": "4001",
        "room_id": room,
        "at": at.isoformat(),
        "kind": kind,
    } | counters


def spend(number, at, fen, *, room="7001", told_at=None, account="a1"):
    told = {
        "type": "ad.spend",
        "event_id": f"p{number}",
        "occurred_at": (told_at or at).isoformat(),
        "platform": "douyin",
        "shop_id": "4001",
        "account_id": account,
        "from": at.isoformat(),
        "to": (at + 10 * MINUTE).isoformat(),
        "amount_fen": fen,
        "currency": "CNY",
    }
    return told | ({"room_id": room} if room else {})


@pytest.fixture
def show(now, database, make):
    """A show of one hour, an hour ago, in two rooms; gives (id, brand, beginning)."""
    brand = make.brand()
    make.shop(brand=brand, external_id="4001")
    began, ended = now - 120 * MINUTE, now - 60 * MINUTE
    session = add_session(
        make,
        began,
        ended,
        brand=brand,
        account=make.account(external_id="a1"),
        state="ended",
        actual=(began, ended),
        rooms=("7001", "7002"),
    )
    return session, brand, began


def tell(database, *events):
    for event in events:
        push(database, event)
    tasks.fold()


def seen(database, session, actor=HUB):
    with database.transaction(actor) as db:
        return audience_of(db, actor, session, SOLD)


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
def test_counters_are_added_over_resets_and_rooms_whatever_comes_first(database, show, order):
    session, _, began = show
    told = [
        sample(1, began + MINUTE, viewers=100, views=150),
        # The stream broke and was opened again under the same id: the counter begins anew.
        sample(2, began + 20 * MINUTE, viewers=40, views=60, product_clicks=9),
        sample(3, began + 40 * MINUTE, viewers=70, views=90, product_clicks=12),
        sample(4, began + 30 * MINUTE, room="7002", viewers=5, views=6),
    ]
    tell(database, *(told[place] for place in order))
    found = seen(database, session)
    assert (found.viewers, found.views, found.product_clicks) == (100 + 70 + 5, 150 + 90 + 6, 12)
    assert (found.rooms, found.is_person_times, found.likes) == (2, True, None)


def test_what_another_show_counted_in_the_same_room_is_not_its_own(database, show):
    session, _, began = show
    tell(
        database,
        sample(1, began - 5 * MINUTE, views=1_000),
        sample(2, began + 5 * MINUTE, views=20),
        sample(3, began + 65 * MINUTE, views=30),
        sample(4, began + 90 * MINUTE, views=7_000),
        sample(5, began + 5 * MINUTE, room="7999", views=500),
    )
    assert seen(database, session).views == 30


def test_what_a_gauge_shows_is_no_count(database, show):
    session, _, began = show
    counted = [sample(n, began + n * MINUTE, views=10 * n, viewers=n) for n in (10, 20)]
    tell(database, *counted, sample(1, began + 15 * MINUTE, kind="gauge", views=7, viewers=3, online=3))
    # With the 7 of the gauge among them the views would be 100 + 200.
    assert (seen(database, session).views, seen(database, session).viewers) == (200, 20)


def test_who_is_online_is_told_by_fresh_samples_alone(database, show, now):
    session, _, began = show
    change_session(database, session, state="live", actual_ends_at=None)
    tell(database, sample(1, began + MINUTE, online=900, views=1))
    assert (seen(database, session).online, seen(database, session).views) == (None, 1)
    tell(
        database,
        sample(2, now - 3 * MINUTE, kind="gauge", online=80),
        sample(3, now - 2 * MINUTE, kind="gauge", online=70),
        sample(4, now - MINUTE, room="7002", online=5),
    )
    assert seen(database, session).online == 75
    with database.transaction(HUB) as db:
        assert online_of(db, HUB, [session, session + 1]) == {session: 75}


def test_spend_of_two_sources_is_never_added_and_its_newest_word_counts(database, show):
    session, _, began = show
    tell(database, sample(1, began + MINUTE, ad_spend_fen=300, views=10))
    assert seen(database, session).spend == Spend(300, "CNY")
    at = began + 5 * MINUTE
    tell(
        database,
        spend(2, at, 900, told_at=at + 30 * MINUTE),
        spend(1, at, 500, told_at=at + 20 * MINUTE),
        spend(3, at + 10 * MINUTE, 50),
        spend(4, at, 20, room=None),
        spend(5, at, 7_000, room="7999"),
        spend(6, at, 8_000, room=None, account="another"),
        spend(7, began + 55 * MINUTE + timedelta(hours=1), 9_000, room=None),
    )
    found = seen(database, session)
    assert found.spend == Spend(900 + 50 + 20, "CNY")
    assert found.ratios(SOLD[0]).roi_hundredths == round(50_000 * 100 / 970)


def test_a_brand_sees_the_audience_of_its_own_show_and_of_no_mixed_one(database, show, make):
    session, brand, began = show
    tell(database, sample(1, began + MINUTE, views=10), spend(1, began + MINUTE, 5))
    own = Actor(kind="user", role="brand", id=3, name="own", brand_id=brand.id)
    other = Actor(kind="user", role="brand", id=4, name="other", brand_id=make.brand().id)
    assert (seen(database, session, own).views, seen(database, session, own).spend.amount_fen) == (10, 5)
    assert seen(database, session, other) is None
    change_session(database, session, brand_ids=[brand.id, other.brand_id])
    assert seen(database, session, own) is None
    assert seen(database, session).views == 10


def test_the_api_tells_it_beside_the_sales(database, show, call):
    session, _, began = show
    tell(database, sample(1, began + MINUTE, views=10, viewers=8))
    told = call(HUB, "GET", f"/sessions/{public('ses', session)}/sales").json["audience"]
    assert (told["views"], told["viewers"], told["viewers_are_person_times"], told["rooms"]) == (
        10,
        8,
        False,
        1,
    )
    assert told["ratios"]["CNY"]["view_to_buy"] is None
