"""Waking the workers. A nudge is a hint without arguments; losing all of them loses no work."""

import queue
import threading
import time
from functools import lru_cache

import structlog
from celery import Celery

log = structlog.get_logger(__name__)

# A black-holed broker held a sender for over 60 s; with these a send gives up after 0.2 s.
_FAST_FAIL = {
    "socket_timeout": 0.2,
    "socket_connect_timeout": 0.2,
    "max_retries": 0,
    "interval_start": 0,
    "interval_step": 0,
}


_PACE_SECONDS = 0.05
"""The same task is woken at most so often: one turn does all that waits, and a turn costs more than a push."""


class Nudger:
    """Sends task names from one thread over a bounded queue, so that no request waits for the broker."""

    def __init__(self, broker_url: str) -> None:
        self._celery = Celery("nudges", broker=broker_url, set_as_current=False)
        self._celery.conf.update(
            broker_transport_options=_FAST_FAIL,
            broker_connection_timeout=0.5,
            task_ignore_result=True,
            result_backend=None,
        )
        self._names: queue.Queue[str] = queue.Queue(maxsize=256)
        self._waiting: set[str] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._sent_at: dict[str, float] = {}

    def nudge(self, name: str) -> None:
        """Ask that task `name` runs soon. Never blocks, never raises; several asks become one."""
        with self._lock:
            if name in self._waiting:
                return
            # Started on first use: a thread made before a server forks would not live in the child.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._send_all, name="nudger", daemon=True)
                self._thread.start()
            try:
                self._names.put_nowait(name)
                self._waiting.add(name)
            except queue.Full:
                log.warning("nudge_dropped", task=name)

    def _send_all(self) -> None:
        while True:
            name = self._names.get()
            # Asks that come while it is held back become this one. A first ask is not held back.
            time.sleep(max(0.0, self._sent_at.get(name, 0.0) + _PACE_SECONDS - time.monotonic()))
            self._sent_at[name] = time.monotonic()
            with self._lock:
                self._waiting.discard(name)
            try:
                self._celery.send_task(name, queue=name.split(".")[0], retry=False, ignore_result=True)
            except Exception as error:  # noqa: BLE001 - whatever the broker does, beat sweeps
                log.warning("nudge_failed", task=name, error=type(error).__name__)


_current: Nudger | None = None


def use(nudger: Nudger | None) -> None:
    """Name the nudger of this process (wiring); None switches nudges off (tests, one-off commands)."""
    global _current  # noqa: PLW0603 - one per process
    _current = nudger


def nudge(name: str) -> None:
    """Ask that task `name` runs soon; does nothing where no broker was wired."""
    if _current is not None:
        _current.nudge(name)


@lru_cache(maxsize=4)
def for_broker(broker_url: str) -> Nudger:
    return Nudger(broker_url)
