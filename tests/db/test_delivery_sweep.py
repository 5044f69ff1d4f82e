"""What the clock does for delivery, and the feed that misses nothing."""

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from campaign.delivery import queries, sweep
from campaign.delivery.actions import add_endpoint
from campaign.delivery.schemas import EndpointIn, EventQuery
from campaign.delivery.sender.connection import Link
from campaign.delivery.sender.fanout import fan_out
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database, driver_url
from campaign.outbox.actions import write
from tests.factory import HUB, SECRET_KEY, Factory

ALLOW = ()
KEPT = sweep.days_kept(event_days=30, attempt_days=14)
OLD = (
    "CREATE TABLE webhook_attempt_20200101 PARTITION OF webhook_attempt"
    " FOR VALUES FROM ('2020-01-01') TO ('2020-01-02')"
)


def endpoint(database, agency_id):
    with database.transaction(HUB) as db:
        given = EndpointIn(url="https://hooks.agency.example/", agency_id=agency_id)
        return add_endpoint(db, HUB, given, secret_key=SECRET_KEY, allow=ALLOW).endpoint


def put(database, endpoint_id, state, *, days_ago=0, event_id=1):
    with database.transaction(SYSTEM) as db:
        db.execute(
            text(
                "INSERT INTO webhook_delivery (day, endpoint_id, agency_id, event_id, position, type, state, next_at,"
                " created_at) VALUES (current_date - :ago, :endpoint, 1, :event, 1, 'session.moved', :state, now(),"
                " now() - make_interval(days => :ago))"
            ),
            {"ago": days_ago, "endpoint": endpoint_id, "event": event_id, "state": state},
        )


def states(database):
    with database.transaction(SYSTEM) as db:
        return db.execute(text("SELECT state FROM webhook_delivery ORDER BY event_id")).scalars().all()


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ("state = 'paused'", ["held", "held"]),
        ("archived_at = now()", ["aborted", "aborted"]),
        ("description = 'x'", ["pending", "pending"]),
    ],
)
def test_strays_go_where_their_endpoint_is(database, make, change, after):
    one = endpoint(database, make.agency().id)
    put(database, one.id, "pending", event_id=1)
    put(database, one.id, "held", event_id=2)
    with database.transaction(SYSTEM) as db:
        db.execute(text(f"UPDATE webhook_endpoint SET {change}"))
        sweep.sweep(db, SYSTEM, event_days=30)
    assert states(database) == after


def test_what_waited_for_thirty_days_expires(database, make):
    one = endpoint(database, make.agency().id)
    put(database, one.id, "pending", days_ago=31, event_id=1)
    put(database, one.id, "held", days_ago=29, event_id=2)
    put(database, one.id, "delivered", days_ago=31, event_id=3)
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE webhook_endpoint SET state = 'paused'"))
        assert sweep.sweep(db, SYSTEM, event_days=30) == 1
        assert sweep.sweep(db, SYSTEM, event_days=30) == 0
    assert states(database) == ["expired", "held", "delivered"]


def kept(database):
    """What one turn made and dropped, each table in transactions of its own, as the clock does it."""
    done = {"made": 0, "dropped": 0}
    for table, days in KEPT.items():
        with database.transaction(SYSTEM) as db:
            done["made"] += sweep.make_days(db, SYSTEM, table)
        with database.transaction(SYSTEM) as db:
            done["dropped"] += sweep.drop_days(db, SYSTEM, table, days)
    return done


def test_partitions_are_made_ahead_and_old_days_dropped(own_database_url):
    engine = create_engine(driver_url(own_database_url))
    database = Database(engine)
    with engine.begin() as owner:
        owner.execute(text(OLD))
        ahead = f"webhook_attempt_{datetime.now(UTC) + timedelta(days=30):%Y%m%d}"
        owner.execute(text(f"DROP TABLE {ahead}"))
    assert kept(database) == {"made": 1, "dropped": 1}
    assert kept(database) == {"made": 0, "dropped": 0}
    with database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT to_regclass('webhook_attempt_20200101')")).scalar_one() is None
        assert db.execute(text(f"SELECT to_regclass('{ahead}')")).scalar_one() is not None
    engine.dispose()


def test_a_day_that_is_being_read_is_dropped_later_and_nobody_waits(own_database_url):
    engine = create_engine(driver_url(own_database_url), connect_args={"options": "-c statement_timeout=5s"})
    database = Database(engine)
    with engine.begin() as owner:
        owner.execute(text(OLD))
    with engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM webhook_attempt"))
        assert kept(database)["dropped"] == 0
        # The control: without giving up, it would wait for the reader until its time was over.
        wait = text("SET LOCAL statement_timeout = '300ms'; DROP TABLE webhook_attempt_20200101")
        with pytest.raises(OperationalError, match="statement timeout"), engine.begin() as owner:
            owner.execute(wait)
    assert kept(database)["dropped"] == 1
    engine.dispose()


# What who writes may wait for a lock: more than dropping waits itself, less than a reader stays.
WRITE = """
INSERT INTO webhook_attempt (day, delivery_id, endpoint_id, agency_id, at, took_ms, answer)
VALUES (current_date, 1, 1, 1, now(), 1, '')
"""


class Writer(threading.Thread):
    """Writes one row after another until stopped, each by a transaction that waits at most a second for a lock."""

    def __init__(self, engine):
        super().__init__(daemon=True)
        self.engine, self.stopped, self.rows, self.fault = engine, threading.Event(), 0, None

    def run(self):
        try:
            while not self.stopped.is_set():
                with self.engine.begin() as db:
                    db.execute(text("SET LOCAL lock_timeout = '1s'"))
                    db.execute(text(WRITE))
                self.rows += 1
        except OperationalError as fault:
            self.fault = str(fault)

    def __enter__(self):
        self.start()
        wait_for(lambda: self.rows > 5)
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.join(10)


def wait_for(holds):
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_who_writes_meanwhile_never_waits_for_a_day_that_is_dropped(own_database_url):
    engine = create_engine(driver_url(own_database_url))
    database = Database(engine)
    with engine.begin() as owner:
        owner.execute(text(OLD))
    with Writer(engine) as writer:
        # While somebody reads for long, each turn gives up: who writes goes on.
        with engine.connect() as reader:
            reader.execute(text("SELECT count(*) FROM webhook_attempt"))
            before = writer.rows
            for _ in range(3):
                assert kept(database)["dropped"] == 0
            wait_for(lambda: writer.rows > before + 5)
        # Among writers alone it finds its instant.
        wait_for(lambda: kept(database)["dropped"] == 1)
        before = writer.rows
        wait_for(lambda: writer.rows > before + 5)
    assert writer.fault is None
    engine.dispose()


def test_a_drop_that_waits_would_make_who_writes_wait_behind_it(own_database_url):
    """Negative control: the same reader, and a drop that does not give up."""
    engine = create_engine(driver_url(own_database_url))
    with engine.begin() as owner:
        owner.execute(text(OLD))
    with Writer(engine) as writer, engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM webhook_attempt"))
        wait = text("SET LOCAL statement_timeout = '3s'; DROP TABLE webhook_attempt_20200101")
        with pytest.raises(OperationalError, match="statement timeout"), engine.begin() as owner:
            owner.execute(wait)
        assert "lock timeout" in (writer.fault or "")
    engine.dispose()


def test_facts_are_forgotten_with_their_messages_and_never_before_they_are_fanned_out(
    committed_database, database_url, monkeypatch
):
    agency = Factory(committed_database).agency()
    with committed_database.transaction(HUB) as db:
        for number in range(4):
            write(db, "session.moved", session_id=1, agency_ids=[agency.id], data={"n": number})
    assert fanned(database_url) == 4

    def forgotten() -> list[int]:
        with committed_database.transaction(SYSTEM) as db:
            aged = "UPDATE outbox_event SET fanned_at = now() - make_interval(days => :days) WHERE seq = :seq"
            waiting = "UPDATE outbox_event SET fanned_at = NULL WHERE seq = 4"
            for seq, days in ((1, 32), (2, 32), (3, 30)):
                db.execute(text(aged), {"seq": seq, "days": days})
            db.execute(text(waiting))
            sweep.forget_facts(db, SYSTEM, event_days=30)
            return list(db.execute(text("SELECT seq FROM outbox_event ORDER BY seq")).scalars())

    monkeypatch.setattr(sweep, "MOST_FORGOTTEN", 1)
    assert forgotten() == [2, 3, 4]
    monkeypatch.setattr(sweep, "MOST_FORGOTTEN", 10)
    assert forgotten() == [3, 4]
    with committed_database.transaction(HUB) as db:
        write(db, "session.moved", session_id=1, agency_ids=[agency.id], data={"n": 5})
        # Counting goes on, whatever is forgotten.
        db.flush()
    with committed_database.transaction(SYSTEM) as db:
        assert db.execute(text("SELECT max(seq) FROM outbox_event")).scalar_one() == 5


def test_a_party_may_not_make_or_drop_partitions(database):
    with pytest.raises(Exception, match="permission denied"), database.transaction(HUB) as db:
        db.execute(text("SELECT drop_day_partitions('webhook_attempt', 0)"))


def fanned(url: str) -> int:
    async def run() -> int:
        link = Link(url, "test")
        try:
            return (await fan_out(await link.get(), datetime.now(UTC))).events
        finally:
            await link.close()

    return asyncio.run(run())


def test_the_feed_shows_what_commits_late_after_what_was_read(committed_database, database_url):
    """An event with a lower id that commits later must not slip in before a cursor that was handed out."""
    agency = Factory(committed_database).agency()
    actor = Actor(kind="key", role="agency", agency_id=agency.id)

    def read(after: str | None) -> tuple[list[int], str]:
        with committed_database.transaction(actor) as db:
            page = queries.events_after(db, actor, EventQuery(after=after), event_days=30)
        return [event.data["n"] for event in page.items], page.next_cursor

    with committed_database.transaction(HUB) as late:
        write(late, "session.moved", session_id=1, agency_ids=[agency.id], data={"n": 1})
        late.flush()
        with committed_database.transaction(HUB) as early:
            write(early, "session.moved", session_id=2, agency_ids=[agency.id], data={"n": 2})
        assert fanned(database_url) == 1
        first, cursor = read(None)
    assert fanned(database_url) == 1
    second, _ = read(cursor)
    assert (first, second) == ([2], [1])


def test_an_event_we_cannot_put_into_words_stops_none_behind_it(committed_database, database_url):
    agency = Factory(committed_database).agency()
    with committed_database.transaction(HUB) as db:
        write(db, "endpoint.test", agency_ids=[agency.id], data={"endpoint_id": "not one of ours"})
        write(db, "session.moved", session_id=1, agency_ids=[agency.id], data={"n": 1})
    assert fanned(database_url) == 2
    actor = Actor(kind="key", role="agency", agency_id=agency.id)
    with committed_database.transaction(actor) as db:
        found = queries.events_after(db, actor, EventQuery(), event_days=30).items
    assert [event.type for event in found] == ["session.moved"]


def test_a_message_holds_only_its_own_agencys_part(committed_database, database_url):
    make = Factory(committed_database)
    one, other = make.agency().id, make.agency().id
    with committed_database.transaction(HUB) as db:
        write(
            db,
            "session.moved",
            session_id=1,
            agency_ids=[one, other],
            data={"session": {"title": "t"}},
            per_agency={
                one: {"session": {"hosts": ["canary-one"]}},
                other: {"session": {"hosts": ["canary-other"]}},
            },
        )
    assert fanned(database_url) == 1
    for mine, theirs in ((one, "canary-other"), (other, "canary-one")):
        actor = Actor(kind="key", role="agency", agency_id=mine)
        with committed_database.transaction(actor) as db:
            (event,) = queries.events_after(db, actor, EventQuery(), event_days=30).items
            # The second wall: unscoped SQL gives no more.
            (body,) = db.execute(text("SELECT body FROM webhook_message")).scalars().all()
        assert theirs not in str(event.data)
        assert theirs.encode() not in bytes(body)


def test_newer_totals_take_the_place_of_those_that_still_wait(committed_database, database_url):
    factory = Factory(committed_database)
    agency, other = factory.agency(), factory.agency()
    mine, theirs = (endpoint(committed_database, one.id) for one in (agency, other))

    def tell(*given: tuple[str, int, int]) -> None:
        for kind, session_id, number in given:
            with committed_database.transaction(HUB) as db:
                ids = [agency.id, other.id] if number == 1 else [agency.id]
                write(db, kind, session_id=session_id, agency_ids=ids, data={"version": number})
        assert fanned(database_url) == len(given)

    def waiting(endpoint_id: int) -> list[tuple[str, int, int, str]]:
        query = (
            "SELECT d.type, d.session_id, (convert_from(m.body, 'UTF8')::jsonb #>> '{data,version}')::int, d.state"
            " FROM webhook_delivery d JOIN webhook_message m USING (day, position) WHERE d.endpoint_id = :id"
            " ORDER BY d.position"
        )
        with committed_database.transaction(SYSTEM) as db:
            return [tuple(row) for row in db.execute(text(query), {"id": endpoint_id})]

    tell(("sales.updated", 1, 1), ("sales.updated", 2, 1), ("session.moved", 1, 1))
    with committed_database.transaction(SYSTEM) as db:
        on_its_way = "UPDATE webhook_delivery SET state = 'sending', lease = 1 WHERE session_id = 2"
        db.execute(text(on_its_way))
    tell(("sales.updated", 1, 2), ("sales.updated", 1, 3), ("sales.updated", 2, 2))
    assert waiting(mine.id) == [
        ("sales.updated", 1, 1, "expired"),
        ("sales.updated", 2, 1, "sending"),
        ("session.moved", 1, 1, "pending"),
        ("sales.updated", 1, 2, "expired"),
        ("sales.updated", 1, 3, "pending"),
        ("sales.updated", 2, 2, "pending"),
    ]
    # Nothing newer was told to them.
    assert [state for *_, state in waiting(theirs.id)] == ["pending", "sending", "pending"]
    with committed_database.transaction(SYSTEM) as db:
        told = "SELECT DISTINCT last_error, finished_at IS NOT NULL FROM webhook_delivery WHERE state = 'expired'"
        assert [tuple(row) for row in db.execute(text(told))] == [("superseded", True)]
    actor = Actor(kind="key", role="agency", agency_id=agency.id)
    with committed_database.transaction(actor) as db:
        assert len(queries.events_after(db, actor, EventQuery(), event_days=30).items) == 6


# Notes what commit the change of an event waits for, whoever makes it.
WAITS = """
CREATE TABLE waits (setting text);
CREATE FUNCTION note_wait() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN INSERT INTO waits VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
CREATE TRIGGER note_wait AFTER UPDATE ON outbox_event FOR EACH ROW EXECUTE FUNCTION note_wait();
"""


def test_positions_of_the_feed_are_on_the_disk_before_anybody_reads_them(own_database_url):
    """Over a connection that by itself does not wait for the disk, as an update beside it shows."""

    async def run() -> None:
        link = Link(own_database_url, "test", durable=False)
        db = await link.get()
        assert (await fan_out(db, datetime.now(UTC))).events == 1
        await db.execute("UPDATE outbox_event SET seq = seq")
        await link.close()

    database = Database.connect(own_database_url, pool_size=1)
    agency = Factory(database).agency()
    with database.transaction(HUB) as db:
        write(db, "session.moved", session_id=1, agency_ids=[agency.id], data={"n": 1})
    engine = create_engine(driver_url(own_database_url))
    with engine.begin() as owner:
        owner.execute(text(WAITS))
    asyncio.run(run())
    with engine.connect() as owner:
        assert owner.execute(text("SELECT setting FROM waits")).scalars().all() == ["on", "off"]
    engine.dispose()
    database.dispose()
