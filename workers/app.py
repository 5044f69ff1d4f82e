"""The worker's Celery app: every task, on parts joined once per process."""

from celery import Celery
from celery.signals import worker_process_init

from workers import task
from workers.queues import SUBJECTS, connected


def make() -> Celery:
    """The app that `celery worker` runs."""
    celery = connected([f"workers.{name}" for name in SUBJECTS])
    worker_process_init.connect(task.join_parts)
    worker_process_init.connect(task.give_way)
    worker_process_init.connect(task.settle_memory)
    return celery


app = make()
