"""What stands beside a hand-over: the door's tap, claims, the agencies of those who leave and come."""

import pytest
from sqlalchemy import text

from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import Invalid
from campaign.live import handovers, links
from campaign.schedule import queries
from tests.db.test_handovers import HOUR, MIN, Show, at
from tests.factory import SECRET_KEY


@pytest.fixture
def show(stage):
    return Show(stage)


def test_the_door_hands_over_by_a_tap_that_counts_once_and_takes_it_back(show):
    stage = show.stage
    token = links.door_token(SECRET_KEY, stage.studio)
    foreign = stage.make.host(agency=stage.make.agency(name="别家"), name="外人")

    def tap(verb, once, **more):
        with stage.database.transaction(SYSTEM) as db:
            return links.door_verb(db, SECRET_KEY, token, show.id, verb, links.Tap(once=once, **more))

    leaving = stage.act(queries.get_session, show.id).participants[0]
    with at(stage, show.starts + HOUR):
        with pytest.raises(Invalid):
            tap("hand_over", "0" * 20, participant_id=leaving.id, host_id=foreign.id)
        for _ in range(2):
            tap("hand_over", "a" * 20, participant_id=leaving.id, host_id=show.third.id)
        (mark,) = show.marks()
        assert (mark.came_host_id, mark.made_by) == (show.third.id, stage.studio.name)
        tap("undo", "b" * 20)
    assert not show.marks()[0].stands
    assert show.shifts() == [(show.first.id, show.starts, show.turn), (show.second.id, show.turn, show.ends)]


def test_claims_follow_and_a_booking_of_another_is_left_alone(show):
    """Who leaves early is free from then on; who comes early while held elsewhere comes all the same."""
    stage = show.stage
    busy = stage.book(
        studio_id=stage.other_studio.id, starts_at=show.starts + 20 * MIN, hours=1,
        channels=[{"platform": "other"}], participants=[{"host_id": show.second.id}],
        override={"reason": "连场"},
    )  # fmt: skip
    show.hand(show.starts + 60 * MIN, show.second)
    sql = (
        "SELECT c.session_id, r.host_id, lower(c.span), upper(c.span) FROM claim c JOIN resource r ON"
        " r.id = c.resource_id WHERE r.host_id IS NOT NULL"
    )
    with stage.database.transaction(SYSTEM) as db:
        held = {tuple(row) for row in db.execute(text(sql))}
        others = db.execute(
            text("SELECT count(*) FROM claim c JOIN resource r ON r.id = c.resource_id"
                 " WHERE r.host_id IS NULL AND session_id = :id"), {"id": show.id},
        ).scalar_one()  # fmt: skip
    assert (show.id, show.first.id, show.starts, show.starts + 60 * MIN) in held
    assert (busy.id, show.second.id, show.starts + 20 * MIN, show.starts + 80 * MIN) in held
    assert others == 2


def test_agencies_hear_of_it_and_read_names_not_who_pressed(stage):
    """The host of an agency that had no part in the show comes: its agency is told, and sees the mark."""
    show = Show(stage)
    show.hand(show.starts + HOUR, stage.signed)
    with stage.database.transaction(SYSTEM) as db:
        told = db.execute(
            text(
                "SELECT type FROM outbox_event WHERE session_id = :id AND agency_ids @> ARRAY[:agency]::bigint[]"
            ),
            {"id": show.id, "agency": stage.agency.id},
        ).scalars()
        assert list(told) == ["session.people_changed"]
    (mark,) = stage.act(handovers.handovers_of, show.id, actor=stage.agent)
    assert (mark.left_name, mark.came_name, mark.made_by) == ("小棠", "南星", "")
    stranger = Actor(kind="user", role="agency", id=9, name="x", agency_id=stage.make.agency().id)
    assert stage.act(handovers.handovers_of, show.id, actor=stranger) == ()
