"""Refunds on paid money, maturity and the attribution ladder."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace as altered

from campaign.sales.allocation import allocate
from campaign.sales.attribution import Airing, Airings, Placement, Shift
from campaign.sales.events import TYPES
from campaign.sales.images import Owner, difference, dump, load, postings, summed
from campaign.sales.lines import Line, RefundView
from campaign.sales.maturity import matures_at
from campaign.sales.scrubbing import scrubbed

T0 = datetime(2026, 11, 6, 12, tzinfo=UTC)
BEIJING = ZoneInfo("Asia/Shanghai")
LINE = Line(
    known=True,
    kind="sale",
    status="paid",
    parent_order_id="o1",
    ordered_at=T0,
    paid_at=T0 + timedelta(minutes=1),
    shipped_at=None,
    received_at=None,
    currency="CNY",
    qty=2,
    order_fen=1000,
    told_paid_fen=1000,
    subsidy_fen=0,
    deposit_fen=0,
    merchant_sku=None,
    product_ref=None,
    author_id="a1",
    room_id=None,
    traffic="live",
    buyer_hash=None,
)


def refund(number: int, fen: int, **given: object) -> RefundView:
    view = RefundView(
        f"r{number}",
        "return",
        "post_ship",
        "success",
        "CNY",
        fen,
        None,
        None,
        T0,
        T0 + timedelta(days=number),
    )
    return altered(view, **given)  # type: ignore[arg-type]


def test_refunds_beyond_what_was_paid_are_compensation() -> None:
    made = allocate(LINE, [refund(2, 700), refund(1, 600)])
    assert [(piece.fen, piece.compensation_fen) for piece in made.pieces] == [(600, 0), (400, 300)]
    assert made.refund_fen == 1000
    assert [piece.units for piece in made.pieces] == [0, 2]
    assert [piece.takes_line for piece in made.pieces] == [True, False]


def test_an_application_is_in_dispute_and_no_refund() -> None:
    made = allocate(LINE, [refund(1, 600), refund(2, 700, status="applied"), refund(3, 1, status="closed")])
    assert (made.refund_fen, made.open_fen, made.has_open_case) == (600, 400, True)


def test_price_protection_lowers_net_but_takes_no_line_or_unit() -> None:
    (piece,) = allocate(LINE, [refund(1, 100, kind="price_protection")]).pieces
    assert (piece.fen, piece.takes_line, piece.units) == (100, False, 0)


def test_a_hinted_whole_refund_gives_way_to_one_with_an_amount() -> None:
    hinted = altered(LINE, refunded_whole=True, refunded_at=T0 + timedelta(days=1))
    assert allocate(hinted, []).refund_fen == 1000
    assert allocate(hinted, [refund(1, 200)]).refund_fen == 200


def test_a_refund_of_a_gift_or_an_unpaid_line_takes_nothing_from_gmv() -> None:
    assert allocate(altered(LINE, kind="gift"), [refund(1, 200)]).refund_fen == 0
    assert allocate(altered(LINE, paid_at=None), [refund(1, 200)]).refund_fen == 0


def test_a_stage_that_is_not_named_follows_the_parcel() -> None:
    shipped = altered(LINE, shipped_at=T0 + timedelta(hours=36))
    before, after = allocate(shipped, [refund(1, 1, stage=None), refund(2, 1, stage=None)]).pieces
    assert (before.stage, after.stage) == ("pre_ship", "post_ship")


@pytest.mark.parametrize(
    ("change", "refunds", "days"),
    [
        ({}, [], 45),
        ({"received_at": T0 + timedelta(days=3)}, [], 10),
        ({"received_at": T0 + timedelta(days=3)}, [refund(4, 1, status="applied")], 45),
        ({"received_at": T0 + timedelta(days=44)}, [], 45),
        ({}, [refund(2, 1000)], 2),
        ({"status": "cancelled"}, [], 0),
    ],
)
def test_when_a_line_is_mature(change: dict[str, object], refunds: list[RefundView], days: int) -> None:
    line = altered(LINE, **change)  # type: ignore[arg-type]
    assert matures_at(line, allocate(line, refunds), timedelta(days=7)) == T0 + timedelta(days=days)


SHOW = Airing(1, "douyin", "a1", None, ("room1",), T0, T0 + timedelta(hours=2))


def placed(at: timedelta, *airings: Airing, **change: object) -> Placement:
    line = altered(LINE, ordered_at=T0 + at, **change)  # type: ignore[arg-type]
    return Airings(airings).place(line, "douyin", 9)


@pytest.mark.parametrize(
    ("minutes", "seconds", "session"),
    [(0, -1, None), (0, 0, 1), (119, 59, 1), (120, 0, 1), (129, 59, 1), (130, 0, None)],
)
def test_the_window_is_start_to_end_plus_grace_half_open(
    minutes: int, seconds: int, session: int | None
) -> None:
    assert placed(timedelta(minutes=minutes, seconds=seconds), SHOW).session_id == session


def test_grace_ends_at_the_next_start_on_that_account() -> None:
    following = replace(
        SHOW, session_id=2, starts_at=T0 + timedelta(minutes=125), ends_at=T0 + timedelta(hours=4)
    )
    assert placed(timedelta(minutes=124), SHOW, following).session_id == 1
    assert placed(timedelta(minutes=125), SHOW, following).session_id == 2


def test_a_show_nobody_confirmed_takes_nothing_from_one_that_was_on_air() -> None:
    unsure = replace(SHOW, session_id=2, firm=False)
    assert placed(timedelta(minutes=5), SHOW, unsure).session_id == 1
    assert placed(timedelta(minutes=5), unsure).session_id == 2


def test_the_room_decides_before_all_else() -> None:
    where = placed(timedelta(hours=9), SHOW, room_id="room1", author_id="someone")
    assert (where.session_id, where.rung) == (1, "room")


def test_other_traffic_is_outside_live_and_unknown_is_provisional() -> None:
    assert placed(timedelta(minutes=1), SHOW, traffic="card").bucket == "outside_live"
    known, unknown = placed(timedelta(0), SHOW), placed(timedelta(0), SHOW, traffic="unknown")
    assert (known.provisional, unknown.provisional, unknown.session_id) == (False, True, 1)


def test_a_line_without_author_goes_to_the_shops_own_show() -> None:
    own = replace(SHOW, shop_id=9)
    assert placed(timedelta(0), own, author_id=None).rung == "shop"
    assert placed(timedelta(0), own, author_id="stranger").bucket == "unattributed"
    assert placed(timedelta(0), replace(own, shop_id=8), author_id=None).bucket == "unattributed"


def test_a_line_belongs_to_the_host_on_shift_else_it_is_shared() -> None:
    half = T0 + timedelta(hours=1)
    first, second = Shift(10, 5, T0, half), Shift(11, None, half, T0 + timedelta(hours=2))
    show = replace(SHOW, shifts=(first, second))
    assert placed(timedelta(minutes=59), show).host_id == 10
    assert placed(timedelta(minutes=60), show).host_id == 11
    assert placed(timedelta(minutes=125), show).host_id == 11, "an overrun belongs to the last shift"
    both = replace(SHOW, shifts=(first, replace(second, starts_at=T0)))
    assert placed(timedelta(minutes=1), both).host_id is None


def test_differences_of_postings_telescope() -> None:
    owner = Owner(9, 3, None)
    states = [
        postings(line, allocate(line, refunds), Placement("live", "author", session), owner, None, BEIJING)
        for line, refunds, session in (
            (LINE, [], 1),
            (LINE, [refund(1, 300)], 1),
            (altered(LINE, told_paid_fen=900), [refund(1, 300)], 2),
        )
    ]
    changes = [difference(a, b) for a, b in zip([{}, *states], states, strict=False)]
    whole = {
        key: kept
        for key, amounts in summed(changes).items()
        if (kept := {n: a for n, a in amounts.items() if a})
    }
    assert whole == states[-1]
    assert load(json.loads(dump(states[-1]))) == states[-1]


def test_money_falls_on_the_hubs_days() -> None:
    late = altered(
        LINE,
        ordered_at=datetime(2026, 11, 6, 15, 59, tzinfo=UTC),
        paid_at=datetime(2026, 11, 6, 16, 1, tzinfo=UTC),
    )
    made = postings(
        late, allocate(late, []), Placement("live", "room", 1), Owner(9, None, None), None, BEIJING
    )
    paid = next(key for key, amounts in made.items() if "paid_fen" in amounts)
    assert (paid.cohort_day.day, paid.cash_day.day, paid.age_days) == (6, 7, 1)


def test_no_field_we_understand_tells_of_a_person() -> None:
    known = {name for kind in TYPES.values() for name in kind.__struct_fields__}
    assert scrubbed(dict.fromkeys(known, "x") | {"nested": {}}).keys() == known | {"nested"}
    assert scrubbed({"buyer_name": "王女士", "qty": 1}) == {"qty": 1}
    assert scrubbed({"buyer_name": "王女士", "qty": 1, "of": [{"phone": "138"}]}) == {"qty": 1, "of": [{}]}
