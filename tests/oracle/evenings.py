"""Random evenings: sessions on a few accounts and the events they bring, with duplicates and disorder."""

from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
START = datetime(2026, 11, 6, 18, tzinfo=BEIJING)
STATUSES = ["created", "paid", "shipped", "received", "completed"]


def written(moment):
    return moment.isoformat()


def sessions(random):
    """Two or three shows on two accounts, back to back, some across midnight."""
    made = []
    for account in ("a1", "a2"):
        begins = START + timedelta(minutes=random.randrange(0, 60))
        for number in range(random.randrange(1, 3)):
            ends = begins + timedelta(minutes=random.randrange(60, 300))
            made.append(
                {
                    "id": f"{account}-{number}",
                    "account": account,
                    "rooms": [f"room-{account}-{number}"],
                    "starts_at": begins,
                    "ends_at": ends,
                }
            )
            begins = ends + timedelta(minutes=random.choice([0, 4, 10, 30]))
    return made


def corrected(random, shows):
    """One show's times set right by some minutes, without meeting the next on its account."""
    again = [dict(show) for show in shows]
    show = random.choice(again)
    show["starts_at"] += timedelta(minutes=random.randrange(0, 20))
    show["ends_at"] -= timedelta(minutes=random.randrange(0, 20))
    return again


def events(random, shows, count):
    """Lines around the shows with the states they pass through and their refunds."""
    told = []
    for number in range(count):
        told += line(random, shows, number)
    told += random.sample(told, len(told) // 4)
    random.shuffle(told)
    return told


def line(random, shows, number):
    show = random.choice(shows)
    ordered = show["starts_at"] + timedelta(seconds=random.randrange(-1200, 6 * 3600))
    if random.random() < 0.2:
        edge = random.choice([show["starts_at"], show["ends_at"], show["ends_at"] + timedelta(minutes=10)])
        ordered = edge + timedelta(seconds=random.choice([-1, 0, 1]))
    qty, paid_fen = random.randrange(1, 4), random.randrange(0, 500_000)
    base = {
        "type": "order.line",
        "platform": "douyin",
        "shop_id": random.choice(["s1", "s2"]),
        "line_id": f"l{number}",
        "parent_order_id": f"o{number // 2}",
        "line_kind": random.choice(["sale"] * 8 + ["gift", "service", "sample"]),
        "ordered_at": written(ordered),
        "currency": "CNY",
        "qty": qty,
        "order_fen": paid_fen,
        "paid_fen": paid_fen,
        "author_id": random.choice([show["account"]] * 8 + ["stranger"]),
        "traffic": random.choice(["live"] * 7 + ["card", "search", "unknown"]),
        "merchant_sku": f"XJ-{random.randrange(4)}",
    }
    if random.random() < 0.2:
        base["room_id"] = random.choice(show["rooms"])
    return _states(random, base, ordered, number) + _refunds(random, base, ordered, number)


def _states(random, base, ordered, number):
    reached = random.randrange(0, len(STATUSES))
    moment, told = ordered, []
    for step in range(reached + 1):
        event = base | {
            "status": STATUSES[step],
            "event_id": f"e{number}-{step}",
            "occurred_at": written(moment),
            "version": written(moment),
        }
        if step >= 1:
            event["paid_at"] = written(ordered + timedelta(seconds=90))
        told.append(event)
        moment += timedelta(seconds=random.choice([0, 30, 86_400]))
    if len(told) > 1 and random.random() < 0.5:
        told.pop(0)
    return told


def _refunds(random, base, ordered, number):
    told = []
    for part in range(random.choice([0, 0, 0, 1, 1, 2])):
        applied = ordered + timedelta(days=random.randrange(0, 9), seconds=part + 7)
        refund = {
            "type": "refund",
            "platform": base["platform"],
            "shop_id": base["shop_id"],
            "refund_id": f"f{number}-{part}",
            "line_id": base["line_id"],
            "refund_type": random.choice(["refund_only", "return", "price_protection"]),
            "stage": random.choice(["pre_ship", "post_ship", "post_receipt"]),
            "currency": "CNY",
            "amount_fen": random.randrange(0, base["paid_fen"] + 1000),
        }
        told.append(
            refund | {"status": "applied", "event_id": f"r{number}-{part}-a", "occurred_at": written(applied)}
        )
        if random.random() < 0.8:
            done = applied + timedelta(seconds=random.choice([0, 3600]))
            told.append(
                refund
                | {
                    "status": random.choice(["success", "success", "closed"]),
                    "event_id": f"r{number}-{part}-s",
                    "occurred_at": written(done),
                    "succeeded_at": written(done),
                }
            )
    return told
