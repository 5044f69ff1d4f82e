"""Orders as a platform would push them: bursts, gifts, unpaid lines, returns. Pure and repeatable."""

import hashlib
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from campaign.kit.instants import written


@dataclass(frozen=True)
class Goods:
    """One line of the line-up: what is sold and for how much (fen)."""

    product_id: str
    sku: str
    price_fen: int
    live_price_fen: int


@dataclass(frozen=True)
class Air:
    """What an order needs to know of the session it falls into."""

    number: int
    platform: str
    shop: str
    author: str
    room: str
    starts_at: datetime
    ends_at: datetime
    goods: tuple[Goods, ...]


@dataclass
class Order:
    """One order line with its later fate."""

    line: dict[str, Any]
    refund: dict[str, Any] | None = None
    later: list[dict[str, Any]] = field(default_factory=list)


def evening_of(air: Air, count: int, now: datetime) -> list[dict[str, Any]]:
    """About `count` order lines of a session, with their payments, deliveries and returns up to `now`."""
    rng = random.Random(f"{air.number}")  # noqa: S311 - demo data wants repeatable, not secret
    events: list[dict[str, Any]] = []
    for number in range(count):
        ordered_at = _moment(rng, air)
        if ordered_at < now:
            events += one_order(rng, air, number, ordered_at, now)
    return events


def talk_of(air: Air, now: datetime) -> list[dict[str, Any]]:
    """What was explained when, up to `now`: one product after another, five minutes of every twelve."""
    told = []
    at, number = air.starts_at + timedelta(minutes=4), 0
    while at + timedelta(minutes=5) < min(air.ends_at, now):
        until = at + timedelta(minutes=5)
        told.append(
            {
                "type": "product.explained",
                "event_id": f"{air.room}-{air.number}-{number}",
                "occurred_at": written(until),
                "platform": air.platform,
                "shop_id": air.shop,
                "room_id": air.room,
                "merchant_sku": air.goods[number % len(air.goods)].sku,
                "started_at": written(at),
                "ended_at": written(until),
            }
        )
        at, number = at + timedelta(minutes=12), number + 1
    return told


def one_order(
    rng: random.Random, air: Air, number: int, ordered_at: datetime, now: datetime
) -> list[dict[str, Any]]:
    """The events of one order line, oldest first, none later than `now`."""
    goods = rng.choices(air.goods, weights=range(len(air.goods), 0, -1))[0]
    line = _line(rng, air, goods, number, ordered_at)
    kind = rng.random()
    if kind < 0.05:
        return [line | {"status": "created", "paid_fen": 0}]
    if kind < 0.08:
        line |= {"line_kind": "gift", "order_fen": 0, "paid_fen": 0}
    paid_at = ordered_at + timedelta(seconds=rng.randint(4, 90))
    events = [_at(line, "paid", paid_at, paid_at=written(paid_at))]
    events += _fate(rng, events[0], paid_at)
    return [event for event in events if datetime.fromisoformat(event["occurred_at"]) <= now]


def _moment(rng: random.Random, air: Air) -> datetime:
    """Mostly even over the session, a third in bursts after a product is opened."""
    length = (air.ends_at - air.starts_at).total_seconds()
    if rng.random() < 0.35:
        burst = rng.choice((0.18, 0.42, 0.71))
        return air.starts_at + timedelta(seconds=min(length - 1, length * burst + rng.expovariate(1 / 240)))
    return air.starts_at + timedelta(seconds=rng.uniform(0, length - 1))


def _line(rng: random.Random, air: Air, goods: Goods, number: int, ordered_at: datetime) -> dict[str, Any]:
    line_id = f"69{air.number:08d}{number:07d}"
    qty = 2 if rng.random() < 0.06 else 1
    paid = goods.live_price_fen * qty
    coupon = min(paid // 10, 3000) if rng.random() < 0.3 else 0
    live = rng.random() < 0.93
    buyer = hashlib.sha256(f"{air.shop}{rng.randint(1, 4000)}".encode()).hexdigest()[:32]
    return {
        "type": "order.line",
        "event_id": f"{line_id}-created",
        "occurred_at": written(ordered_at),
        "platform": air.platform,
        "shop_id": air.shop,
        "parent_order_id": line_id,
        "line_id": line_id,
        "status": "created",
        "ordered_at": written(ordered_at),
        "currency": "CNY",
        "qty": qty,
        "list_fen": goods.price_fen * qty,
        "order_fen": paid - coupon,
        "paid_fen": paid - coupon,
        "discount_shop_fen": (goods.price_fen - goods.live_price_fen) * qty,
        "discount_platform_fen": coupon,
        "product_id": goods.product_id,
        "merchant_sku": goods.sku,
        "traffic": "live" if live else rng.choice(("card", "shelf", "video")),
        "buyer_hash": buyer,
        "version": int(ordered_at.timestamp()),
    } | ({"author_id": air.author, "room_id": air.room} if live else {})


def _at(line: dict[str, Any], status: str, at: datetime, **more: Any) -> dict[str, Any]:
    return line | {
        "event_id": f"{line['line_id']}-{status}",
        "occurred_at": written(at),
        "status": status,
        "version": int(at.timestamp()),
        **more,
    }


def _fate(rng: random.Random, paid: dict[str, Any], paid_at: datetime) -> list[dict[str, Any]]:
    """Half of what is sold live comes back: a fifth before shipping, the rest after receipt or on the way."""
    chance = rng.random()
    if chance < 0.14:
        at = paid_at + timedelta(minutes=rng.randint(5, 600))
        return [_refund(rng, paid, "pre_ship", at)]
    shipped_at = paid_at + timedelta(hours=rng.randint(8, 40))
    shipped = _at(paid, "shipped", shipped_at, shipped_at=written(shipped_at))
    if chance < 0.22:
        return [shipped, _refund(rng, paid, "post_ship", shipped_at + timedelta(hours=rng.randint(6, 48)))]
    received_at = shipped_at + timedelta(hours=rng.randint(36, 96))
    received = _at(shipped, "received", received_at, received_at=written(received_at))
    if chance < 0.52:
        at = received_at + timedelta(hours=rng.randint(2, 120))
        return [shipped, received, _refund(rng, paid, "post_receipt", at)]
    return [shipped, received]


def _refund(rng: random.Random, paid: dict[str, Any], stage: str, at: datetime) -> dict[str, Any]:
    part = rng.random() < 0.08
    reasons = ("size", "colour", "smell", "slow", "other")
    return {
        "type": "refund",
        "event_id": f"R{paid['line_id']}",
        "occurred_at": written(at),
        "platform": paid["platform"],
        "shop_id": paid["shop_id"],
        "refund_id": f"R{paid['line_id']}",
        "line_id": paid["line_id"],
        "refund_type": "refund_only" if stage == "pre_ship" or part else "return",
        "stage": stage,
        "status": "success",
        "currency": paid["currency"],
        "amount_fen": paid["paid_fen"] // 3 if part else paid["paid_fen"],
        "qty": 0 if part else paid["qty"],
        "reason_code": rng.choice(reasons),
        "applied_at": written(at),
        "succeeded_at": written(at),
    }
