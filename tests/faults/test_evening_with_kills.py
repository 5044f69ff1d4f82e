"""The same evening while parts are killed with kill -9: nothing lost, nothing twice, figures equal to the fen."""

import os
import signal
import threading
import time
from collections import Counter
from contextlib import suppress

import pytest

from tests.e2e.evening import Evening, wait_for
from tests.fakes.receiver import Receiver
from tests.product import Product, started

pytestmark = pytest.mark.timeout(300)

KILLS = ("web", "worker", "sender", "clock", "valkey", "postgres") * 2 + ("web", "sender", "postgres")
"""15, spread over all six parts."""


class Killer:
    """Kills one part after the other, with pauses in which the product mends itself."""

    def __init__(self, product: Product, pause: float) -> None:
        self.product, self.pause, self.done = product, pause, Counter[str]()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Killer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(180)

    def finished(self) -> bool:
        return not self._thread.is_alive()

    def _run(self) -> None:
        for part in KILLS:
            time.sleep(self.pause)
            before = self.product.pid(part)
            with suppress(ProcessLookupError):
                os.kill(before, signal.SIGKILL)
                self.done[part] += 1


def sell_until(evening: Evening, killer: Killer) -> None:
    """Keep pushing sales, refunds and repeats until the last kill is done."""
    number = 0
    while not killer.finished() or number < 60:
        evening.push([evening.sell(number + place) for place in range(5)])
        if number % 10 == 0:
            evening.push([evening.give_back(number), evening.give_back(number + 1, part=2)])
            evening.push_bytes(evening.pushed[number // 10])
        number += 5
        time.sleep(0.2)


def test_an_evening_with_fifteen_kills_ends_exact(tmp_path):
    with (
        Receiver() as receiver,
        started(
            tmp_path / "data", "--port", "0", "--empty", CAMPAIGN_OUTGOING_ALLOW="127.0.0.0/8"
        ) as product,
    ):
        product.wait_until_ready()
        evening = Evening(product, receiver)
        evening.set_the_stage()
        evening.book()
        with Killer(product, pause=2.0) as killer:
            evening.verb("admin", "offer")
            evening.verb("agency", "accept")
            evening.room("started")
            wait_for(lambda: evening.session()["state"] == "live", 60, "not live")
            sell_until(evening, killer)
            evening.room("ended")
        assert killer.done == Counter(KILLS)
        wait_for(lambda: evening.session()["state"] == "ended", 60, "not ended")

        def exact() -> bool:
            totals = evening.sales("admin")["totals"]
            return bool(totals) and {name: totals[0][name] for name in evening.expected} == evening.expected

        wait_for(exact, 60, f"{evening.sales('admin')['totals']} is not {evening.expected}")
        wait_for(lambda: product.command("reconcile").returncode == 0, 60, "raw, SQL and Redis differ")
        _each_transition_once(evening)
        _every_webhook_delivered(evening)


def _each_transition_once(evening: Evening) -> None:
    path = f"/sessions/{evening.ids['session']}/history"
    history = evening.call("admin", "GET", path).body["items"]
    steps = [
        (step["from_state"], step["to_state"]) for step in history if step["from_state"] != step["to_state"]
    ]
    assert Counter(steps).most_common(1)[0][1] == 1, steps
    assert [to for _, to in reversed(steps)][-2:] == ["live", "ended"]


def _every_webhook_delivered(evening: Evening) -> None:
    def waiting() -> list[str]:
        page = evening.call("agency", "GET", "/webhook-deliveries?limit=500").body["items"]
        return [item["state"] for item in page if item["state"] != "delivered"]

    wait_for(lambda: not waiting(), 90, f"not delivered: {waiting()}")
    numbers = [event["data"]["seq"] for event in evening.heard() if event["type"].startswith("session.")]
    assert len(numbers) == len(set(numbers))
    assert {"session.offered", "session.accepted", "session.started", "session.ended"} <= {
        event["type"] for event in evening.heard()
    }
