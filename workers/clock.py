"""The clock's Celery app: it names what is due and knows no task, so that it starts in a moment."""

from typing import Any

from celery import Celery
from celery.signals import beat_init

from campaign.kit import queue
from config.periodic import PERIODIC
from workers.queues import connected


def begin_at_once(**_signal: Any) -> None:
    """Beat waits a whole turn before it first sends; what fell due while it was away should not."""
    for name in PERIODIC:
        queue.nudge(name)


def make() -> Celery:
    """The app that `celery beat` runs."""
    celery = connected()
    queue.use(queue.for_broker(celery.conf.broker_url))
    beat_init.connect(begin_at_once)
    return celery


app = make()
