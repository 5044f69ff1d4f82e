"""A campaign's progress: its sessions' sales and nobody else's, by day and brand."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.ids import public
from tests.factory import HUB
from tests.sales_kit import add_session, change_session, fold_all

CONNECTOR = Actor(kind="key", role="connector", name="push")
T0 = datetime(2026, 11, 6, 12, tzinfo=UTC)


@pytest.fixture
def evening():
    with clock.travel(T0 + timedelta(minutes=30) - datetime.now(UTC)):
        yield


def line(number, shop, author):
    return {
        "type": "order.line",
        "event_id": f"e{number}",
        "occurred_at": "2026-11-06T20:10:00+08:00",
        "platform": "douyin",
        "shop_id": shop,
        "line_id": f"l{number}",
        "parent_order_id": f"o{number}",
        "status": "paid",
        "ordered_at": "2026-11-06T20:05:00+08:00",
        "paid_at": "2026-11-06T20:06:00+08:00",
        "currency": "CNY",
        "qty": 1,
        "paid_fen": 10000 * number,
        "author_id": author,
        "traffic": "live",
    }


def test_progress_adds_up_the_campaigns_own_sessions(call, make, database, evening):
    brands = [make.brand(name="甲"), make.brand(name="乙"), make.brand(name="丙")]
    campaign = make.campaign(target_paid_fen=100_000, brand_ids=[brands[0].id, brands[1].id])
    for at, brand in enumerate(brands):
        make.shop(brand, external_id=f"40{at}")
        session_id = add_session(
            make, T0, T0 + timedelta(hours=2), brand=brand, account=make.account(external_id=f"a{at}")
        )
        if at < 2:
            change_session(database, session_id, campaign_id=campaign.id)
    events = [line(at + 1, f"40{at}", f"a{at}") for at in range(3)]
    assert call(CONNECTOR, "POST", "/ingest/events", json={"events": events}).json["accepted"] == 3
    fold_all(database)
    path = f"/campaigns/{public('cmp', campaign.id)}/progress"
    answer = call(HUB, "GET", path)
    assert answer.status_code == 200, answer.json
    found = answer.json
    assert (found["target_paid_fen"], found["totals"][0]["paid_gmv_fen"]) == (100_000, 30_000)
    assert [(one["key"], one["totals"][0]["paid_gmv_fen"]) for one in found["days"]] == [
        ("2026-11-06", 30_000)
    ]
    assert [(one["label"], one["totals"][0]["paid_gmv_fen"]) for one in found["brands"]] == [
        ("乙", 20_000),
        ("甲", 10_000),
    ]
    own = Actor(kind="key", role="brand", name="brand", brand_id=brands[0].id)
    seen = call(own, "GET", path).json
    assert [one["label"] for one in seen["brands"]] == ["甲"]
    assert seen["totals"][0]["paid_gmv_fen"] == 10_000
    stranger = Actor(kind="key", role="brand", name="other", brand_id=brands[2].id)
    assert call(stranger, "GET", path).status_code == 404
