"""Put back what a backup holds, all or nothing. The product must not be running.

    python3 -m campaign restore FILE [--overwrite]

A database that holds anything is left alone unless --overwrite is given: what it holds is lost then. A backup of an
older release is brought up to this one. What Redis held is worked out anew.
"""

import argparse
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from campaign.cli.faults import CommandFault

if TYPE_CHECKING:
    import psycopg

    from campaign.kit.parts import Parts

# A schema made anew lacks what every database gives it at first.
_CLEAR = "DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC"
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
# A connection that was closed a moment ago is still counted.
_LAST_LOOKS = 20
_TABLES = """
    SELECT format('%I', relname) FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
    AND relnamespace = 'public'::regnamespace AND relname NOT IN ('alembic_version', 'hub')
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--overwrite", action="store_true", help="throw away what the database holds")


def run(options: argparse.Namespace) -> int:
    from campaign.cli.place import joined
    from campaign.kit import schema

    _refuse_broken(options.file)
    with joined() as parts:
        parts.database.dispose()
        # Also makes the roles that the backup's rights are given to.
        schema.upgrade(parts.settings.database_url)
        _refuse(parts, overwrite=options.overwrite)
        _put_back(parts.settings.database_url, options.file)
        schema.upgrade(parts.settings.database_url)
        parts.redis.flushdb()
    print(f"{options.file}: put back")
    return 0


def _refuse_broken(file: Path) -> None:
    """Read it to its end first: of one that was cut off, the part that can be read would be put back."""
    from campaign.cli.embedded import programs

    listed = subprocess.run(
        programs.command("pg_restore", "--list", str(file)), capture_output=True, check=False
    )
    words = programs.command("pg_restore", "--file=/dev/null", str(file))
    whole = subprocess.run(words, capture_output=True, check=False)
    if listed.returncode or whole.returncode or b"alembic_version" not in listed.stdout:
        raise CommandFault(f"{file} is no backup of this product that can be read to its end")


def _refuse(parts: "Parts", *, overwrite: bool) -> None:
    import psycopg
    from psycopg.sql import SQL

    with psycopg.connect(parts.settings.database_url) as connection:
        if not any(_is_alone(connection) for _ in range(_LAST_LOOKS)):
            raise CommandFault("the database is in use: stop the product first")
        if overwrite:
            return
        for (table,) in connection.execute(_TABLES).fetchall():
            held = connection.execute(SQL("SELECT EXISTS (SELECT FROM {})").format(SQL(table))).fetchone()
            if held == (True,):
                raise CommandFault(
                    f"the database is not empty ({table}): --overwrite throws away what it holds"
                )


def _is_alone(connection: "psycopg.Connection[Any]") -> bool:
    if connection.execute(_OTHERS).fetchone() == (0,):
        return True
    # The list of connections stays as first seen until the transaction ends.
    connection.rollback()
    time.sleep(0.1)
    return False


def _put_back(database_url: str, file: Path) -> None:
    """One transaction: as it was before, or as the backup says."""
    from campaign.cli.embedded import programs

    environ = programs.environ_of(database_url)
    script = subprocess.Popen(
        programs.command("pg_restore", "--file=-", str(file)), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    words = ("-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-c", _CLEAR, "-f", "-")
    done = subprocess.run(
        programs.command("psql", *words),
        env=environ,
        stdin=script.stdout,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    script.communicate()
    programs.finished("putting it back", done)
