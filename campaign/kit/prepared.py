"""Statements stay prepared when a transaction is undone.

psycopg forgets what it has prepared at every ROLLBACK, in case the transaction made or dropped what a statement speaks
of. Ours do neither, and PostgreSQL itself looks a statement over again when a table under it has changed. A refusal is
a ROLLBACK here, and planning anew is half of what the server does in a booking (decision 53).
"""

import re
from collections.abc import Sequence
from typing import Any

from psycopg import Connection
from psycopg._preparing import Prepare, PrepareManager
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

MOST = 300
"""Statements kept per connection: a process of the product has about 250 that come again and again."""

_OBJECTS_CHANGED = re.compile(rb"^(?:DROP|ALTER|DISCARD ALL|DEALLOCATE ALL)\b")


class KeptStatements(PrepareManager):
    """Forgets when objects change, and not when a transaction or savepoint is rolled back."""

    prepared_max = MOST

    def clear(self) -> bool:
        """What psycopg calls at a rollback: nothing is forgotten."""
        return False

    def _should_discard(self, _prep: Prepare, results: Sequence[PGresult], *_: Any) -> bool:
        told = (one.command_status for one in results if one.status == ExecStatus.COMMAND_OK)
        changed = any(status and _OBJECTS_CHANGED.match(status) for status in told)
        return super().clear() if changed else False


def keep_prepared(connection: "Connection[Any]") -> None:
    """Make a connection keep its statements; for one that has not prepared any yet."""
    connection._prepared = KeptStatements()
