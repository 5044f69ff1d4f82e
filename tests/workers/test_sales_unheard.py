"""A feed that stopped makes a show's sales late, and nobody says then that nothing sells. A quiet shop is not late."""

from datetime import datetime

import pytest

from campaign.accounts.actions import create_connector
from campaign.accounts.models import Connector
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.sales import asks
from campaign.sales.batches import Batch
from campaign.sales.intake import Intake
from tests.sales_kit import add_session
from tests.workers.test_sales_tasks import HOUR, event, now
from tests.workers.test_sales_watch import MINUTE, ringing
from workers import connectors
from workers import sales as tasks

__all__ = ["now"]
ROOM = "7300000000000000009"


@pytest.fixture
def shop(now, make):
    """The shop of a show that began forty minutes ago."""
    brand = make.brand()
    made = make.shop(brand=brand, external_id="4001")
    began = now - 40 * MINUTE
    add_session(
        make,
        began,
        now + HOUR,
        brand=brand,
        account=make.account(external_id="a1"),
        rooms=(ROOM,),
        state="live",
        actual=(began, None),
    )
    return made


@pytest.fixture
def account(douyin, shop):
    """The shop's account, which the platform answers."""
    douyin.sql("UPDATE connector SET shop_ids = ARRAY[CAST(:shop AS bigint)]", shop=shop.id)
    douyin.run()
    assert douyin.health().error is None
    return douyin


def end_tokens(account):
    account.fake.end_token()
    account.fake.refresh_token = "another"
    with clock.travel(6 * MINUTE):
        account.run()
    assert account.health().error == "refused"


def test_a_pulled_shop_whose_tokens_ended_is_late_and_not_silent(database, account):
    assert ringing(database) == {"no_sales": {"minutes": 40}}
    end_tokens(account)
    with clock.travel(14 * MINUTE):
        assert set(ringing(database)) == {"no_sales"}  # silent until then, as far as is known
    with clock.travel(15 * MINUTE):
        assert ringing(database) == {"sales_late": {"minutes": 15}}


def test_what_is_not_known_is_no_silence_before_it_is_late_either(now, database, account):
    account.sql("DELETE FROM connector_seen")
    account.sql("UPDATE live_session SET actual_starts_at = :at", at=now - 10 * MINUTE)
    end_tokens(account)
    with clock.travel(12 * MINUTE):
        assert ringing(database) == {}


def test_a_pulled_shop_that_is_answered_and_sells_nothing_is_silent(database, account):
    with clock.travel(20 * MINUTE):
        connectors.pull()
        assert ringing(database) == {"no_sales": {"minutes": 60}}


def test_an_account_that_nobody_asks_any_more_is_late(database, account):
    with clock.travel(20 * MINUTE):
        assert ringing(database) == {"sales_late": {"minutes": 20}}


_ASK = (
    "INSERT INTO detail_ask (connector_id, subject, ref, asked_at, due_at, attempts)"
    " SELECT id, 'order', '1', CAST(:asked_at AS timestamptz), CAST(:due_at AS timestamptz), 3 FROM connector"
)


def test_orders_that_wait_for_their_details_make_a_show_late(now, database, account):
    account.sql(_ASK, asked_at=now - 20 * MINUTE, due_at=now - 20 * MINUTE)
    assert ringing(database) == {"sales_late": {"minutes": 20}}


@pytest.mark.parametrize("due_in", [30 * MINUTE, None])
def test_one_order_that_cannot_be_read_does_not(now, database, account, due_in):
    due_at = (now + due_in).isoformat() if due_in else "infinity"
    account.sql(_ASK, asked_at=now - 60 * MINUTE, due_at=due_at)
    assert ringing(database) == {"no_sales": {"minutes": 40}}


def test_an_order_pushed_again_and_again_is_as_late_as_it_first_was_due(now, database, account):
    account.sql(_ASK, asked_at=now - 20 * MINUTE, due_at=now - 20 * MINUTE)
    with database.transaction(SYSTEM) as db:
        asks.want(db, [(account.id, asks.Ask("order", "1"))], clock.now(db))
    assert ringing(database) == {"sales_late": {"minutes": 20}}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE connector SET archived_at = now()",
        "UPDATE connector SET shop_ids = ARRAY[1]",
        "UPDATE connector SET shop_ids = '{}'",  # of any shop, and it never told of this one
        "UPDATE connector SET kind = 'tiktok_shop'",
    ],
)
def test_an_account_that_does_not_feed_the_show_makes_it_no_later(database, account, change):
    account.sql(change)
    with clock.travel(20 * MINUTE):
        assert ringing(database) == {"no_sales": {"minutes": 60}}


class Pusher:
    """A connector that pushes for any shop."""

    def __init__(self, database, name, key):
        self.database = database
        with database.transaction(SYSTEM) as db:
            made, _ = create_connector(db, SYSTEM, secret_key=key, name=name, shop_ids=[])
            self.actor = Actor(kind="key", role="connector", name=name, connector_id=made.id)

    def push(self, now, *events):
        """Each at its own moment."""
        for one in events:
            at = datetime.fromisoformat(one["occurred_at"])
            with clock.travel(at - now):
                outcome = Intake(self.database, b"k" * 32).take_in(self.actor, Batch([one], []))
                assert (outcome.accepted, outcome.rejected) == (1, [])
                tasks.fold()

    def sample(self, now, *minutes_ago, room=ROOM, shop="4001"):
        for ago in minutes_ago:
            at = (now - ago * MINUTE).isoformat()
            self.push(
                now,
                {
                    "type": "metric.sample",
                    "event_id": f"m{room}{ago}",
                    "occurred_at": at,
                    "platform": "douyin",
                }
                | {"shop_id": shop, "room_id": room, "at": at, "online": 3},
            )


@pytest.fixture
def pusher(database, settings):
    return lambda name: Pusher(database, name, settings.secret_key)


def test_a_connector_that_told_of_the_room_each_minute_and_stopped_is_late(now, database, shop, pusher):
    one = pusher("one")
    one.push(now, event(1, now - 32 * MINUTE, room_id=ROOM))
    one.sample(now, *range(30, 15, -1))
    assert ringing(database) == {"sales_late": {"minutes": 16}}


def test_one_that_goes_on_telling_of_the_room_while_nothing_sells_is_silence(now, database, shop, pusher):
    one = pusher("one")
    one.push(now, event(1, now - 32 * MINUTE, room_id=ROOM))
    one.sample(now, *range(30, -1, -3))
    assert ringing(database) == {"no_sales": {"minutes": 32}}


def test_one_that_only_pushes_sales_is_silent_when_it_has_none(now, database, shop, pusher):
    pusher("one").push(now, event(1, now - 32 * MINUTE))
    assert ringing(database) == {"no_sales": {"minutes": 32}}


def test_a_few_samples_are_no_habit(now, database, shop, pusher):
    one = pusher("one")
    one.push(now, event(1, now - 32 * MINUTE))
    one.sample(now, 30, 29, 28)
    assert ringing(database) == {"no_sales": {"minutes": 32}}


def test_a_connector_that_tells_of_other_rooms_lives(now, database, shop, pusher):
    one = pusher("one")
    one.push(now, event(1, now - 32 * MINUTE))
    one.sample(now, *range(30, 15, -1))
    one.sample(now, 0, room="77", shop="4002")
    assert ringing(database) == {"no_sales": {"minutes": 32}}


def test_a_counter_of_rooms_that_stopped_says_nothing_of_what_another_connector_sells(
    now, database, shop, pusher
):
    pusher("sales").push(now, event(1, now - 32 * MINUTE))
    pusher("rooms").sample(now, *range(30, 15, -1))
    assert ringing(database) == {"no_sales": {"minutes": 32}}


def test_a_connector_that_was_replaced_is_not_waited_for(now, database, shop, pusher):
    one = pusher("one")
    one.push(now, event(1, now - 32 * MINUTE))
    one.sample(now, *range(30, 15, -1))
    with database.transaction(SYSTEM) as db:
        db.get_one(Connector, one.actor.connector_id).archived_at = now - MINUTE
    assert ringing(database) == {"no_sales": {"minutes": 32}}
