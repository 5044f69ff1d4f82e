"""Facts are written with the change: seq, audience, and who may read them."""

import pytest
from sqlalchemy import select, text

from campaign.kit.actor import SYSTEM, Actor
from campaign.outbox.actions import write
from campaign.outbox.models import OutboxEvent
from tests.factory import HUB

pytestmark = pytest.mark.made_up_facts


def events(database):
    with database.transaction(SYSTEM) as db:
        return db.scalars(select(OutboxEvent).order_by(OutboxEvent.id)).all()


def test_seq_counts_each_session_by_itself_whoever_acts(database):
    agency = Actor(kind="user", role="agency", agency_id=7)
    for actor, session in ((HUB, 1), (agency, 1), (HUB, 2), (agency, 1)):
        with database.transaction(actor) as db:
            write(db, "session.moved", session_id=session, agency_ids=[7, 8, 7], data={"a": 1})
    found = events(database)
    assert [(one.session_id, one.seq) for one in found] == [(1, 1), (1, 2), (2, 1), (1, 3)]
    assert found[0].data == {"session_id": "ses_0000000000001", "seq": 1, "a": 1}
    assert found[0].agency_ids == [7, 8]


def test_a_part_for_one_agency_is_kept_for_that_one(database):
    with database.transaction(HUB) as db:
        write(db, "session.offered", agency_ids=[7], data={}, per_agency={7: {"hosts": 1}, 9: {"hosts": 2}})
    (event,) = events(database)
    assert event.agency_data == {"7": {"hosts": 1}}
    assert event.seq is None


def test_a_rolled_back_change_leaves_no_fact(database):
    def change_that_fails() -> None:
        with database.transaction(HUB) as db:
            write(db, "session.moved", session_id=1, agency_ids=[7], data={})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_that_fails()
    assert events(database) == []


def test_an_unknown_type_is_a_fault(database):
    with pytest.raises(ValueError, match=r"session\.exploded"), database.transaction(HUB) as db:
        write(db, "session.exploded", data={})


def test_an_agency_reads_no_raw_event_not_even_its_own(database):
    with database.transaction(HUB) as db:
        write(db, "session.moved", session_id=1, agency_ids=[7], data={"canary": 1})
    for actor in (Actor(kind="key", role="agency", agency_id=7), Actor(kind="key", role="brand", brand_id=1)):
        with database.transaction(actor) as db:
            assert db.execute(text("SELECT count(*) FROM outbox_event")).scalar_one() == 0
