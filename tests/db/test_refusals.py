"""A refused booking keeps nobody waiting while it looks for places that would do."""

import pytest
from sqlalchemy import text

from campaign.schedule import booking, judging
from campaign.schedule.errors import Conflicting
from campaign.web import forms
from tests.factory import HUB, Factory
from tests.schedule_kit import Stage

HELD = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")


@pytest.fixture
def watched(committed_database, monkeypatch):
    """A stage with its place taken, and how many turns were held whenever alternatives were looked for."""
    stage, seen, find = Stage(Factory(committed_database)), [], judging.find_alternatives

    def watching(db, actor, plan):
        seen.append(db.execute(HELD).scalar_one())
        return find(db, actor, plan)

    monkeypatch.setattr(judging, "find_alternatives", watching)
    stage.book()
    return stage, seen


def test_turns_are_given_back_before_alternatives_are_looked_for(watched):
    stage, seen = watched
    with pytest.raises(Conflicting) as caught:
        stage.book()
    assert caught.value.alternatives
    assert seen == [0]


def test_so_they_are_where_a_form_shows_the_refusal(watched):
    stage, seen = watched
    form = forms.blank()
    with stage.database.transaction(HUB) as db, forms.refusals(form, db):
        booking.book(db, HUB, stage.given())
    assert form.refusal.alternatives
    assert seen == [0]


def test_the_watch_sees_turns_that_are_held(watched):
    """Negative control."""
    stage, seen = watched

    def too_early(db, actor):
        try:
            booking.book(db, actor, stage.given())
        except Conflicting as error:
            error.look_further(db)
            raise

    with pytest.raises(Conflicting):
        stage.act(too_early)
    assert seen[0] > 0
