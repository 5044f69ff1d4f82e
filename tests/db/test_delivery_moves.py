"""An endpoint with very many deliveries is paused, enabled, removed or disabled at once; they follow batch by batch."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from campaign.delivery import actions, health, moving, queries
from campaign.delivery.backoff import Next
from campaign.delivery.schemas import DeliveryQuery, EndpointChange
from campaign.delivery.sender.claims import Claimed
from campaign.delivery.sender.connection import Link
from campaign.delivery.sender.notes import Try, note
from campaign.delivery.standing import stands
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.outgoing import Answer
from tests.db.test_delivery_sweep import endpoint
from tests.factory import HUB, Factory
from workers import delivery, task

MANY, BATCH = 20_000, 2000
BACKLOG = """
INSERT INTO webhook_delivery (day, endpoint_id, agency_id, event_id, position, type, state, next_at, created_at)
SELECT current_date - (:many - n) * 3 / :many, :endpoint, :agency, n, n, 'session.moved', :state,
       now() - (:many - n) * interval '2 s', now() - (:many - n) * interval '2 s'
FROM generate_series(1, :many) n
"""
# Waits for its next try, an hour from now.
TRIED = """
UPDATE webhook_delivery SET attempts = 1, step = 1, next_at = now() + interval '1 hour' WHERE event_id = ANY(:which)
"""
PAUSED, ACTIVE = EndpointChange(state="paused"), EndpointChange(state="active")


@pytest.fixture
def agency(make):
    return make.agency()


@pytest.fixture
def mine(database, agency):
    return endpoint(database, agency.id)


@pytest.fixture
def backlog(database, agency):
    def fill(of, state: str = "pending", many: int = MANY) -> None:
        with database.transaction(SYSTEM) as db:
            given = {"endpoint": of.id, "agency": agency.id, "state": state, "many": many}
            db.execute(text(BACKLOG), given)

    return fill


@pytest.fixture
def change(database, mine):
    """change("pause"): as its button does it."""

    def act(verb: str) -> None:
        with database.transaction(HUB) as db:
            found = queries.get_endpoint(db, HUB, mine.id)
            if verb == "enable":
                actions.enable(db, HUB, found)
            elif verb == "remove":
                actions.remove_endpoint(db, HUB, found)
            else:
                actions.change_endpoint(db, HUB, found, PAUSED if verb == "pause" else ACTIVE, allow=())

    return act


@pytest.fixture
def sweep(parts):
    task.use(parts)
    yield delivery.sweep
    task.use(None)


@pytest.fixture
def rows(database):
    """rows(): how many are in which state."""

    def read() -> dict[str, int]:
        with database.transaction(SYSTEM) as db:
            found = db.execute(text("SELECT state, count(*) FROM webhook_delivery GROUP BY 1"))
            return dict(found.all())

    return read


def in_turn(database) -> list[int]:
    """Events in the order in which claims take them, as far as they are due."""
    with database.transaction(SYSTEM) as db:
        due = "SELECT event_id FROM webhook_delivery WHERE state = 'pending' AND next_at <= now() ORDER BY next_at, id"
        return list(db.execute(text(due)).scalars())


@pytest.mark.parametrize(
    ("before", "verb", "after"),
    [
        ("pending", "pause", "held"),
        ("pending", "remove", "aborted"),
        ("held", "enable", "pending"),
        ("held", "take up", "pending"),
    ],
)
def test_a_change_moves_one_batch_and_the_sweep_the_rest(
    database, mine, backlog, change, sweep, rows, before, verb, after
):
    backlog(mine, before)
    if before == "held":
        with database.transaction(SYSTEM) as db:
            db.execute(text("UPDATE webhook_endpoint SET state = 'paused'"))
    change(verb)
    assert rows() == {before: MANY - BATCH, after: BATCH}
    sweep()
    assert rows() == {after: MANY}


@pytest.mark.parametrize("swept", [0, 1, 2, 9])
def test_enabled_again_while_they_are_moved_all_are_due_in_order(
    database, mine, backlog, change, sweep, rows, monkeypatch, swept
):
    backlog(mine)
    with database.transaction(SYSTEM) as db:
        db.execute(text(TRIED), {"which": [1, 2, 5000, 19_000]})
    monkeypatch.setattr(delivery, "SWEEP_SECONDS", 0.0)
    change("pause")
    for _ in range(swept):
        sweep()
    assert (
        rows() == {"held": BATCH * (swept + 1), "pending": MANY - BATCH * (swept + 1)}
        if swept < 9
        else {"held": MANY}
    )
    change("enable")
    change("pause")
    change("enable")
    for _ in range(MANY // BATCH + 1):
        sweep()
    assert rows() == {"pending": MANY}
    assert in_turn(database) == list(range(1, MANY + 1))


def test_readers_are_told_by_the_state_of_the_endpoint_while_they_are_moved(
    database, agency, mine, backlog, change, rows, monkeypatch
):
    other = endpoint(database, agency.id)
    backlog(mine, many=30)
    backlog(other, many=7)
    reader = Actor(kind="key", role="agency", agency_id=agency.id, name="mine")
    stranger = Actor(kind="key", role="agency", agency_id=agency.id + 1, name="not mine")
    monkeypatch.setattr(moving, "BATCH", 10)
    monkeypatch.setattr(moving.settle, "__kwdefaults__", {"most": 10})

    def log(actor=reader, **wanted):
        with database.transaction(actor) as db:
            found = queries.page_of_deliveries(db, actor, DeliveryQuery(limit=100, **wanted)).items
            standing = stands(db, actor, found)
        return [standing[row.id] for row in found]

    def counts():
        with database.transaction(reader) as db:
            return health.waiting_of(db, reader, [mine.id, other.id])

    assert counts() == {mine.id: {"pending": 30}, other.id: {"pending": 7}}
    before = datetime.now(UTC) - timedelta(seconds=1)
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE webhook_endpoint SET updated_at = now() - interval '1 day'"))
    assert len(log(updated_since=before, endpoint_id=mine.id)) == 1
    change("pause")
    assert rows() == {"held": 10, "pending": 27}
    assert counts() == {mine.id: {"held": 30}, other.id: {"pending": 7}}
    held = log(state="held")
    assert [(one.state, one.next_try_at) for one in held] == [("held", None)] * 30
    assert [one.state for one in log(state="pending")] == ["pending"] * 7
    assert {one.state for one in log(endpoint_id=mine.id)} == {"held"}
    changed = log(updated_since=before, endpoint_id=mine.id)
    assert (len(changed), all(one.changed_at >= before for one in changed)) == (30, True)
    change("remove")
    assert rows()["aborted"] == 10
    assert [one.state for one in log(state="aborted")] == ["aborted"] * 30
    assert log(state="held") == []
    assert {one.state for one in log(endpoint_id=mine.id)} == {"aborted"}
    assert (
        log(stranger, state="aborted") == log(stranger, state="held") == log(stranger, state="pending") == []
    )


def test_an_endpoint_with_a_million_rows_takes_no_turn_from_the_others(
    database, agency, mine, backlog, sweep, rows, monkeypatch
):
    other = endpoint(database, agency.id)
    backlog(mine, many=MANY)
    backlog(other, many=500)
    monkeypatch.setattr(delivery, "SWEEP_SECONDS", 0.0)
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE webhook_endpoint SET state = 'paused'"))
    sweep()
    assert rows() == {"held": BATCH // 2 + 500, "pending": MANY - BATCH // 2}


def test_what_is_overdue_expires_batch_by_batch(database, mine, backlog, sweep, rows, monkeypatch):
    backlog(mine, many=30)
    with database.transaction(SYSTEM) as db:
        db.execute(
            text("UPDATE webhook_delivery SET day = day - 32, created_at = created_at - interval '32 days'")
        )
    monkeypatch.setattr(moving, "BATCH", 10)
    monkeypatch.setattr(delivery, "SWEEP_SECONDS", 0.0)
    sweep()
    assert rows() == {"pending": 20, "expired": 10}
    monkeypatch.setattr(delivery, "SWEEP_SECONDS", 20.0)
    sweep()
    assert rows() == {"expired": 30}


# Notes each delivery that changes in a statement that is not about the one that was tried.
WATCH = """
CREATE TABLE moved (id bigint);
CREATE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN INSERT INTO moved VALUES (NEW.id); RETURN NULL; END $$;
CREATE TRIGGER note_move AFTER UPDATE ON webhook_delivery FOR EACH ROW WHEN (NEW.state = 'held')
    EXECUTE FUNCTION note_move();
"""


def test_the_note_of_a_410_moves_no_other_delivery(committed_database, engine, database_url):
    agency = Factory(committed_database).agency()
    mine = endpoint(committed_database, agency.id)
    with engine.begin() as owner:
        owner.execute(text(WATCH))
        owner.execute(
            text(BACKLOG), {"endpoint": mine.id, "agency": agency.id, "state": "pending", "many": 300}
        )
        sent = (
            "UPDATE webhook_delivery SET state = 'sending', lease = 7 WHERE event_id = 300 RETURNING day, id"
        )
        day, number = owner.execute(text(sent)).one()
    now = datetime.now(UTC)
    one = Claimed(day, number, mine.id, agency.id, 300, 0, b"", 7, now, probe=False)

    async def gone() -> None:
        link = Link(database_url, "test")
        answer = Answer(410, None, b"", None, 1)
        found = await note(
            await link.get(), [Try(one, mine.url, answer, Next("held", 1, now), now)], [mine.id], now
        )
        assert found[mine.id].disabled == "gone"
        await link.close()

    try:
        asyncio.run(gone())
        with engine.begin() as owner:
            assert owner.execute(text("SELECT id FROM moved")).scalars().all() == [number]
    finally:
        with engine.begin() as owner:
            owner.execute(text("DROP FUNCTION note_move CASCADE; DROP TABLE moved"))
    with committed_database.transaction(SYSTEM) as db:
        assert health.waiting_of(db, SYSTEM, [mine.id]) == {mine.id: {"held": 300}}
        while moving.settle(db, mine.id):
            """A batch at a time."""
        assert set(db.execute(text("SELECT state FROM webhook_delivery")).scalars()) == {"held"}
