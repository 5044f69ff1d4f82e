"""One evening as the outside lives it: over HTTP, with keys, signed pushes and a webhook receiver.

Every call that changes something carries an Idempotency-Key and is sent again until it is answered,
as a careful client does; so the same walk serves the quiet evening and the one with kills.
"""

import json
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from standardwebhooks import Webhook

from tests.fakes.receiver import Receiver
from tests.product import Product

GOODS = (("XJ-01", 99_900), ("XJ-02", 129_900), ("XJ-03", 19_900))


@dataclass
class Answer:
    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Evening:
    """What was made, pushed and heard so far."""

    product: Product
    receiver: Receiver
    keys: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    connector_secret: str = ""
    webhook_secret: str = ""
    pushed: list[bytes] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    refunds: list[dict[str, Any]] = field(default_factory=list)

    # -- calls

    def call(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One API call as `who`, repeated while the product is down for a moment (at most 40 s)."""
        sent = {"Content-Type": "application/json", "Accept-Language": "en", **headers}
        if who:
            sent["Authorization"] = f"Bearer {self.keys[who]}"
        if method == "POST" and "webhook-id" not in sent:
            sent.setdefault("Idempotency-Key", str(uuid.uuid4()))
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        until = time.monotonic() + 40
        while True:
            answer = self._once(method, path, data, sent)
            busy = answer is None or answer.status in (500, 502, 503) or _in_progress(answer)
            if not busy or time.monotonic() > until:
                assert answer is not None, f"no answer to {method} {path}"
                return answer
            time.sleep(0.2)

    def _once(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Answer | None:
        request = urllib.request.Request(f"{self.product.url}/api/v1{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as got:
                return Answer(got.status, _json(got.read()), dict(got.headers))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _json(error.read()), dict(error.headers))
        except OSError:
            return None

    def make(self, kind: str, name: str, body: dict[str, Any]) -> str:
        """POST a thing as admin; its id is kept under `name`."""
        answer = self.call("admin", "POST", f"/{kind}", body)
        assert answer.status == 201, answer
        self.ids[name] = answer.body["id"]
        return self.ids[name]

    # -- the walk

    def set_the_stage(self) -> None:
        """Keys, parties, a line of goods, the agency's endpoint."""
        self.keys["admin"] = self._key("--role", "admin")["key"]
        self.make("studios", "studio", {"name": "直播间 A", "name_en": "Studio A"})
        self.make("studios", "studio_b", {"name": "直播间 B"})
        brand = self.make("brands", "brand", {"name": "辛皮记"})
        self.make("brands", "other_brand", {"name": "束兰皮业"})
        agency = self.make("agencies", "agency", {"name": "星桥传媒"})
        host = self.make("hosts", "host", {"name": "南星", "agency_id": agency})
        self.make("hosts", "in_house", {"name": "老皮匠", "kind": "in_house"})
        self.make(
            "shops",
            "shop",
            {"name": "旗舰店", "platform": "douyin", "external_id": "4463801", "brand_id": brand},
        )
        self.make(
            "platform-accounts",
            "account",
            {"name": "南星直播间", "platform": "douyin", "external_id": "800000000007", "host_id": host},
        )
        for sku, price in GOODS:
            self.make(
                "products",
                sku,
                {"brand_id": brand, "sku": sku, "name": f"皮衣 {sku}", "price_fen": price * 3 // 2},
            )
        self.make(
            "campaigns",
            "campaign",
            {"name": "双十一返场", "target_paid_fen": 10_000_000, "brand_ids": [brand]},
        )
        self.keys["brand"] = self._key("--role", "brand", "--brand", brand)["key"]
        self.keys["other_brand"] = self._key("--role", "brand", "--brand", self.ids["other_brand"])["key"]
        self.keys["agency"] = self._key("--role", "agency", "--agency", agency)["key"]
        made = self._key("--role", "connector")
        self.keys["connector"] = made["key"]
        self.ids["connector"], self.connector_secret = made["connector_id"], made["secret"]
        endpoint = self.call(
            "agency", "POST", "/webhook-endpoints", {"url": f"{self.receiver.url}/hook", "event_types": ["*"]}
        )
        assert endpoint.status == 201, endpoint
        self.webhook_secret = endpoint.body["secret"]

    def _key(self, *words: str) -> dict[str, str]:
        done = self.product.command("keys", "create", *words, "--name", "evening", "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, str] = json.loads(done.stdout)
        return found

    def booking(self, **changed: Any) -> dict[str, Any]:
        starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=2)
        return {
            "title": "返场专场",
            "studio_id": self.ids["studio"],
            "brand_ids": [self.ids["brand"]],
            "starts_at": starts_at.isoformat(),
            "ends_at": (starts_at + timedelta(hours=3)).isoformat(),
            "campaign_id": self.ids["campaign"],
            "channels": [
                {"platform": "douyin", "platform_account_id": self.ids["account"], "room_ids": ["7301"]}
            ],
            "participants": [{"host_id": self.ids["host"]}],
            "lineup": [{"product_id": self.ids[sku], "live_price_fen": price} for sku, price in GOODS],
            **changed,
        }

    def book(self) -> Answer:
        """A session that starts in two minutes."""
        answer = self.call("admin", "POST", "/sessions", self.booking(override={"reason": "加场"}))
        assert answer.status == 201, answer
        self.ids["session"] = answer.body["id"]
        return answer

    def verb(self, who: str, verb: str, **body: Any) -> Answer:
        answer = self.call(who, "POST", f"/sessions/{self.ids['session']}/{verb}", body)
        assert answer.status == 200, (verb, answer)
        return answer

    def session(self, who: str = "admin") -> dict[str, Any]:
        answer = self.call(who, "GET", f"/sessions/{self.ids['session']}")
        assert answer.status == 200, answer
        found: dict[str, Any] = answer.body
        return found

    # -- sales

    def push(self, events: list[dict[str, Any]]) -> dict[str, Any]:
        """Push events signed as Standard Webhooks asks, and keep the bytes to send them again."""
        body = json.dumps({"events": events}).encode()
        self.pushed.append(body)
        return self.push_bytes(body)

    def push_bytes(self, body: bytes) -> dict[str, Any]:
        message, now = f"msg_{uuid.uuid4().hex}", datetime.now(UTC)
        signature = Webhook(self.connector_secret).sign(message, now, body.decode())
        answer = self.call(
            "",
            "POST",
            f"/ingest/{self.ids['connector']}/events",
            body,
            **{
                "webhook-id": message,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": signature,
            },
        )
        assert answer.status == 200, answer
        found: dict[str, Any] = answer.body
        return found

    def room(self, kind: str) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat()
        return self.push(
            [self._event(f"room.{kind}", f"room-{kind}", room_id="7301", author_id="800000000007", at=now)]
        )

    def sell(self, number: int) -> dict[str, Any]:
        """One order line, paid now."""
        sku, price = GOODS[number % len(GOODS)]
        now = datetime.now(UTC).isoformat()
        line = self._event(
            "order.line",
            f"L{number}-paid",
            line_id=f"L{number}",
            parent_order_id=f"P{number // 2}",
            status="paid",
            ordered_at=now,
            paid_at=now,
            currency="CNY",
            qty=1,
            order_fen=price,
            paid_fen=price,
            merchant_sku=sku,
            room_id="7301",
            author_id="800000000007",
            traffic="live",
        )
        self.lines.append(line)
        return line

    def give_back(self, number: int, part: int = 1) -> dict[str, Any]:
        """A refund of 1/part of a line, before shipping."""
        now = datetime.now(UTC).isoformat()
        line = next(line for line in self.lines if line["line_id"] == f"L{number}")
        refund = self._event(
            "refund",
            f"R{number}",
            refund_id=f"R{number}",
            line_id=f"L{number}",
            refund_type="refund_only",
            stage="pre_ship",
            status="success",
            currency="CNY",
            amount_fen=line["paid_fen"] // part,
            qty=1 if part == 1 else 0,
            succeeded_at=now,
        )
        self.refunds.append(refund)
        return refund

    def _event(self, kind: str, event_id: str, **fields: Any) -> dict[str, Any]:
        return {
            "type": kind,
            "event_id": event_id,
            "occurred_at": datetime.now(UTC).isoformat(),
            "platform": "douyin",
            "shop_id": "4463801",
            **fields,
        }

    @property
    def expected(self) -> dict[str, int]:
        """What the session must have sold, added up from what was pushed."""
        paid = sum(line["paid_fen"] for line in self.lines)
        back = sum(refund["amount_fen"] for refund in self.refunds)
        return {
            "paid_gmv_fen": paid,
            "refund_fen": back,
            "net_gmv_fen": paid - back,
            "lines": len(self.lines),
            "units": len(self.lines),
            "orders": len({line["parent_order_id"] for line in self.lines}),
        }

    def sales(self, who: str = "brand") -> dict[str, Any]:
        answer = self.call(who, "GET", f"/sessions/{self.ids['session']}/sales")
        assert answer.status == 200, answer
        found: dict[str, Any] = answer.body
        return found

    # -- webhooks

    def heard(self) -> list[dict[str, Any]]:
        """What the agency's receiver got, each verified by the public library, once per webhook-id."""
        seen: dict[str, dict[str, Any]] = {}
        for request in self.receiver.on("/hook"):
            body = Webhook(self.webhook_secret).verify(request.body.decode(), request.headers)
            seen.setdefault(request.headers["webhook-id"], body)
        return list(seen.values())

    def wait_to_hear(self, wanted: str, seconds: float = 30) -> None:
        """Until an event of that type came; fails after `seconds`."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if Counter(event["type"] for event in self.heard())[wanted]:
                return
            time.sleep(0.1)
        raise AssertionError(f"{wanted} was not heard: {[event['type'] for event in self.heard()]}")


def wait_for(what: Any, seconds: float, why: str) -> Any:
    """The first truthy answer of `what()`; fails after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < until, why
        time.sleep(0.1)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw


def _in_progress(answer: Answer) -> bool:
    return answer.status == 409 and isinstance(answer.body, dict) and answer.body.get("code") == "in_progress"
