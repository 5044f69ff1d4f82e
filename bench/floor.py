"""Shows on air whose shops push: the ground of the benches `live` and `flash`, and a client that comes back."""

import asyncio
import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg

from bench.pushing import PATH
from bench.serving import KEY
from campaign.accounts.actions import Scope, create_key
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.kit.instants import written

ROOMS = 50
SHOPS = 20
_MOST_TRIES = 200

_FILL = """
INSERT INTO brand (name) VALUES ('辛皮记');
INSERT INTO product (brand_id, sku, name, price_fen) SELECT b.id, 'SKU-' || n, '皮衣 ' || n, 129900
  FROM brand b, generate_series(0, 499) n;
INSERT INTO shop (platform, external_id, name, brand_id) SELECT 'douyin', 'shop-' || n, '店铺 ' || n, b.id
  FROM brand b, generate_series(0, %(shops)s - 1) n;
INSERT INTO studio (name) SELECT '直播间 ' || n FROM generate_series(0, %(rooms)s - 1) n;
INSERT INTO live_session (title, studio_id, state, starts_at, ends_at, actual_starts_at, start_evidence, brand_ids)
  SELECT '专场 ' || s.id, s.id, 'live', now() - interval '1 hour', now() + interval '3 hours',
         now() - interval '1 hour', 'platform', ARRAY[b.id] FROM studio s, brand b ORDER BY s.id;
INSERT INTO session_brand (session_id, brand_id, position) SELECT s.id, b.id, 1 FROM live_session s, brand b;
INSERT INTO session_channel (session_id, platform, room_ids)
  SELECT id, 'douyin', ARRAY['room-' || (row_number() OVER (ORDER BY id) - 1)] FROM live_session;
"""


@dataclass
class Floor:
    """The sessions by room, and the keys of who pushes and of who looks."""

    sessions: list[int]
    pusher: str
    viewer: str


def fill(url: str) -> None:
    """Fifty shows that began an hour ago, twenty shops of one brand; nothing is sold yet."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_literal(_FILL))


def _literal(sql: str) -> bytes:
    return (sql % {"shops": SHOPS, "rooms": ROOMS}).encode()


def opened(url: str) -> Floor:
    """Who is on air, with new keys."""
    database = Database.connect(url, pool_size=1)
    with database.transaction(SYSTEM) as db:
        pusher = create_key(db, SYSTEM, secret_key=KEY.encode(), name="bench push", scope=Scope("connector"))
        scope = Scope("hub", None, None, None, "manager")
        viewer = create_key(db, SYSTEM, secret_key=KEY.encode(), name="bench view", scope=scope)
    database.dispose()
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT id FROM live_session ORDER BY id").fetchall()
    return Floor([row[0] for row in rows], pusher.key, viewer.key)


def line(room: int, number: int, sku: int) -> dict[str, object]:
    """An order of one line, sold and paid now."""
    now = written(datetime.now(UTC))
    return {
        "type": "order.line",
        "event_id": f"e{room}-{number}",
        "occurred_at": now,
        "platform": "douyin",
        "shop_id": f"shop-{room % SHOPS}",
        "parent_order_id": f"o{room}-{number}",
        "line_id": f"l{room}-{number}",
        "status": "paid",
        "ordered_at": now,
        "paid_at": now,
        "currency": "CNY",
        "qty": 1,
        "paid_fen": 129900,
        "merchant_sku": f"SKU-{sku}",
        "room_id": f"room-{room}",
        "traffic": "live",
    }


def refund(room: int, number: int) -> dict[str, object]:
    """All of an order back, before it was shipped."""
    now = written(datetime.now(UTC))
    return {
        "type": "refund",
        "event_id": f"r{room}-{number}",
        "occurred_at": now,
        "platform": "douyin",
        "shop_id": f"shop-{room % SHOPS}",
        "refund_id": f"r{room}-{number}",
        "line_id": f"l{room}-{number}",
        "refund_type": "refund_only",
        "stage": "pre_ship",
        "status": "success",
        "currency": "CNY",
        "amount_fen": 129900,
        "applied_at": now,
        "succeeded_at": now,
    }


@dataclass
class Pusher:
    """One kept connection that pushes; a 503 is taken up again after its Retry-After, whatever else is a fault."""

    port: int
    key: str
    refused: int = 0
    waits: list[float] = field(default_factory=list)

    async def push(self, events: Iterable[dict[str, object]]) -> float:
        """Gives the moment of the answer that said that all of them are durable."""
        body = json.dumps({"events": list(events)}).encode()
        head = f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self.key}\r\n"
        request = (
            f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        )
        for _ in range(_MOST_TRIES):
            began = time.monotonic()
            status, headers = await self._ask(request)
            if status == 200:
                self.waits.append(time.monotonic() - began)
                return time.monotonic()
            if status != 503:
                raise RuntimeError(f"answered with {status}")
            self.refused += 1
            told = re.search(rb"retry-after: *(\d+)", headers, re.IGNORECASE)
            if told is None:
                raise RuntimeError("503 without Retry-After")
            await asyncio.sleep(int(told[1]))
        raise RuntimeError("never taken in")

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        if not hasattr(self, "_streams"):
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        writer.write(request)
        headers = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", headers, re.IGNORECASE)
        answer = await reader.readexactly(int(length[1]) if length else 0)
        status = int(headers[9:12])
        if status == 200 and json.loads(answer)["rejected"]:
            raise RuntimeError(f"rejected: {answer[:300]!r}")
        return status, headers

    def close(self) -> None:
        if hasattr(self, "_streams"):
            self._streams[1].close()
