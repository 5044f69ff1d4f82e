"""A client that costs little: requests made beforehand, sent one after another over kept connections."""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import cast

from campaign.kit.instants import written

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
PATH = "/api/v1/ingest/events"


def body(first: int, size: int, named: Callable[[int], str] = str) -> bytes:
    """`size` order lines, numbered from `first` on, that were never told before; `named` gives their ids."""
    events = [_event(number, named(number)) for number in range(first, first + size)]
    return json.dumps({"events": events}).encode()


def request(body: bytes, key: str = "none") -> bytes:
    """The POST of a body as it goes over the wire."""
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def answered(port: int, requests: Iterator[bytes], *, clients: int, seconds: float) -> float:
    """Answers a second. Raises when one is not 200, or when there were not enough requests."""
    return asyncio.run(_drive(port, requests, clients, seconds))


async def _drive(port: int, requests: Iterator[bytes], clients: int, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    statuses: Counter[bytes] = Counter()
    began = time.monotonic()
    opened = [
        await loop.create_connection(
            lambda: _Client(requests, began + seconds, statuses), host="127.0.0.1", port=port
        )
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.closed for _, client in opened))
    taken = time.monotonic() - began
    if set(statuses) != {b"200"}:
        raise RuntimeError(f"not all were answered with 200: {dict(statuses)}")
    return statuses[b"200"] / taken


class _Client(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], until: float, statuses: "Counter[bytes]") -> None:
        self._requests = requests
        self._until = until
        self._statuses = statuses
        self._read = b""
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, found, rest = self._read.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or length is None or len(rest) < int(length[1]):
            return
        self._statuses[head[9:12]] += 1
        self._read = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._statuses[b"lost"] += 1
        self.closed.set_result(None)

    def _send(self) -> None:
        following = next(self._requests, None) if time.monotonic() < self._until else b""
        if following is None:
            self._statuses[b"none left"] += 1
        if following:
            self._transport.write(following)
        else:
            self._transport.close()


def _event(number: int, name: str) -> dict[str, object]:
    now = written(datetime.now(UTC))
    return {
        "type": "order.line",
        "event_id": f"e{name}",
        "occurred_at": now,
        "platform": "douyin",
        "shop_id": f"shop-{number % 20}",
        "parent_order_id": f"o{number // 2}",
        "line_id": f"l{name}",
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
