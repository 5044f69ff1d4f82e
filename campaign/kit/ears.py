"""Waiting for something to come, without a database connection in hand: one ear per process, woken by NOTIFY.

What is heard is only a hint. Who waits asks again when it hears, and every few seconds anyway: a lost connection, a
lost word or a restart make an answer later and never wrong.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import psycopg
import structlog

from campaign.kit.errors import Unavailable

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

ASK_AGAIN_SECONDS = 5.0
COME_BACK_SECONDS = 1.0
IDLE_SECONDS = 30.0
"""So often the ear looks whether anybody still waits; where nobody does it lets go of its connection."""

MOST_WAITING = 8
"""A quarter of a web process's threads (config.processes): who waits must not keep others from their pages."""


class Ears:
    """Listens on one channel. A payload names topics, with commas between; an empty one means all of them."""

    def __init__(self, url: str, channel: str, *, most: int = MOST_WAITING) -> None:
        self._url = url
        self._channel = channel
        self._places = threading.BoundedSemaphore(most)
        self._said: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._listening = False
        self._waiting = 0

    def until(
        self, topic: str | None, seconds: float, ask: Callable[[], Result], found: Callable[[Result], bool]
    ) -> Result:
        """Ask, and again whenever `topic` (None: any) is spoken of, until it is `found` or the time is over.

        Gives what was asked last. Raises Unavailable when as many wait as may.
        """
        end = time.monotonic() + seconds
        # Heard before asking: what comes in between is asked for once more.
        heard = self._heard(topic)
        result = ask()
        if found(result) or seconds <= 0:
            return result
        if not self._places.acquire(blocking=False):
            raise Unavailable("too_many_wait", retry_after=5)
        self._come()
        try:
            while (left := end - time.monotonic()) > 0 and not found(result):
                self._wait(topic, heard, min(left, ASK_AGAIN_SECONDS))
                heard = self._heard(topic)
                result = ask()
        finally:
            self._go()
            self._places.release()
        return result

    def _heard(self, topic: str | None) -> int:
        with self._changed:
            return self._count(topic)

    def _count(self, topic: str | None) -> int:
        return self._said.total() if topic is None else self._said[topic] + self._said[""]

    def _wait(self, topic: str | None, heard: int, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._count(topic) != heard, seconds)

    def _say(self, payload: str) -> None:
        with self._changed:
            self._said.update(payload.split(","))
            self._changed.notify_all()

    def _come(self) -> None:
        with self._changed:
            self._waiting += 1
            if self._listening:
                return
            self._listening = True
        threading.Thread(target=self._keep_listening, name=f"ears {self._channel}", daemon=True).start()

    def _go(self) -> None:
        with self._changed:
            self._waiting -= 1

    def _is_over(self) -> bool:
        """Nobody waits any more: the next who does listens anew."""
        with self._changed:
            self._listening = self._waiting > 0
            return not self._listening

    def _keep_listening(self) -> None:
        while not self._is_over():
            try:
                with psycopg.connect(
                    self._url, autocommit=True, connect_timeout=5, application_name="xinji-live ears"
                ) as connection:
                    connection.execute(f"LISTEN {self._channel}")
                    self._say("")  # whatever was said while nobody listened
                    while not self._is_over():
                        for notice in connection.notifies(timeout=IDLE_SECONDS):
                            self._say(notice.payload)
            except psycopg.Error as error:
                log.warning("ears_lost", channel=self._channel, error=str(error).strip()[:200])
                time.sleep(COME_BACK_SECONDS)
