"""Ingest on the real database: durable, deduplicated, merged, folded."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.sales.folding import fold
from campaign.sales.ingest import Outcome, Source, ingest
from campaign.sales.submissions import prepared
from tests.factory import Factory
from tests.sales_kit import assert_reconciled

CONNECTOR = Actor(kind="key", role="connector", id=5, name="push")
SALT = b"salt"
T0 = datetime(2026, 11, 6, 12, tzinfo=UTC)


def event(number: int, **given: Any) -> dict[str, Any]:
    return {
        "type": "order.line",
        "event_id": f"e{number}",
        "occurred_at": "2026-11-06T20:05:00+08:00",
        "platform": "douyin",
        "shop_id": "4001",
        "line_id": f"l{number}",
        "parent_order_id": f"o{number}",
        "status": "paid",
        "ordered_at": "2026-11-06T20:05:00+08:00",
        "paid_at": "2026-11-06T20:06:00+08:00",
        "currency": "CNY",
        "qty": 1,
        "paid_fen": 10000,
        "order_fen": 10000,
        "traffic": "live",
    } | given


def refund(number: int, line: int, fen: int, **given: Any) -> dict[str, Any]:
    return {
        "type": "refund",
        "event_id": f"r{number}",
        "occurred_at": "2026-11-08T20:05:00+08:00",
        "platform": "douyin",
        "shop_id": "4001",
        "refund_id": f"f{number}",
        "line_id": f"l{line}",
        "refund_type": "return",
        "stage": "post_ship",
        "status": "success",
        "amount_fen": fen,
        "succeeded_at": "2026-11-08T20:05:00+08:00",
    } | given


@pytest.fixture
def push(database: Database) -> Any:
    """push(*events): hands a batch in at a fixed time, folds, and gives the outcome."""

    def send(*events: Any, actor: Actor = CONNECTOR, now: datetime = T0 + timedelta(days=3)) -> Outcome:
        with clock.travel(now - datetime.now(UTC)):
            with database.transaction(SYSTEM) as db:
                taken, refused = prepared(events, salt=SALT)
                outcome = ingest(db, actor, taken, Source("push", 5), refused)
            with database.transaction(SYSTEM) as db:
                fold(db, SYSTEM)
        return outcome

    return send


def figures(database: Database, **where: Any) -> dict[str, int]:
    clause = " AND ".join(f"{name} = :{name}" for name in where) or "true"
    with database.transaction(SYSTEM) as db:
        row = db.execute(
            text(
                "SELECT coalesce(sum(paid_fen), 0)::bigint AS paid, coalesce(sum(lines), 0)::bigint AS lines,"
                " coalesce(sum(refund_post_ship_fen), 0)::bigint AS refunds FROM sales_day"
                f" WHERE basis = 'cohort' AND {clause}"
            ),
            where,
        ).one()
    return dict(row._mapping)


def test_a_sale_is_counted_once_however_often_it_is_sent(push: Any, database: Database) -> None:
    assert push(event(1), event(2)).accepted == 2
    again = push(event(2), event(1), event(1))
    assert (again.accepted, again.duplicates, again.rejected) == (0, 3, [])
    assert figures(database) == {"paid": 20000, "lines": 2, "refunds": 0}


def test_the_same_id_with_other_content_is_a_conflict_that_is_kept(push: Any, database: Database) -> None:
    push(event(1))
    outcome = push(event(1, paid_fen=1), event(2))
    assert [(r.index, r.code) for r in outcome.rejected] == [(0, "conflict")]
    assert outcome.accepted == 1
    assert figures(database)["paid"] == 20000
    with database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT count(*) FROM sale_conflict")).scalar_one() == 1


def test_one_bad_event_never_refuses_its_neighbours(push: Any, database: Database) -> None:
    outcome = push(event(1), event(2, qty="two"), 7, event(3, paid_fen=None), event(4))
    assert outcome.accepted == 2
    assert [(r.index, r.code, r.field) for r in outcome.rejected] == [
        (1, "wrong_type", "qty"),
        (2, "not_an_object", ""),
        (3, "missing", "paid_fen"),
    ]
    assert figures(database)["lines"] == 2


def test_what_is_far_off_is_quarantined_and_shown_not_merged(push: Any, database: Database) -> None:
    outcome = push(
        event(1, occurred_at="2026-11-09T20:06:00+08:00"),
        event(2, occurred_at="2026-08-01T00:00:00Z"),
        event(3, occurred_at="2026-11-09T20:04:00+08:00"),
    )
    assert (outcome.quarantined, outcome.accepted) == (2, 1)
    with database.transaction(SYSTEM) as db:
        held = db.execute(text("SELECT count(*) FROM sale_event WHERE verdict = 'quarantined'")).scalar_one()
    assert held == 2
    assert figures(database)["lines"] == 1


def test_refunds_wait_for_their_line_and_then_count(push: Any, database: Database) -> None:
    push(refund(1, 1, 4000), refund(2, 1, 1000))
    assert figures(database) == {"paid": 0, "lines": 0, "refunds": 0}
    push(event(1))
    assert figures(database) == {"paid": 10000, "lines": 1, "refunds": 5000}


def test_the_states_of_one_refund_are_one_refund(push: Any, database: Database) -> None:
    push(event(1), refund(1, 1, 4000))
    push(refund(9, 1, 4000, refund_id="f1", status="applied", occurred_at="2026-11-07T20:05:00+08:00"))
    assert figures(database)["refunds"] == 4000


def test_a_refund_that_moves_to_another_line_is_a_conflict(push: Any, database: Database) -> None:
    push(event(1), event(2), refund(1, 1, 4000))
    outcome = push(refund(7, 2, 4000, refund_id="f1"))
    assert [(r.code, r.field) for r in outcome.rejected] == [("conflict", "line_id")]
    assert figures(database)["refunds"] == 4000


def test_a_connector_feeds_its_own_shops_only(push: Any, database: Database, make: Factory) -> None:
    mine = make.shop(external_id="4001")
    theirs = make.shop(external_id="4002")
    actor = Actor(kind="key", role="connector", id=5, name="push", shop_ids=(mine.id,))
    outcome = push(event(1), event(2, shop_id="4002"), event(3, shop_id="new"), actor=actor)
    assert outcome.accepted == 1
    assert [(r.index, r.code) for r in outcome.rejected] == [(1, "out_of_scope"), (2, "out_of_scope")]
    assert figures(database, shop_id=theirs.id)["lines"] == 0


def test_a_shop_first_seen_is_registered_without_a_brand(push: Any, database: Database) -> None:
    push(event(1))
    with database.transaction(SYSTEM) as db:
        row = db.execute(text("SELECT platform, brand_id FROM shop WHERE external_id = '4001'")).one()
    assert tuple(row) == ("douyin", None)


def test_the_product_gives_the_brand_else_the_shop(push: Any, database: Database, make: Factory) -> None:
    one, other = make.brand(), make.brand()
    make.shop(one, external_id="4001")
    own = make.product(one, sku="XJ-1")
    make.product(other, sku="XJ-1")
    foreign = make.product(other, sku="XJ-9")
    push(event(1, merchant_sku="XJ-1"), event(2, merchant_sku="XJ-9"), event(3, merchant_sku="none"))
    assert figures(database, brand_id=one.id, product_id=own.id)["lines"] == 1
    assert figures(database, brand_id=other.id, product_id=foreign.id)["lines"] == 1
    assert figures(database, brand_id=one.id, product_id=0)["lines"] == 1


def test_people_are_dropped_and_buyers_salted(push: Any, database: Database) -> None:
    push(
        event(
            1,
            buyer_hash="b1",
            buyer={"name": "张三", "phone": "13800138000"},
            receiver_address="河北省辛集市",
            extra={"phone": "13800138000", "colour": "brown"},
        )
    )
    with database.transaction(SYSTEM) as db:
        raw = db.execute(text("SELECT payload::text FROM sale_event")).scalar_one()
        buyer = db.execute(text("SELECT buyer_hash FROM order_line")).scalar_one()
    for gone in ("张三", "13800138000", "河北", '"b1"'):
        assert gone not in raw
    assert "brown" in raw
    assert buyer not in (None, "b1")


@pytest.mark.parametrize("text_value", ["a\u0000b", "\ud800"])
def test_text_that_cannot_be_stored_is_rejected_by_itself(push: Any, text_value: str) -> None:
    outcome = push(event(1, merchant_sku=text_value), event(2))
    assert (outcome.accepted, [r.index for r in outcome.rejected]) == (1, [0])


def test_numbers_that_overflow_are_rejected_by_themselves(push: Any, database: Database) -> None:
    outcome = push(event(1, extra=float("inf")), event(2, paid_fen=10**12 + 1), event(3, paid_fen=10**12))
    assert [(r.index, r.code) for r in outcome.rejected] == [(0, "unstorable"), (1, "wrong_type")]
    assert figures(database)["paid"] == 10**12


def test_a_push_cannot_pass_for_a_files_row_in_the_proof(push: Any, database: Database) -> None:
    push(event(1, statement={"rank": 9}, row={}))
    assert_reconciled(database)


def test_only_orders_say_how_far_the_orders_are_complete(push, database) -> None:
    sample = {"type": "metric.sample", "room_id": "9", "at": "2026-11-08T21:00:00+08:00", "online": 3}
    push(event(1))
    push(refund(1, 1, 500), event(2) | sample | {"occurred_at": "2026-11-08T21:00:00+08:00"})
    with database.transaction(SYSTEM) as db:
        through = db.execute(text("SELECT complete_through FROM shop_progress")).scalars().all()
    assert through == [datetime(2026, 11, 6, 12, 5, tzinfo=UTC)]


def test_of_two_samples_of_a_moment_each_counter_keeps_the_greater_whichever_came_first(
    push, database
) -> None:
    at = {"type": "metric.sample", "room_id": "9", "at": "2026-11-06T21:00:00+08:00"}
    one, other = {"viewers": 70, "online": 5, "likes": 3}, {"viewers": 68, "online": 9, "comments": 4}
    kept = []
    for number, told in enumerate(((one, other), (other, one))):
        room = at | {"room_id": f"9{number}"}
        push(event(10 * number + 1) | room | told[0])
        push(event(10 * number + 2) | room | told[1], event(10 * number + 3) | room | told[1])
        query = "SELECT viewers, online, likes, comments, views FROM metric_sample WHERE room_id = :room"
        with database.transaction(SYSTEM) as db:
            kept.append(tuple(db.execute(text(query), {"room": room["room_id"]}).one()))
    assert kept == [(70, 9, 3, 4, None)] * 2
