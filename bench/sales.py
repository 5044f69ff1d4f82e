"""Taking in pushed sales: events a second that one web process makes durable, by events in a POST."""

import http.client
import itertools
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

from bench.figures import Figure, anchor, median
from bench.grounds import Grounds
from bench.serving import KEY, served
from campaign.accounts.actions import Scope, create_key
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.kit.instants import written

NAME = "sales"
_SECONDS = {True: 4.0, False: 0.3}
_CLIENTS = {1: 16, 100: 4, 1000: 2}
"""Events in a POST → clients that post one after another, each over a connection of its own."""


def run(grounds: Grounds) -> Iterator[Figure]:
    """No bars: anchors of this machine."""
    url = grounds.database("sales", lambda _url: None)
    database = Database.connect(url, pool_size=1)
    with database.transaction(SYSTEM) as db:
        scope = Scope("connector", None, None, None, None)
        key = create_key(db, SYSTEM, secret_key=KEY.encode(), name="bench", scope=scope).key
    database.dispose()
    numbers = itertools.count()
    with served(grounds, url) as port:
        for size, clients in _CLIENTS.items():
            rates = [
                _rate(port, key, size, clients, numbers, _SECONDS[grounds.full])
                for _ in range(grounds.rounds)
            ]
            yield anchor(NAME, f"taken in, {size} a POST, {clients} clients", median(rates), "events/s")


def _rate(
    port: int, key: str, size: int, clients: int, numbers: "itertools.count[int]", seconds: float
) -> float:
    """Events answered as accepted, by the second; raises when one is not."""
    began = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        posting = [pool.submit(_post, port, key, size, numbers, began + seconds) for _ in range(clients)]
        taken = sum(one.result() for one in posting)
    return taken / (time.monotonic() - began)


def _post(port: int, key: str, size: int, numbers: "itertools.count[int]", until: float) -> int:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    taken = 0
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        while time.monotonic() < until:
            body = json.dumps({"events": [_event(next(numbers)) for _ in range(size)]})
            connection.request("POST", "/api/v1/ingest/events", body, headers)
            answer = connection.getresponse()
            said = json.loads(answer.read())
            if answer.status != 200 or said["accepted"] != size:
                raise RuntimeError(f"{answer.status}: {said}")
            taken += size
    return taken


def _event(number: int) -> dict[str, object]:
    now = written(datetime.now(UTC))
    return {
        "type": "order.line",
        "event_id": f"e{number}",
        "occurred_at": now,
        "platform": "douyin",
        "shop_id": f"shop-{number % 20}",
        "parent_order_id": f"o{number // 2}",
        "line_id": f"l{number}",
        "status": "paid",
        "ordered_at": now,
        "paid_at": now,
        "currency": "CNY",
        "qty": 1,
        "paid_fen": 129900,
        "merchant_sku": f"SKU-{number % 500}",
        "room_id": f"room-{number % 50}",
        "traffic": "live",
    }
