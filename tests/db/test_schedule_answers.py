"""Answers of several parties to one offer: what one says never trips over another's rows."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm.exc import StaleDataError

from campaign.kit.actor import SYSTEM
from campaign.kit.database import beyond_own
from campaign.schedule import answering
from tests.factory import HUB


@pytest.fixture
def asked(stage, make):
    """One offer to hosts of two agencies."""
    other = make.host(agency=make.agency(name="别家机构"), name="别家主播")
    made = stage.book(participants=[{"host_id": stage.signed.id}, {"host_id": other.id}])
    return stage.act(answering.offer, made.id)


def test_one_agencys_no_takes_the_others_question_back(stage, asked):
    stage.act(answering.decline, asked.id, actor=stage.agent, reason="撞期")
    with stage.database.transaction(HUB) as db:
        row = db.execute(text("SELECT state FROM live_session WHERE id = :id"), {"id": asked.id}).one()
        answers = db.execute(
            text("SELECT acceptance FROM participant WHERE session_id = :id ORDER BY 1"), {"id": asked.id}
        )
        assert (row.state, list(answers.scalars())) == ("draft", ["declined", "not_asked"])


def test_the_rights_beyond_ones_own_end_with_the_block(stage, asked):
    told = text("UPDATE participant SET reason = 'x' WHERE session_id = :id AND acceptance = 'asked'")
    with stage.database.transaction(stage.agent) as db:
        assert db.execute(told, {"id": asked.id}).rowcount == 1
        with beyond_own(db):
            assert db.execute(told, {"id": asked.id}).rowcount == 2
        assert db.execute(told, {"id": asked.id}).rowcount == 1


def test_without_them_the_answer_fails(stage, asked):
    def take_back_as_agency():
        with stage.database.transaction(stage.agent) as db:
            row = answering.locked(db, stage.agent, asked.id, "decline")
            answering._take_back(answering.people_of(db, stage.agent, row))

    with pytest.raises(StaleDataError):
        take_back_as_agency()
    with stage.database.transaction(SYSTEM) as db:
        left = db.execute(text("SELECT count(*) FROM participant WHERE acceptance = 'asked'"))
        assert left.scalar_one() == 2
