"""The demo's audience: what is told live goes on where what was filled in ends, and no counter ever falls."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from campaign.cli.demo.audience import crowd_now, crowds_of
from campaign.cli.demo.orders import Air

START = datetime(2026, 11, 11, 12, tzinfo=UTC)
AIR = Air(1, "douyin", "4000001", "a1", "7326111100000000001", START, START + timedelta(hours=4), ())
GROWING = ("viewers", "views", "product_impressions", "product_clicks", "likes", "comments", "follows")


def test_counters_grow_from_the_fill_through_the_feed():
    filled = crowds_of(AIR, START + timedelta(minutes=61))
    fed = [crowd_now(AIR, START + timedelta(minutes=61, seconds=20 * n))[0] for n in range(1, 30)]
    assert len(filled) == 13
    told = filled + fed
    assert [one["at"] for one in told] == sorted(one["at"] for one in told)
    for name in GROWING:
        assert [one[name] for one in told] == sorted(one[name] for one in told)
    assert fed[-1]["viewers"] > filled[-1]["viewers"]
    assert all(one["online"] > 0 for one in told)


def test_a_minute_is_told_alike_whenever_it_is_told():
    whole = {one["event_id"]: one for one in crowds_of(AIR, AIR.ends_at)}
    (live,) = crowd_now(AIR, START + timedelta(minutes=95, seconds=30))
    assert live["event_id"] == "7326111100000000001-m95"
    assert live == whole[live["event_id"]]


def test_nobody_watches_before_a_show_or_after_it():
    assert crowd_now(AIR, START - timedelta(seconds=1)) == []
    late = crowds_of(AIR, AIR.ends_at + timedelta(days=1))
    assert late[-1]["at"] == "2026-11-11T16:00:00Z"
    assert crowds_of(replace(AIR, room="another"), AIR.ends_at)[-1]["viewers"] != late[-1]["viewers"]
