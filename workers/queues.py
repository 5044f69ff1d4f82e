"""The broker as worker and clock see it. SQL is the truth; Celery only wakes (see docs/decisions)."""

from collections.abc import Sequence

from celery import Celery

from config.logging import configure
from config.periodic import PERIODIC
from config.settings import load

SUBJECTS = ("accounts", "connectors", "delivery", "live", "notices", "sales")


def connected(include: Sequence[str] = ()) -> Celery:
    """A Celery app with every setting's reason beside it; `include` names the modules of its tasks."""
    settings = load()
    configure(settings.log_level, as_json=settings.log_json)
    celery = Celery("workers", broker=settings.redis_url, include=list(include))
    celery.conf.update(
        # kill -9 of a busy child lost its task for ever with either of the next two missing.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        # A prefetched task waits behind a slow one, and for the visibility time-out after a kill.
        worker_prefetch_multiplier=1,
        # A broker that blinks must not cancel work that is in a transaction.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # Nobody reads results; keeping them fills Redis.
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        # Tasks must end before the broker hands them to a second worker (300 s > 120 s limit).
        task_time_limit=120,
        task_soft_time_limit=90,
        broker_transport_options={
            # By name, so that the clock goes before notices and sales: fifty shows that begin at once wake
            # their sales fifty times, and the next fifty edges must not wait for that.
            "queue_order_strategy": "sorted",
            "visibility_timeout": 300,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            "socket_timeout": 5,
            "health_check_interval": 10,
        },
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # Leaks end with the child.
        worker_max_tasks_per_child=5000,
        worker_max_memory_per_child=300_000,
        # On SIGTERM finish what runs, then go.
        worker_soft_shutdown_timeout=20,
        worker_hijack_root_logger=False,
        # Our lines go to stderr as they are: taken in by Celery they would be told as warnings around themselves.
        worker_redirect_stdouts=False,
        # A kill -9 of beat re-fires an entry unless the schedule is written each time.
        beat_sync_every=1,
        beat_schedule_filename=str(settings.data_dir / "beat-schedule"),
        beat_max_loop_interval=1,
        # A worker takes from all of them unless told otherwise; a busy subject gets workers of its own.
        task_queues={name: {} for name in SUBJECTS},
        task_routes={f"{name}.*": {"queue": name} for name in SUBJECTS},
        beat_schedule={
            # Expires before its next turn: a queue that stood still must not replay old ticks.
            name: {"task": name, "schedule": every, "options": {"expires": max(1.0, every * 0.9)}}
            for name, every in PERIODIC.items()
        },
        timezone="UTC",
    )
    return celery
