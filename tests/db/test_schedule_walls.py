"""Row-level security on the schedule: plain SQL as a party sees its own rows, with no help of our queries."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from campaign.kit.actor import SYSTEM, Actor
from campaign.schedule import answering

TABLES = (
    "live_session",
    "session_channel",
    "participant",
    "session_brand",
    "lineup_item",
    "claim",
    "session_history",
    "alert",
    "room_event",
)


@pytest.fixture
def mixed(stage):
    """A session of two brands, offered to the agency."""
    other = stage.make.brand(name="鹿皮匠")
    made = stage.book(
        brand_ids=[stage.brand.id, other.id],
        lineup=[
            {"product_id": stage.product.id, "live_price_fen": 1},
            {"product_id": stage.make.product(other).id, "live_price_fen": 2},
        ],
    )
    stage.act(answering.offer, made.id)
    return made


def counts(stage, actor):
    with stage.database.transaction(actor) as db:
        return {table: db.scalar(text(f"SELECT count(*) FROM {table}")) for table in TABLES}


NOTHING = dict.fromkeys(TABLES, 0)


def test_a_brand_reads_its_session_and_its_own_rows_of_it(stage, mixed):
    user = Actor(kind="user", role="brand", id=4, brand_id=stage.brand.id)
    assert counts(stage, user) == NOTHING | {
        "live_session": 1,
        "session_channel": 1,
        "participant": 1,
        "session_brand": 1,
        "lineup_item": 1,
    }


def test_an_agency_reads_what_it_was_offered(stage, mixed):
    assert counts(stage, stage.agent) == NOTHING | {
        "live_session": 1,
        "session_channel": 1,
        "participant": 1,
        "session_brand": 2,
        "lineup_item": 2,
    }


@pytest.mark.parametrize("role", ["brand", "agency", "host", "connector"])
def test_a_stranger_reads_nothing(stage, mixed, role):
    stranger = Actor(
        kind="key",
        role=role,
        id=9,
        brand_id=stage.make.brand().id if role == "brand" else None,
        agency_id=stage.make.agency().id if role == "agency" else None,
        host_id=stage.make.host().id if role == "host" else None,
    )
    assert counts(stage, stranger) == NOTHING


def test_a_scope_that_is_missing_reads_nothing(stage, mixed):
    assert counts(stage, Actor(kind="key", role="brand", id=9)) == NOTHING


def test_a_brand_writes_nothing_and_an_agency_only_its_answers(stage, mixed):
    user = Actor(kind="user", role="brand", id=4, brand_id=stage.brand.id)
    with stage.database.transaction(user) as db:
        assert db.execute(text("UPDATE live_session SET title = 'x'")).rowcount == 0
        assert db.execute(text("DELETE FROM lineup_item")).rowcount == 0
    with stage.database.transaction(stage.agent) as db:
        assert db.execute(text("DELETE FROM claim")).rowcount == 0
        assert db.execute(text("UPDATE lineup_item SET live_price_fen = 0")).rowcount == 0
        assert db.execute(text("DELETE FROM participant")).rowcount == 0
    with stage.database.transaction(SYSTEM) as db:
        assert db.scalar(text("SELECT title FROM live_session")) == "专场"


def test_history_can_be_added_to_but_not_rewritten(stage, mixed):
    hub = Actor(kind="user", role="hub", hub_role="manager", id=1)
    with pytest.raises(ProgrammingError), stage.database.transaction(hub) as db:
        db.execute(text("UPDATE session_history SET reason = 'x'"))
