"""Summaries that are sent by themselves: once each, of the right days, each party its own."""

import threading
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from campaign.delivery.notices.channels import House, add_channel
from campaign.delivery.notices.schemas import NoticeChannelIn
from campaign.insight import sending
from campaign.insight.sending import send_due
from campaign.insight.standing import change_turn, end, get_turn, page_of_turns, send_by_itself
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.kit.errors import Forbidden, NotFound, Stale
from campaign.kit.instants import on_wall
from tests import zones
from tests.db.test_insight_summary import DAY, HOUR, Shelf
from tests.factory import HUB, Factory

HOUSE = House(b"k" * 32, (), True)


def at(day: date, hour: float) -> Any:
    """Within it, it is half a minute past that hour of the hub on that day: the test's transaction is older."""
    moment = on_wall(datetime.combine(day, time(0)), ZoneInfo(zones.hub_zone())) + timedelta(
        hours=hour, seconds=30
    )
    return clock.travel(moment - datetime.now(UTC) - zones.offset())


@pytest.fixture
def shelf(database: Database, make: Factory) -> Shelf:
    return Shelf(database, make)


def brand_of(shelf: Shelf) -> Actor:
    return Actor(kind="user", role="brand", id=7, name="brand", brand_id=shelf.brand.id)


def mailbox(database: Database, actor: Actor, **given: Any) -> int:
    wanted = NoticeChannelIn(**{"kind": "mail", "name": "老板", "address": "boss@brand.example"} | given)
    with database.transaction(actor) as db:
        return add_channel(db, actor, wanted, HOUSE).id


def plan(database: Database, actor: Actor, *, day: date = DAY, hour: float = 12, **given: Any) -> int:
    wanted = {"brand_id": None, "every": "day", "at": time(9)} | given
    wanted["channel_id"] = wanted.get("channel_id") or mailbox(database, actor)
    with at(day, hour), database.transaction(actor) as db:
        return send_by_itself(db, actor, **wanted)


def run(database: Database, day: date, hour: float) -> int:
    sent = 0
    with at(day, hour):
        while True:
            with database.transaction(SYSTEM) as db:
                if not send_due(db, SYSTEM):
                    return sent
            sent += 1


def told(database: Database) -> list[Any]:
    sql = "SELECT kind, audience, party_id, channel_id, params FROM notice WHERE kind LIKE 'summary.%' ORDER BY id"
    with database.transaction(SYSTEM) as db:
        return list(db.execute(text(sql)).all())


def test_a_day_is_told_the_next_morning_as_it_stands_then_and_once(shelf: Shelf) -> None:
    line = shelf.line(HOUR)
    shelf.push(line, shelf.refund(line, 2000, 2 * HOUR), days_later=0.4)
    plan(shelf.database, brand_of(shelf))
    next_day = DAY + timedelta(days=1)
    assert run(shelf.database, next_day, 8.9) == 0
    assert run(shelf.database, next_day, 9) == 1
    assert run(shelf.database, next_day, 9.01) == 0
    (notice,) = told(shelf.database)
    assert (notice.kind, notice.audience, notice.party_id) == ("summary.due", "brand", shelf.brand.id)
    assert notice.params["range"] == [str(DAY), str(DAY)]
    (totals,) = notice.params["totals"]
    assert (totals["paid_gmv_fen"], totals["refund_fen"], totals["net_gmv_fen"]) == (10000, 2000, 8000)
    assert (totals["orders"], totals["maturing"], totals["maturing_fen"]) == (1, True, 8000)
    found = shelf.summary(days_later=0.55).totals[0]
    assert totals["paid_gmv_fen"] == found.paid_gmv_fen


def test_what_stood_still_is_told_once_for_all_its_days_and_says_that_it_is_late(shelf: Shelf) -> None:
    shelf.push(shelf.line(HOUR), days_later=0.4)
    plan(shelf.database, brand_of(shelf))
    assert run(shelf.database, DAY + timedelta(days=3), 9.5) == 1
    assert run(shelf.database, DAY + timedelta(days=4), 9) == 1
    late, due = told(shelf.database)
    assert (late.kind, due.kind) == ("summary.late", "summary.due")
    assert late.params["range"] == [str(DAY), str(DAY + timedelta(days=2))]
    assert due.params["range"] == [str(DAY + timedelta(days=3))] * 2
    assert (late.params["totals"][0]["paid_gmv_fen"], due.params["totals"][0]["paid_gmv_fen"]) == (10000, 0)


def test_the_hub_hears_of_all_brands_and_a_brand_of_its_own_alone(shelf: Shelf, make: Factory) -> None:
    shelf.push(shelf.line(HOUR), days_later=0.4)
    other = make.brand(name="别家")
    stranger = Actor(kind="user", role="brand", id=8, brand_id=other.id)
    plan(shelf.database, HUB)
    plan(shelf.database, stranger)  # a brand's is of itself
    with pytest.raises(NotFound):
        plan(shelf.database, stranger, brand_id=shelf.brand.id)
    assert run(shelf.database, DAY + timedelta(days=1), 9) == 2
    hub, brand = told(shelf.database)
    assert [one["paid_fen"] for one in hub.params["brands"]] == [10000]
    assert (brand.party_id, brand.params["totals"][0]["paid_gmv_fen"]) == (other.id, 0)
    assert brand.params["brands"] == []


def test_the_brands_that_sold_most_are_told_per_currency(shelf: Shelf, make: Factory) -> None:
    """¥100 and $3 of one brand, $5 of another: neither is the greater of all three."""
    other = make.brand(name="别家", name_en="Other")
    make.shop(other, external_id="4002")
    shelf.push(
        shelf.line(HOUR, 10000),
        shelf.line(HOUR, 300, currency="USD"),
        shelf.line(HOUR, 500, currency="USD", shop_id="4002"),
        days_later=0.4,
    )
    plan(shelf.database, HUB)
    assert run(shelf.database, DAY + timedelta(days=1), 9) == 1
    (notice,) = told(shelf.database)
    brands = notice.params["brands"]
    assert [(one["currency"], one["paid_fen"]) for one in brands] == [
        ("CNY", 10000),
        ("USD", 500),
        ("USD", 300),
    ]
    assert [one["name"] for one in brands][1] == "别家"
    assert [one["paid_gmv_fen"] for one in notice.params["totals"]] == [10000, 800]


def test_each_party_sees_and_ends_its_own_and_uses_its_own_channels(shelf: Shelf) -> None:
    own = brand_of(shelf)
    made = plan(shelf.database, HUB, brand_id=shelf.brand.id)
    hubs = mailbox(shelf.database, HUB)
    with pytest.raises(NotFound):
        plan(shelf.database, own, channel_id=hubs)
    agent = Actor(kind="user", role="agency", id=9, agency_id=1)
    for actor, refusal in ((own, NotFound), (agent, Forbidden)):
        with shelf.database.transaction(actor) as db, pytest.raises(refusal):
            end(db, actor, made)
    with shelf.database.transaction(own) as db:
        assert page_of_turns(db, own).items == []
    with shelf.database.transaction(HUB) as db:
        assert [row.turn.id for row in page_of_turns(db, HUB).items] == [made]
        end(db, HUB, made)
        assert page_of_turns(db, HUB).items == []
    assert run(shelf.database, DAY + timedelta(days=1), 9) == 0


def test_one_that_rests_is_not_sent_and_goes_on_with_its_next_turn(shelf: Shelf) -> None:
    made = plan(shelf.database, HUB, day=DAY, hour=12)
    with at(DAY, 13), shelf.database.transaction(HUB) as db:
        change_turn(db, HUB, made, state="paused")
    assert run(shelf.database, DAY + timedelta(days=3), 10) == 0
    with at(DAY + timedelta(days=3), 11), shelf.database.transaction(HUB) as db:
        change_turn(db, HUB, made, state="active")
    assert run(shelf.database, DAY + timedelta(days=3), 12) == 0
    assert run(shelf.database, DAY + timedelta(days=4), 9) == 1
    # What fell into the pause is not sent after it: one day, and in time.
    (one,) = told(shelf.database)
    assert (one.kind, one.params["range"]) == ("summary.due", [str(DAY + timedelta(days=3))] * 2)


def test_a_change_counts_from_the_next_turn_on_and_the_stale_one_is_refused(shelf: Shelf) -> None:
    made = plan(shelf.database, HUB, day=DAY, hour=12)
    second = mailbox(shelf.database, HUB, name="other")
    with at(DAY, 13), shelf.database.transaction(HUB) as db:
        change_turn(db, HUB, made, at=time(15), every="day", channel_id=second, expected_rev=1)
        with pytest.raises(Stale):
            change_turn(db, HUB, made, at=time(16), expected_rev=1)
        with pytest.raises(Stale):
            end(db, HUB, made, expected_rev=1)
        # Nothing new is no new version.
        change_turn(db, HUB, made, at=time(15), expected_rev=2)
        assert get_turn(db, HUB, made).turn.rev == 2
    assert run(shelf.database, DAY, 14) == 0
    assert run(shelf.database, DAY, 15) == 1
    assert told(shelf.database)[0].channel_id == second


def test_one_that_fails_stands_before_no_other_and_is_tried_again(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(shelf.database, brand_of(shelf))
    plan(shelf.database, HUB)
    figures = sending.figures_of

    def broken(db: Any, reader: Actor, *given: Any) -> Any:
        if reader.role == "brand":
            raise NotFound
        return figures(db, reader, *given)

    next_day = DAY + timedelta(days=1)
    monkeypatch.setattr(sending, "figures_of", broken)
    assert run(shelf.database, next_day, 9) == 2
    assert [row.audience for row in told(shelf.database)] == ["hub"]
    monkeypatch.setattr(sending, "figures_of", figures)
    assert run(shelf.database, next_day, 9.01) == 0
    assert run(shelf.database, next_day, 9.1) == 1
    assert [(row.audience, row.params["range"][0]) for row in told(shelf.database)] == [
        ("hub", str(DAY)),
        ("brand", str(DAY)),
    ]


def test_of_several_workers_one_sends_it(committed_database: Database) -> None:
    for _number in range(6):
        plan(committed_database, HUB)
    gate, sent = threading.Barrier(4), []

    def work() -> None:
        gate.wait()
        while True:
            with committed_database.transaction(SYSTEM) as db:
                if not send_due(db, SYSTEM):
                    return
            sent.append(1)

    with at(DAY + timedelta(days=1), 9):
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(sent) == len(told(committed_database)) == 6
