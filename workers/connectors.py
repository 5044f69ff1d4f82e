"""Asking platforms, in the background: every account that has something to ask, one after the other."""

import time

import structlog

from campaign.connectors import turns
from campaign.connectors.pulling import Asking
from campaign.connectors.pulling import pull as pull_account
from campaign.kit.actor import SYSTEM
from campaign.kit.outgoing import Guard
from campaign.kit.parts import Parts
from workers.task import task

log = structlog.get_logger(__name__)

_TOTAL_SECONDS = 10.0
"""A call may take no longer: a turn must end within its lease and the task's time."""

_TASK_SECONDS = 30.0
"""After this no further account is begun: the next turn of the clock goes on with those that waited longest."""


@task("connectors.pull")
def pull(parts: Parts) -> int:
    """A turn for each account that is due; one that fails keeps no other waiting."""
    settings = parts.settings
    guard = Guard(settings.outgoing_allow, total_seconds=_TOTAL_SECONDS)
    asking = Asking(parts.database, settings.secret_key, guard)
    with parts.database.transaction(SYSTEM, readonly=True) as db:
        due = turns.due_accounts(db, SYSTEM)
    total, ends_at = 0, time.monotonic() + _TASK_SECONDS
    for connector_id in due:
        if time.monotonic() > ends_at:
            break
        try:
            total += pull_account(asking, connector_id)
        except Exception:
            log.exception("pull_failed", connector_id=connector_id)
    return total
