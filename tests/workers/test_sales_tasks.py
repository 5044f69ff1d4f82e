"""The sales tasks: what the schedule changes reaches the figures, and sales are signs of life."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from campaign.catalog.models import PlatformAccount
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.kit.parts import Parts
from campaign.parties import actions as parties
from campaign.parties.models import Shop
from campaign.sales import placing
from campaign.sales.batches import Batch
from campaign.sales.intake import Intake
from campaign.sales.parcels import MOST_ATTEMPTS
from campaign.sales.placing import SETTLING, assign
from campaign.sales.reconciling import check_inbox
from tests.factory import HUB, Factory
from tests.sales_kit import add_session, assert_reconciled, change_session, total_of
from workers import sales as tasks
from workers import task

CONNECTOR = Actor(kind="key", role="connector", id=5, name="push")
HOUR = timedelta(hours=1)


@pytest.fixture
def now(parts: Parts, database: Database) -> Iterator[datetime]:
    """Tasks run on the test's parts; gives the database's time."""
    task.use(parts)
    with database.transaction(SYSTEM) as db:
        moment = clock.now(db)
    yield moment.replace(microsecond=0)
    task.use(None)


def event(number: int, at: datetime, **given: Any) -> dict[str, Any]:
    return {
        "type": "order.line",
        "event_id": f"e{number}",
        "occurred_at": at.isoformat(),
        "platform": "douyin",
        "shop_id": "4001",
        "line_id": f"l{number}",
        "status": "paid",
        "ordered_at": at.isoformat(),
        "paid_at": at.isoformat(),
        "currency": "CNY",
        "qty": 1,
        "paid_fen": 10000,
        "author_id": "a1",
        "traffic": "live",
    } | given


def push(database: Database, *events: dict[str, Any]) -> None:
    outcome = Intake(database, b"k" * 32).take_in(CONNECTOR, Batch(list(events), []))
    assert outcome.rejected == []
    assert outcome.accepted == len(events)


def state_of(database: Database, session_id: int) -> tuple[str, str | None]:
    with database.transaction(SYSTEM) as db:
        sql = text("SELECT state, start_evidence FROM live_session WHERE id = :id")
        row = db.execute(sql, {"id": session_id}).one()
    return row.state, row.start_evidence


def test_a_session_that_comes_or_moves_gets_its_lines(
    now: datetime, database: Database, make: Factory
) -> None:
    push(database, event(1, now - 2 * HOUR), event(2, now - 5 * HOUR))
    tasks.fold()
    brand, account = make.brand(), make.account(external_id="a1")
    session_id = add_session(make, now - 3 * HOUR, now - HOUR, brand=brand, account=account)
    assert total_of(database, session_id)["lines"] == 0
    tasks.reattribute()
    tasks.fold()
    assert total_of(database, session_id)["lines"] == 1
    change_session(database, session_id, starts_at=now - 6 * HOUR)
    tasks.reattribute()
    tasks.fold()
    assert total_of(database, session_id)["lines"] == 2
    change_session(database, session_id, state="cancelled", cancel_code="other")
    tasks.reattribute()
    tasks.fold()
    assert total_of(database, session_id)["lines"] == 0
    assert_reconciled(database)


def test_an_account_that_is_set_right_claims_the_sales_of_its_shows(
    now: datetime, database: Database, make: Factory
) -> None:
    brand = make.brand()
    shop, account = make.shop(brand, external_id="4001"), make.account(external_id="mistyped")
    session_id = add_session(make, now - 3 * HOUR, now - HOUR, brand=brand, account=account)
    # One by the author, one that names none and is of the shop's own live account.
    push(database, event(1, now - 2 * HOUR), event(2, now - 2 * HOUR, author_id=None))

    def lines_once_set(**given: Any) -> int:
        with database.transaction(HUB) as db:
            parties.change(db, HUB, db.get_one(PlatformAccount, account.id), given, expected_rev=None)
        with clock.travel(SETTLING + timedelta(seconds=1)):
            tasks.reattribute()
            tasks.fold()
            with database.transaction(SYSTEM) as db:
                assert session_id not in placing.due_for_placing(db, SYSTEM)
                # The test's transaction has one moment for all that it changes.
                db.execute(text("UPDATE session_sales SET attributed_at = attributed_at - interval '1 hour'"))
        return total_of(database, session_id)["lines"]

    assert lines_once_set(name="another name") == 0
    assert lines_once_set(external_id="a1") == 1
    assert lines_once_set(shop_id=shop.id) == 2
    assert lines_once_set(external_id="a2", shop_id=None) == 0
    assert_reconciled(database)


def test_a_shop_that_gets_its_brand_takes_its_lines_along(
    now: datetime, database: Database, make: Factory
) -> None:
    push(database, event(1, now - HOUR))
    tasks.reattribute()
    tasks.fold()
    brand = make.brand()
    with database.transaction(SYSTEM) as db:
        shop = db.query(Shop).filter_by(external_id="4001").one()
        parties.change(db, SYSTEM, shop, {"brand_id": brand.id}, expected_rev=None)
    tasks.reattribute()
    tasks.fold()
    with database.transaction(SYSTEM) as db:
        found = db.execute(
            text("SELECT sum(paid_fen)::bigint FROM sales_day WHERE basis = 'cohort' AND brand_id = :id"),
            {"id": brand.id},
        ).scalar_one()
    assert found == 10000
    assert_reconciled(database)


def test_a_sale_starts_a_show_nobody_tapped(now: datetime, database: Database, make: Factory) -> None:
    brand, account = make.brand(), make.account(external_id="a1")
    session_id = add_session(make, now - HOUR, now + HOUR, brand=brand, account=account, state="accepted")
    push(database, event(1, now - timedelta(minutes=5)))
    tasks.fold()
    assert state_of(database, session_id) == ("live", "inferred")
    assert total_of(database, session_id)["lines"] == 1


def test_a_room_that_opens_starts_its_show(now: datetime, database: Database, make: Factory) -> None:
    brand, account = make.brand(), make.account(external_id="a1")
    session_id = add_session(
        make, now - HOUR, now + HOUR, brand=brand, account=account, rooms=("r1",), state="accepted"
    )
    at = now - timedelta(minutes=5)
    started = {
        "type": "room.started",
        "event_id": "s1",
        "occurred_at": at.isoformat(),
        "platform": "douyin",
        "shop_id": "4001",
        "room_id": "r1",
        "author_id": "a1",
        "at": at.isoformat(),
    }
    push(database, started)
    assert state_of(database, session_id) == ("live", "platform")
    push(database, started | {"type": "room.ended", "at": now.isoformat()})
    assert state_of(database, session_id)[0] == "ended"


def test_partitions_are_kept_thirty_days_ahead(now: datetime, database: Database) -> None:
    with clock.travel(timedelta(days=2)):
        tasks.sweep()
    far = (datetime.now(UTC) + timedelta(days=32)).strftime("%Y%m%d")
    with database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT to_regclass(:name)"), {"name": f"sale_event_{far}"}).scalar_one()


def test_hub_assignment_stands_over_what_the_schedule_says(
    now: datetime, database: Database, make: Factory
) -> None:
    brand, account = make.brand(), make.account(external_id="a1")
    first = add_session(make, now - 3 * HOUR, now - HOUR, brand=brand, account=account)
    other = add_session(make, now - 9 * HOUR, now - 8 * HOUR, brand=brand)
    push(database, event(1, now - 2 * HOUR))
    tasks.fold()
    with database.transaction(HUB) as db:
        line = db.execute(text("SELECT id FROM order_line")).scalar_one()
        assign(db, HUB, line, other, "混场")
    tasks.fold()
    tasks.reattribute()
    tasks.fold()
    assert (total_of(database, first)["lines"], total_of(database, other)["lines"]) == (0, 1)


def test_an_assigned_line_is_its_hosts_on_whatever_platform_and_falls_back_when_the_session_is_cancelled(
    now: datetime, database: Database, make: Factory
) -> None:
    brand, host = make.brand(), make.host()
    begins, ends = now - 3 * HOUR, now - HOUR
    first = add_session(make, begins, ends, brand=brand, account=make.account(external_id="a1"))
    other = add_session(
        make,
        begins,
        ends,
        brand=brand,
        state="accepted",
        platform="kuaishou",
        shifts=((host, None, begins, ends),),
    )
    push(database, event(1, now - 2 * HOUR))
    tasks.fold()
    with database.transaction(HUB) as db:
        assign(db, HUB, db.execute(text("SELECT id FROM order_line")).scalar_one(), other, "同步直播")
    place = text("SELECT session_id, rung, host_id FROM order_line")
    tasks.fold()
    with database.transaction(SYSTEM) as db:
        assert tuple(db.execute(place).one()) == (other, "manual", host.id)
    change_session(database, other, state="cancelled", cancel_code="other")
    tasks.reattribute()
    tasks.fold()
    with database.transaction(SYSTEM) as db:
        assert tuple(db.execute(place).one()) == (first, "author", None)
    assert (total_of(database, first)["lines"], total_of(database, other)["lines"]) == (1, 0)
    assert_reconciled(database)


def test_an_agency_is_told_once_a_minute_what_its_own_shifts_sold(
    now: datetime, database: Database, make: Factory
) -> None:
    brand, account = make.brand(), make.account(external_id="a1")
    mine, theirs = make.agency(), make.agency()
    early, late = make.host(agency=mine), make.host(agency=theirs)
    begins, change, ends = now - 2 * HOUR, now - HOUR, now
    add_session(
        make,
        begins,
        ends,
        brand=brand,
        account=account,
        shifts=((early, mine, begins, change), (late, theirs, change, ends)),
    )
    push(database, event(1, begins), event(2, change, paid_fen=777))
    tasks.fold()
    tasks.tell()
    push(database, event(3, begins))
    tasks.fold()
    tasks.tell()
    with clock.travel(timedelta(minutes=1)):
        tasks.tell()
    with database.transaction(SYSTEM) as db:
        sql = text(
            "SELECT agency_ids, data, agency_data FROM outbox_event WHERE type = 'sales.updated' ORDER BY id"
        )
        first, second = db.execute(sql).all()
    assert first.agency_ids == sorted([mine.id, theirs.id])
    assert "777" not in str(first.data)
    assert first.agency_data[str(mine.id)]["totals"][0]["paid_gmv_fen"] == 10000
    assert first.agency_data[str(theirs.id)]["totals"][0]["paid_gmv_fen"] == 777
    assert second.agency_data[str(mine.id)]["totals"][0]["paid_gmv_fen"] == 20000


def test_an_imported_evening_is_taken_as_planned_whatever_was_sold_last(
    now: datetime, database: Database, make: Factory
) -> None:
    """Nobody tapped, the clock has not come by: sales of a past show must not make their own hours its hours."""
    brand, account = make.brand(), make.account(external_id="a1")
    session_id = add_session(
        make, now - 9 * HOUR, now - 5 * HOUR, brand=brand, account=account, state="accepted"
    )
    push(database, event(1, now - 6 * HOUR))
    tasks.fold()
    push(database, event(2, now - 9 * HOUR), event(3, now - 5 * HOUR + timedelta(minutes=9)))
    for _ in range(2):
        tasks.fold()
        tasks.reattribute()
    assert state_of(database, session_id) == ("ended", "inferred")
    assert total_of(database, session_id)["lines"] == 3


def test_an_inferred_start_loses_no_earlier_sale(now: datetime, database: Database, make: Factory) -> None:
    brand, account = make.brand(), make.account(external_id="a1")
    session_id = add_session(make, now - HOUR, now + HOUR, brand=brand, account=account, state="accepted")
    push(database, event(1, now - timedelta(minutes=5)))
    tasks.fold()
    push(database, event(2, now - timedelta(minutes=50)))
    for _ in range(2):
        tasks.fold()
        tasks.reattribute()
    assert total_of(database, session_id)["lines"] == 2


def test_a_parcel_that_cannot_be_merged_is_parked_and_holds_up_nobody(
    now: datetime, database: Database, make: Factory
) -> None:
    brand, account = make.brand(), make.account(external_id="a1")
    session_id = add_session(make, now - 3 * HOUR, now, brand=brand, account=account)
    push(database, event(1, now - 2 * HOUR))
    with database.transaction(SYSTEM) as db:
        # What no push can bring: the parcel is damaged.
        db.execute(text("UPDATE sale_parcel SET payload = substr(payload, 1, 20)"))
    push(database, event(2, now - 2 * HOUR))
    for _ in range(MOST_ATTEMPTS + 1):
        tasks.fold()
    assert total_of(database, session_id)["lines"] == 1
    with database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT attempts FROM sale_parcel")).scalar_one() == MOST_ATTEMPTS
        assert [one.subject for one in check_inbox(db, SYSTEM)] != []


def test_a_fold_takes_as_many_statements_for_three_shows_on_air_as_for_one(
    now: datetime, database: Database, make: Factory, statements: Any
) -> None:
    brand, began = make.brand(), now - HOUR
    for number in range(3):
        account = make.account(external_id=f"a{number}")
        add_session(make, began, now + HOUR, brand=brand, account=account, state="live", actual=(began, None))

    def fold(*numbers: int) -> int:
        push(database, *(event(number, now, author_id=f"a{number % 3}") for number in numbers))
        with statements() as sent:
            tasks.fold()
        return len(sent)

    fold(0, 1, 2)  # each is heard of for the first time
    assert fold(3) == fold(4, 5, 6)
