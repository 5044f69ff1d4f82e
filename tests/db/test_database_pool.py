"""A pooled connection that died is replaced without anybody noticing; a database that is away is said to be."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.kit.errors import Unavailable


@pytest.fixture
def pooled(servers):
    database = Database.connect(servers.database_url, pool_size=2)
    yield database
    database.dispose()


def _backend(database: Database) -> int:
    with database.transaction(SYSTEM) as db:
        return db.execute(text("SELECT pg_backend_pid()")).scalar_one()


@pytest.fixture
def roles(servers):
    """The roles a transaction enters, which migrations make once for a server."""
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        made = connection.execute("SELECT count(*) FROM pg_roles WHERE rolname = 'xinji_system'").fetchone()
        if made == (0,):
            connection.execute("CREATE ROLE xinji_system NOLOGIN")


def test_a_connection_that_died_in_the_pool_is_replaced(pooled, servers, roles) -> None:
    first = _backend(pooled)
    assert _backend(pooled) == first
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (first,))
    assert _backend(pooled) != first


def _end_at_work(database: Database, url: str, entered: list[int]) -> None:
    with database.transaction(SYSTEM) as db:
        entered.append(db.execute(text("SELECT pg_backend_pid()")).scalar_one())
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", (entered[0],))
        db.execute(text("SELECT 1"))


def test_a_connection_that_dies_at_work_is_an_error_and_nothing_is_done_twice(pooled, servers, roles) -> None:
    entered: list[int] = []
    with pytest.raises(OperationalError):
        _end_at_work(pooled, servers.database_url, entered)
    assert len(entered) == 1
    assert _backend(pooled) != entered[0]


def test_a_database_that_is_away_is_unavailable() -> None:
    away = Database.connect("postgresql://nobody@127.0.0.1:9/none", pool_size=1)
    with pytest.raises(Unavailable), away.transaction(SYSTEM):
        pass
