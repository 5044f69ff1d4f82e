"""PostgreSQL's own programs, as they come with the embedded server."""

import os
import subprocess
from typing import Any

from campaign.cli.embedded import home
from campaign.cli.faults import CommandFault


def environ_of(database_url: str) -> dict[str, str]:
    """The address as libpq reads it from the environment: on a command line everybody could read the password."""
    from psycopg.conninfo import conninfo_to_dict

    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
    }
    given = conninfo_to_dict(database_url)
    return {**os.environ, **{names[name]: str(value) for name, value in given.items() if name in names}}


def command(program: str, *words: str) -> list[str]:
    """The words that run one of them."""
    return [str(home.postgres_programs() / program), *words]


def finished(doing: str, done: "subprocess.CompletedProcess[Any]") -> None:
    """Raises CommandFault with the program's last line when it failed."""
    if done.returncode != 0:
        said = (done.stderr or b"").decode(errors="replace").strip().splitlines() or [
            f"status {done.returncode}"
        ]
        raise CommandFault(f"{doing} failed: {said[-1]}")
