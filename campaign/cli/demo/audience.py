"""Who watches the demo's shows, as a platform's counters would tell it. Pure and repeatable."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from campaign.cli.demo.orders import Air
from campaign.kit.instants import written

_MINUTE = timedelta(minutes=1)
_TOLD_EVERY = 5
"""Minutes, of what is past."""


@dataclass
class _Room:
    """Counters since the show began; online is of the moment."""

    online: int = 0
    viewers: int = 0
    views: int = 0
    product_impressions: int = 0
    product_clicks: int = 0
    likes: int = 0
    comments: int = 0
    follows: int = 0


def crowds_of(air: Air, now: datetime) -> list[dict[str, Any]]:
    """The counters of a room every five minutes of its show, up to `now`."""
    return [
        _sample(air, minute, room)
        for minute, room in _watched(air, min(now, air.ends_at))
        if minute % _TOLD_EVERY == 0
    ]


def crowd_now(air: Air, now: datetime) -> list[dict[str, Any]]:
    """The counters of a room on air, at its newest whole minute: the same as crowds_of() would tell later."""
    newest = list(_watched(air, now))[-1:]
    return [_sample(air, minute, room) for minute, room in newest]


def _watched(air: Air, until: datetime) -> Iterator[tuple[int, _Room]]:
    """Each minute with its counters: a room fills in a quarter of an hour, and never sits still."""
    rng = random.Random(air.room)  # noqa: S311 - demo data wants repeatable, not secret
    crowd, room, minute = rng.randint(140, 520), _Room(), 0
    while air.starts_at + minute * _MINUTE <= until:
        there = crowd * min(1.0, 0.2 + minute / 18)
        room.online = round(there * rng.uniform(0.82, 1.18))
        came = round(room.online * rng.uniform(0.10, 0.16))
        room.viewers += came
        room.views += round(came * 1.22)
        room.product_impressions += round(came * 1.7)
        room.product_clicks += round(came * rng.uniform(0.10, 0.17))
        room.likes += round(room.online * rng.uniform(0.2, 0.6))
        room.comments += round(room.online * rng.uniform(0.01, 0.04))
        room.follows += round(came * rng.uniform(0.01, 0.03))
        yield minute, room
        minute += 1


def _sample(air: Air, minute: int, room: _Room) -> dict[str, Any]:
    at = written(air.starts_at + minute * _MINUTE)
    return {
        "type": "metric.sample",
        "event_id": f"{air.room}-m{minute}",
        "occurred_at": at,
        "at": at,
        "platform": air.platform,
        "shop_id": air.shop,
        "room_id": air.room,
        "kind": "cumulative",
    } | vars(room)
