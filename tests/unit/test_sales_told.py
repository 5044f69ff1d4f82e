"""Marks of products, spend and settlements in pushes: checked field by field, kept."""

from datetime import datetime
from typing import Any

import pytest

from campaign.sales.events import BadEvent, Event, read
from campaign.sales.submissions import restored

TOLD: dict[str, dict[str, Any]] = {
    "product.explained": {
        "room_id": "7001",
        "merchant_sku": "BAG-1",
        "started_at": "2026-11-06T12:00:00Z",
        "ended_at": "2026-11-06T12:04:00Z",
    },
    "ad.spend": {
        "account_id": "a1",
        "from": "2026-11-06T12:00:00Z",
        "to": "2026-11-06T13:00:00Z",
        "amount_fen": 120000,
        "currency": "CNY",
    },
    "settlement.line": {
        "line_id": "l1",
        "settled_at": "2026-11-20T00:00:00Z",
        "amount_fen": -300,
        "currency": "CNY",
        "fees": {"佣金": 1500, "平台服务费": -20},
    },
}
HEAD = {"event_id": "e1", "occurred_at": "2026-11-06T12:04:00Z", "platform": "douyin", "shop_id": "s1"}
OPTIONAL = {"ended_at", "fees"}


@pytest.mark.parametrize("named", TOLD)
def test_marks_spend_and_settlements_are_checked_field_by_field(named: str) -> None:
    whole = HEAD | {"type": named} | TOLD[named]
    told = read(whole)
    assert type(told) is not Event
    for name, value in TOLD[named].items():
        held = getattr(told, "from_at" if name == "from" else name)
        assert held == (datetime.fromisoformat(value) if isinstance(held, datetime) else value), name
        without = {key: one for key, one in whole.items() if key != name}
        if name in OPTIONAL:
            assert getattr(read(without), name) is None
        else:
            with pytest.raises(BadEvent) as missing:
                read(without)
            assert (missing.value.code, missing.value.field) == ("missing", name)
        with pytest.raises(BadEvent) as wrong:
            read(whole | {name: 1.5})
        assert (wrong.value.code, wrong.value.field.split("[")[0]) == ("wrong_type", name)


def test_a_field_of_their_names_in_another_event_is_unknown_and_no_fault() -> None:
    bare = HEAD | {"type": "coupon.used"}
    assert read(bare | {"from": "a friend", "to": 7, "started_at": "soon", "settled_at": []}) == read(bare)


def test_what_was_taken_before_its_fields_were_checked_does_not_hold_up_what_waits_beside_it() -> None:
    kept = HEAD | {"type": "ad.spend", "from": "yesterday"}
    told = restored(kept)
    assert (told.type, told.event_id, told.statement, told.sample) == ("ad.spend", "e1", None, None)
    with pytest.raises(BadEvent):
        restored(HEAD | {"type": "order.line"})
