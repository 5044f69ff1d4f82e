"""The one way to register a task: by name, on its own parts, with nothing that matters in its arguments."""

import os
from collections.abc import Callable
from typing import Any

import structlog
from celery import shared_task

from campaign.kit.collector import spare_the_collector
from campaign.kit.parts import Parts
from campaign.wiring import wire
from config.settings import load

log = structlog.get_logger(__name__)

YIELDS = 5
"""Niceness of workers: on two cores a backlog of sales must not slow the pages down."""

_parts: Parts | None = None


def parts() -> Parts:
    """The joined parts of this worker process."""
    return join_parts()


def join_parts(**_signal: Any) -> Parts:
    """Wire once per process: a pool made before the fork would be shared by the children."""
    global _parts  # noqa: PLW0603 - one per process
    if _parts is None:
        _parts = wire(load())
    return _parts


def give_way(**_signal: Any) -> None:
    """Let pages and pushes go before what can wait a moment."""
    os.nice(YIELDS)


def settle_memory(**_signal: Any) -> None:
    """A full collection walks all modules for 0.15 s and more, in the middle of a sale's way to the page."""
    spare_the_collector()


def use(given: Parts | None) -> None:
    """For tests: run tasks on these parts."""
    global _parts  # noqa: PLW0603
    _parts = given


def task(name: str) -> Callable[[Callable[[Parts], Any]], Any]:
    """Register `body(parts)` under `name`. Nudges may come at any time and twice: bodies must not care.

    The wrapper takes no arguments because Celery compares what is sent with the registered signature.
    """

    def decorate(body: Callable[[Parts], Any]) -> Any:
        def run() -> None:
            done = body(parts())
            if done:
                log.info("task", task=name, done=done)

        run.__name__ = body.__name__
        run.__doc__ = body.__doc__
        run.__module__ = body.__module__
        return shared_task(name=name)(run)

    return decorate
