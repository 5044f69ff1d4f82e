"""The database as it was, for tests that commit."""

from sqlalchemy import Connection, text

_MOST_BYTES = 4_000_000

_TABLES = """
SELECT format('%I', relname) FROM pg_class
WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
  AND relname NOT IN ('alembic_version', 'hub')
"""
_USED = """
SELECT format('%I', relname) AS name, pg_relation_size(oid) AS bytes FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
  AND relname NOT IN ('alembic_version', 'hub') AND pg_relation_size(oid) > 0
"""


def empty(connection: Connection) -> None:
    """Leave no row of any table. Truncating makes a thousand files anew: few rows are sooner deleted."""
    tables = ", ".join(connection.scalars(text(_TABLES)))
    # Whoever a test killed may still be writing: what it commits is waited for, and goes too.
    connection.execute(text(f"LOCK TABLE {tables} IN EXCLUSIVE MODE"))
    used = connection.execute(text(_USED)).all()
    if sum(table.bytes for table in used) > _MOST_BYTES:
        connection.execute(text(f"TRUNCATE {tables} CASCADE"))
        return
    # Everything goes: neither references nor triggers need to look.
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    for table in used:
        connection.execute(text(f"DELETE FROM {table.name}"))
