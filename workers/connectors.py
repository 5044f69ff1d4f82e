"""Platforms asked and files carried, in the background: one account, one part of a file after the other."""

import time

import structlog
from sqlalchemy.exc import OperationalError

from campaign.connectors import carrying, turns
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


@task("connectors.carry")
def carry(parts: Parts) -> int:
    """Parts of files that are under way, in turns; what is left comes with the next."""
    done, ends_at = 0, time.monotonic() + _TASK_SECONDS
    while time.monotonic() < ends_at:
        with parts.database.transaction(SYSTEM, readonly=True) as db:
            due = carrying.due_imports(db, SYSTEM)
        carried = sum(_carried(parts, import_id) for import_id in due)
        if not carried:
            break
        done += carried
    return done


def _carried(parts: Parts, import_id: int) -> int:
    try:
        with parts.database.transaction(SYSTEM) as db:
            return int(carrying.carry(db, SYSTEM, import_id) is not None)
    except OperationalError:
        raise  # the database is away or locks crossed: nothing is wrong with the file
    except Exception:
        log.exception("carry_failed", import_id=import_id)
    with parts.database.transaction(SYSTEM) as db:
        carrying.note_failure(db, SYSTEM, import_id)
    return 0
