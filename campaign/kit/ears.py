"""Waiting for something to come, without a database connection in hand: one ear per process for all who wait.

What is heard is only a hint. Who waits asks again when it hears, and every few seconds anyway: a lost connection, a
lost word or a restart make an answer later and never wrong.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import ClassVar, Protocol, TypeVar

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
"""Of a web process's threads (config.processes): who waits must not keep others from their pages."""


class Shares(Protocol):
    """How many may wait for one topic (kit.shares)."""

    def held(self, who: str, seconds: float) -> AbstractContextManager[None]:
        """A place for the length of the block, or an error where they are taken."""


class Ears(ABC):
    """Who waits for what is spoken of. A payload names topics, with commas between; an empty one means all of them.

    What is listened to is a subclass's: it says what it hears until it is over, and raises one of `lost` when it
    cannot listen any more.
    """

    lost: ClassVar[tuple[type[Exception], ...]] = ()

    def __init__(self, name: str, *, most: int = MOST_WAITING) -> None:
        self._name = name
        self._places = threading.BoundedSemaphore(most)
        self._said: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._listening = False
        self._waiting = 0
        # Told once, until they hear again: a server may be away for long.
        self._is_lost = False

    def until(
        self,
        topic: str | None,
        seconds: float,
        ask: Callable[[], Result],
        found: Callable[[Result], bool],
        *,
        shares: Shares | None = None,
    ) -> Result:
        """Ask, and again whenever `topic` (None: any) is spoken of, until it is `found` or the time is over.

        Gives what was asked last. Raises Unavailable when as many wait as may, ShareTaken when as many of this topic
        do as its `shares` allow.
        """
        end = time.monotonic() + seconds
        # Heard before asking: what comes in between is asked for once more.
        heard = self.heard(topic)
        result = ask()
        if found(result) or seconds <= 0:
            return result
        mine = nullcontext() if shares is None else shares.held(topic or "", seconds)
        with mine, self.place():
            while (left := end - time.monotonic()) > 0 and not found(result):
                self.wait(topic, heard, min(left, ASK_AGAIN_SECONDS))
                heard = self.heard(topic)
                result = ask()
        return result

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place among those who wait, for the length of the block. Raises Unavailable when all are taken."""
        leave = self.take_place()
        try:
            yield
        finally:
            leave()

    def take_place(self) -> Callable[[], None]:
        """The same for who cannot use a block: gives what leaves the place again, however often it is called."""
        if not self._places.acquire(blocking=False):
            raise Unavailable("too_many_wait", retry_after=5)
        self._come()
        left = threading.Lock()

        def leave() -> None:
            if left.acquire(blocking=False):
                self._go()
                self._places.release()

        return leave

    def heard(self, topic: str | None) -> int:
        """How often a topic was spoken of: to be remembered before asking, and waited upon."""
        with self._changed:
            return self._count(topic)

    def wait(self, topic: str | None, heard: int, seconds: float) -> bool:
        """Until more was said than `heard`; whether it was."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count(topic) != heard, seconds)

    def _count(self, topic: str | None) -> int:
        return self._said.total() if topic is None else self._said[topic] + self._said[""]

    def _say(self, payload: str) -> None:
        if self._is_lost:
            self._is_lost = False
            log.warning("ears_back", channel=self._name)
        with self._changed:
            self._said.update(payload.split(","))
            self._changed.notify_all()

    def _come(self) -> None:
        with self._changed:
            self._waiting += 1
            if self._listening:
                return
            self._listening = True
        threading.Thread(target=self._keep_listening, name=f"ears {self._name}", daemon=True).start()

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
                self._listen()
            except self.lost as error:
                if not self._is_lost:
                    self._is_lost = True
                    log.warning("ears_lost", channel=self._name, error=str(error).strip()[:200])
                time.sleep(COME_BACK_SECONDS)

    @abstractmethod
    def _listen(self) -> None:
        """Say what is heard, beginning with an empty word, until it is over."""


class DatabaseEars(Ears):
    """Listens on one channel of the database: NOTIFY speaks."""

    lost = (psycopg.Error,)

    def __init__(self, url: str, channel: str, *, most: int = MOST_WAITING) -> None:
        super().__init__(channel, most=most)
        self._url = url

    def _listen(self) -> None:
        with psycopg.connect(
            self._url, autocommit=True, connect_timeout=5, application_name="xinji-live ears"
        ) as connection:
            connection.execute(f"LISTEN {self._name}")
            self._say("")  # whatever was said while nobody listened
            while not self._is_over():
                for notice in connection.notifies(timeout=IDLE_SECONDS):
                    self._say(notice.payload)
