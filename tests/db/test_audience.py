"""Counters of a session's rooms: told in any order, added by the laws, for the hub and the one brand of the show."""

from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import text

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


def spend(number, at, fen, *, room="7001", told_at=None, account="a1", minutes=10, to=None):
    told = {
        "type": "ad.spend",
        "event_id": f"p{number}",
        "occurred_at": (told_at or at).isoformat(),
        "platform": "douyin",
        "shop_id": "4001",
        "account_id": account,
        "from": at.isoformat(),
        "to": (to or at + minutes * MINUTE).isoformat(),
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


@pytest.fixture
def reused(now, database, make, show):
    """The same room 7001 once more, for another brand's show 50 to 10 minutes ago; gives (id, brand, beginning)."""
    brand = make.brand()
    make.shop(brand=brand, external_id="4002")
    began, ended = now - 50 * MINUTE, now - 10 * MINUTE
    session = add_session(
        make, began, ended, brand=brand, state="ended", actual=(began, ended), rooms=("7001",)
    )
    return session, brand, began


@pytest.mark.parametrize("order", list(permutations(range(6)))[::97])
def test_a_room_used_again_counts_for_the_later_show_from_where_the_earlier_left_it(
    database, show, reused, order
):
    (first, brand, began), (second, other, later) = show, reused
    told = [
        sample(1, began + MINUTE, views=100, viewers=80),
        sample(2, began + 60 * MINUTE, views=1_000, viewers=500),
        # Two minutes after its end: nearer to it than to the next, which begins eight minutes later.
        sample(3, began + 62 * MINUTE, views=1_040, viewers=510, likes=7),
        sample(4, later - 2 * MINUTE, views=1_050, viewers=520),
        sample(5, later + 5 * MINUTE, views=1_100, viewers=600, shop_id="4002"),
        sample(6, later + 39 * MINUTE, views=1_500, viewers=650, shop_id="4002", likes=9),
    ]
    tell(database, *(told[place] for place in order))
    earlier, after = seen(database, first), seen(database, second)
    assert (earlier.views, earlier.viewers, earlier.likes) == (1_040, 510, 7)
    # 1,500 - 1,040: together what the room counted. Two minutes before its start it was already the later show's.
    assert (after.views, after.viewers, after.likes, after.rooms) == (460, 140, 2, 1)
    # Each brand sees what the hub sees of its own show, though the other's shop told where it begins.
    assert seen(database, first, _brand(brand)) == earlier
    assert seen(database, second, _brand(other)) == after
    assert (seen(database, first, _brand(other)), seen(database, second, _brand(brand))) == (None, None)


def test_a_room_used_again_and_opened_anew_counts_from_nought(database, show, reused):
    (first, _, began), (second, _, later) = show, reused
    tell(
        database,
        sample(1, began + 50 * MINUTE, views=1_000),
        sample(2, later + MINUTE, views=30),
        sample(3, later + 9 * MINUTE, views=200),
    )
    assert (seen(database, first).views, seen(database, second).views) == (1_000, 200)


def test_the_next_show_of_a_room_begins_while_late_readings_of_the_last_are_still_taken(
    database, show, reused
):
    (first, _, began), (second, _, later) = show, reused
    # It began four minutes after the other's end: what is read then on is its own.
    change_session(database, second, actual_starts_at=began + 64 * MINUTE)
    tell(
        database,
        sample(1, began + 59 * MINUTE, views=600, online=1),
        sample(2, began + 61 * MINUTE, views=700, online=2),
        sample(3, began + 63 * MINUTE, views=720, online=3),
        sample(4, began + 65 * MINUTE, views=800, online=4),
        sample(5, later + 30 * MINUTE, views=900, online=5),
    )
    # 720 was read three minutes after the one and one before the other: it is the later one's, as a line would be.
    assert (seen(database, first).views, seen(database, second).views) == (700, 200)
    with database.transaction(HUB) as db:
        rows = db.execute(text("SELECT * FROM room_readings(:id, now(), '10 min')"), {"id": first}).all()
        assert [(row.views, row.own) for row in rows] == [(600, True), (700, True)]


def test_a_room_opened_before_somebody_tapped_loses_nothing(database, show):
    session, _, began = show
    tell(database, sample(1, began - 5 * MINUTE, views=40), sample(2, began + 5 * MINUTE, views=100))
    assert seen(database, session).views == 100


def test_who_is_online_in_a_room_is_online_in_the_show_that_holds_it(database, show, reused, now):
    (first, _, _), (second, _, _) = show, reused
    change_session(database, first, actual_ends_at=now - 3 * MINUTE)
    change_session(database, second, state="live", actual_starts_at=now - 2 * MINUTE, actual_ends_at=None)
    tell(database, sample(1, now - 4 * MINUTE, online=60), sample(2, now - MINUTE, online=9))
    with database.transaction(HUB) as db:
        assert online_of(db, HUB, [first, second]) == {first: 60, second: 9}
    assert (seen(database, first).online, seen(database, second).online) == (60, 9)


def test_spend_of_a_room_used_again_is_the_show_s_that_it_was_spent_on(database, show, reused):
    (first, brand, began), (second, other, later) = show, reused
    tell(
        database,
        sample(1, began + MINUTE, views=1),
        sample(2, later + MINUTE, views=2),
        spend(1, began + 10 * MINUTE, 500),
        spend(2, later + 10 * MINUTE, 70),
        # Begins five minutes before the one's end and ends five after it.
        spend(3, began + 55 * MINUTE, 4),
        # In neither, and nearer to the earlier.
        spend(4, began + 60 * MINUTE + MINUTE, 1, minutes=2),
        # In neither, and nearer to the later.
        spend(8, later - 3 * MINUTE, 8, minutes=2),
        # The whole day: over the earlier for 60 minutes, over the later for 40.
        spend(5, began - 600 * MINUTE, 20_000, to=later + 300 * MINUTE),
        spend(6, began - 900 * MINUTE, 100_000),
        spend(7, later + 200 * MINUTE, 3_000, told_at=later),
    )
    wanted = Spend(500 + 4 + 1 + 20_000 + 100_000, "CNY")
    assert (seen(database, first).spend, seen(database, second).spend) == (wanted, Spend(3_078, "CNY"))
    assert seen(database, second, _brand(other)).spend == Spend(3_078, "CNY")
    assert seen(database, first, _brand(brand)).spend == wanted


def test_spend_of_an_account_is_the_show_s_that_was_on_air(database, show, reused):
    (first, _, began), (second, _, _) = show, reused
    with database.transaction(HUB) as db:
        account = "UPDATE session_channel SET platform_account_id = (SELECT id FROM platform_account)"
        db.execute(text(account))
    change_session(database, second, actual_starts_at=began + 61 * MINUTE)
    tell(
        database,
        sample(1, began + MINUTE, views=1),
        sample(2, began + 70 * MINUTE, views=2),
        # Within the ten minutes after the one's end, when the other was on air on the same account.
        spend(1, began + 61 * MINUTE, 30, room=None, minutes=5),
        spend(2, began + 20 * MINUTE, 9, room=None),
    )
    assert (seen(database, first).spend, seen(database, second).spend) == (Spend(9, "CNY"), Spend(30, "CNY"))


def test_the_functions_behind_it_tell_nobody_of_another_s_show(database, show, reused, make):
    (first, brand, began), (_, other, later) = show, reused
    tell(
        database,
        sample(1, began + MINUTE, views=10),
        sample(2, later + MINUTE, views=20),
        spend(1, began + MINUTE, 5),
        spend(2, later + MINUTE, 6),
    )
    agency, host = make.agency(), make.host()
    strangers = [
        _brand(other),
        Actor(kind="user", role="agency", id=5, name="a", agency_id=agency.id),
        Actor(kind="user", role="host", id=6, name="h", host_id=host.id),
        Actor(kind="key", role="connector", id=7, name="c"),
    ]
    for actor, wanted in [*((one, 0) for one in strangers), (_brand(brand), 1), (HUB, 1)]:
        with database.transaction(actor) as db:
            for function in ("room_readings", "show_spend"):
                asked = text(f"SELECT count(*) FROM {function}(:id, now(), '10 min')")
                assert db.execute(asked, {"id": first}).scalar_one() == wanted, (actor, function)
    change_session(database, first, brand_ids=[brand.id, other.id])
    for actor in (_brand(brand), _brand(other)):
        with database.transaction(actor) as db:
            asked = text("SELECT count(*) FROM room_readings(:id, now(), '10 min')")
            assert db.execute(asked, {"id": first}).scalar_one() == 0


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


def _brand(brand):
    return Actor(kind="user", role="brand", id=3, name="b", brand_id=brand.id)
