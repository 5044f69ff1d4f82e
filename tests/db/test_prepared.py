"""A refusal does not cost the connection its prepared statements; a table that changes does no harm."""

from contextlib import suppress

import pytest
from sqlalchemy import event, text

from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.kit.errors import WrongState
from tests.factory import HUB

OFTEN = 8
ASKED = "SELECT id, name FROM studio WHERE id = CAST(:id AS bigint)"


@pytest.fixture
def database(own_database_url):
    database = Database.connect(own_database_url, pool_size=1)
    yield database
    database.dispose()


def ask(db, statement=ASKED):
    for _ in range(OFTEN):
        db.execute(text(statement), {"id": 1}).all()


def kept(database):
    with database.transaction(SYSTEM) as db:
        return db.execute(
            text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%name FROM studio%'")
        ).scalar_one()


def refuse():
    raise WrongState


def undone(database, actor, work):
    """The work in a transaction that is refused at its end."""
    with suppress(WrongState), database.transaction(actor) as db:
        work(db)
        refuse()


def refused(database, *, savepoint=False):
    def work(db):
        ask(db)
        if savepoint:
            db.begin_nested().rollback()

    undone(database, HUB, work)


@pytest.mark.parametrize("savepoint", [False, True])
def test_a_refusal_keeps_them(database, savepoint):
    refused(database, savepoint=savepoint)
    assert kept(database) == 1


def test_the_driver_alone_forgets_them(database):
    """Negative control: without the product's keeping, the same refusal leaves nothing."""
    from psycopg._preparing import PrepareManager

    def forget(connection, _):
        connection._prepared = PrepareManager()

    event.listen(database._bind, "connect", forget)
    refused(database)
    assert kept(database) == 0


def test_a_table_that_changes_under_a_statement_is_read_as_it_is(database):
    with database.transaction(SYSTEM) as db:
        db.execute(text("SELECT set_config('role', 'none', true)"))
        db.execute(text("CREATE TABLE shelf (id bigint, name text)"))
        db.execute(text("INSERT INTO shelf VALUES (1, '一')"))
        ask(db, "SELECT id, name FROM shelf WHERE id = CAST(:id AS bigint)")
        db.execute(text("DROP TABLE shelf"))
        db.execute(text("CREATE TABLE shelf (name text, id integer)"))
        db.execute(text("INSERT INTO shelf VALUES ('二', 1)"))
        found = db.execute(text("SELECT id, name FROM shelf WHERE id = CAST(:id AS bigint)"), {"id": 1}).one()
        assert found.name == "二"


def test_what_a_rolled_back_transaction_made_is_gone_and_can_be_made_again(database):
    statement = "SELECT id, name FROM drawer WHERE id = CAST(:id AS bigint)"
    found = []

    def work(db):
        db.execute(text("SELECT set_config('role', 'none', true)"))
        db.execute(text("CREATE TEMP TABLE drawer (id bigint, name text) ON COMMIT DROP"))
        db.execute(text("INSERT INTO drawer VALUES (1, :name)"), {"name": f"{len(found)}"})
        ask(db, statement)
        found.append(db.execute(text(statement), {"id": 1}).one().name)

    undone(database, SYSTEM, work)
    undone(database, SYSTEM, work)
    assert found == ["0", "1"]
