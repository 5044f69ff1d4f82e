"""Waking the workers: many asks become few turns, and none waits for the broker."""

import time

from campaign.kit import redis
from campaign.kit.queue import Nudger


def sent(redis_url: str, queue: str) -> int:
    client = redis.connect(redis_url)
    try:
        return int(client.llen(queue))
    finally:
        client.close()


def test_a_hundred_asks_wake_the_worker_a_few_times(redis_url: str) -> None:
    nudger = Nudger(redis_url)
    began = time.monotonic()
    for _ in range(100):
        nudger.nudge("sales.fold")
        time.sleep(0.002)
    asked_seconds = time.monotonic() - began
    time.sleep(0.3)
    # One turn each 50 ms, the first and the last among them.
    assert 2 <= sent(redis_url, "sales") <= asked_seconds / 0.05 + 2


def test_tasks_of_two_names_are_both_sent(redis_url: str) -> None:
    nudger = Nudger(redis_url)
    nudger.nudge("sales.fold")
    nudger.nudge("delivery.sweep")
    time.sleep(0.5)
    assert (sent(redis_url, "sales"), sent(redis_url, "delivery")) == (1, 1)


def test_a_broker_that_is_away_costs_the_asker_nothing() -> None:
    nudger = Nudger("redis://127.0.0.1:9/0")
    began = time.monotonic()
    for _ in range(1000):
        nudger.nudge("sales.fold")
    assert time.monotonic() - began < 1
