"""Shared crews: so many at once, unit by unit, and the database never gives more."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.errors import Conflict, Invalid
from campaign.live import correcting, running
from campaign.live.alerts import alerts_of
from campaign.parties import actions
from campaign.schedule import answering, booking, changing, closing, swapping
from campaign.schedule.errors import Conflicting
from campaign.schedule.models import CrewPool, LiveSession
from campaign.schedule.schemas import CorrectionIn, SessionChange
from tests.factory import HUB
from tests.schedule_kit import Stage


@pytest.fixture
def stage(make) -> Stage:
    return Stage(make)


def pool(stage, capacity=2, **given):
    values = {"name": "化妆师", "capacity": capacity, "before_minutes": 60, "into_minutes": 15}
    return stage.act(actions.add, CrewPool(**values | given))


def room(stage, crew=None, units=1, **given):
    """A session in a studio and with a host of its own: only the crew can be in the way."""
    studio, host = stage.make.studio(), stage.make.host(kind="in_house")
    own = {
        "studio_id": studio.id,
        "participants": [{"host_id": host.id}],
        "channels": [{"platform": "douyin"}],
    }
    needs = [{"pool_id": crew.id, "units": units}] if crew else []
    return stage.book(**own | {"crew": needs} | given)


def units(stage, session_id):
    with stage.database.transaction(SYSTEM) as db:
        rows = db.execute(
            text(
                "SELECT c.unit_no, c.starts_at, c.ends_at FROM claim c JOIN resource r ON r.id = c.resource_id"
                " WHERE c.session_id = :id AND r.kind = 'crew_pool' ORDER BY 1"
            ),
            {"id": session_id},
        )
        return [tuple(row) for row in rows]


def test_a_crew_is_claimed_around_the_start_and_shown(stage):
    view = room(stage, pool(stage))
    assert [(one.name, one.units) for one in view.crew] == [("化妆师", 1)]
    ((_, starts_at, ends_at),) = units(stage, view.id)
    assert starts_at == view.starts_at - timedelta(minutes=60)
    assert ends_at == view.starts_at + timedelta(minutes=15)


def test_as_many_as_the_crew_has_and_no_more(stage):
    crew = pool(stage, 3)
    got = [room(stage, crew), room(stage, crew, units=2)]
    taken = sorted(unit for view in got for unit, *_ in units(stage, view.id))
    assert taken == [1, 2, 3]
    with pytest.raises(Conflicting) as caught:
        room(stage, crew)
    assert [(one.rule, one.resource_type, one.resource_id) for one in caught.value.conflicts] == [
        ("crew_overlap", "crew_pool", crew.id)
    ]
    assert caught.value.conflicts[0].session_id in {view.id for view in got}
    free = {slot.starts_at - got[0].starts_at for slot in caught.value.alternatives}
    assert min(abs(by) for by in free) == timedelta(minutes=75)
    # Negative controls: without the crew it goes through, and so it does when they are free again.
    room(stage)
    room(stage, crew, starts_at=got[0].starts_at + timedelta(minutes=75))


def test_check_sees_a_crew_that_is_all_taken(stage):
    crew = pool(stage, 1)
    room(stage, crew)
    other = stage.given(crew=[{"pool_id": crew.id}])
    with stage.database.transaction(HUB) as db:
        assert [one.rule for one in booking.check(db, HUB, other).hard] == ["crew_overlap"]


def test_a_move_takes_the_crew_along_and_a_cancellation_frees_it(stage):
    crew = pool(stage, 1)
    first = room(stage, crew)
    moved = stage.act(changing.move, first.id, starts_at=first.starts_at + timedelta(hours=5))
    assert units(stage, first.id)[0][1] == moved.starts_at - timedelta(minutes=60)
    second = room(stage, crew)
    with pytest.raises(Conflicting):
        stage.act(changing.move, first.id, starts_at=first.starts_at)
    stage.act(closing.cancel, second.id, code="other")
    stage.act(changing.move, first.id, starts_at=first.starts_at)


def test_the_crew_of_a_session_can_be_changed(stage):
    crew = pool(stage, 2)
    view = room(stage, crew)
    more = stage.act(
        changing.change, view.id, SessionChange.model_validate({"crew": [{"pool_id": crew.id, "units": 2}]})
    )
    assert ([one.units for one in more.crew], len(units(stage, view.id))) == ([2], 2)
    none = stage.act(changing.change, view.id, SessionChange.model_validate({"crew": []}))
    assert (none.crew, units(stage, view.id)) == ((), [])


def test_a_hold_on_a_crew_lapses_when_somebody_else_wants_it(stage):
    crew = pool(stage, 1)
    held = room(stage, crew, hold_until=stage.now() + timedelta(minutes=5))
    with pytest.raises(Conflicting):
        room(stage, crew)
    with clock.travel(timedelta(minutes=6)):
        assert room(stage, crew, starts_at=held.starts_at).state == "draft"


def test_a_swap_keeps_both_crews(stage):
    crew = pool(stage, 2)
    one, other = room(stage, crew), room(stage, crew)
    stage.act(swapping.swap, one.id, other.id)
    assert len(units(stage, one.id)) == len(units(stage, other.id)) == 1


def test_more_people_than_the_crew_has_is_a_fault_of_the_input(stage):
    with pytest.raises(Invalid) as caught:
        room(stage, pool(stage, 2), units=3)
    assert [(one.field, one.code) for one in caught.value.errors] == [("crew.0.units", "more_than_the_crew")]


def test_the_database_refuses_a_unit_that_is_not_there(stage):
    crew = pool(stage, 2)
    view = room(stage, crew)
    insert = text(
        "INSERT INTO claim (session_id, resource_id, unit_no, span) SELECT CAST(:id AS bigint), id, :unit,"
        " tstzrange('2030-01-01', '2030-01-02') FROM resource WHERE crew_pool_id = CAST(:pool AS bigint)"
    )
    with stage.database.transaction(SYSTEM) as db:
        db.execute(insert, {"id": view.id, "unit": 2, "pool": crew.id})
        for unit in (0, 3):
            with pytest.raises(IntegrityError), db.begin_nested():
                db.execute(insert, {"id": view.id, "unit": unit, "pool": crew.id})


def test_a_crew_does_not_shrink_below_what_is_promised(stage):
    crew = pool(stage, 2)
    room(stage, crew, units=2)
    with pytest.raises(Conflict) as caught, stage.database.transaction(HUB) as db:
        actions.change(db, HUB, db.get(CrewPool, crew.id), {"capacity": 1})
    assert caught.value.error_code == "pool_promised"
    with stage.database.transaction(HUB) as db:
        actions.change(db, HUB, db.get(CrewPool, crew.id), {"capacity": 3})
    room(stage, crew)


def on_air(stage, crew):
    """A show with one of the crew, on air since its start a minute ago."""
    starts_at = stage.now().replace(second=0, microsecond=0) + timedelta(hours=2)
    view = room(stage, crew, starts_at=starts_at)
    stage.act(answering.confirm, view.id)
    with clock.travel(starts_at - stage.now()):
        stage.act(running.arrive, view.id)
        return stage.act(running.go_live, view.id)


def test_a_correction_keeps_the_crew(stage):
    show = on_air(stage, pool(stage, 1))
    before = units(stage, show.id)
    with clock.travel(show.starts_at + timedelta(minutes=5) - stage.now()):
        corrected = CorrectionIn(actual_starts_at=show.starts_at + timedelta(minutes=2), reason="late")
        stage.act(correcting.correct, show.id, corrected)
    assert units(stage, show.id) == before != []


def test_who_starts_after_being_given_up_has_the_crew_that_is_left(stage):
    crew = pool(stage, 1)
    starts_at = stage.now().replace(second=0, microsecond=0) + timedelta(hours=2)
    show = room(stage, crew, starts_at=starts_at)
    stage.act(answering.confirm, show.id)
    before = units(stage, show.id)
    with clock.travel(starts_at - stage.now()):
        missed(stage, show)
        assert units(stage, show.id) != before
        stage.act(running.go_live, show.id)
    assert units(stage, show.id) == before


def test_a_late_start_takes_no_crew_from_another(stage):
    crew = pool(stage, 1)
    starts_at = stage.now().replace(second=0, microsecond=0) + timedelta(hours=2)
    show = room(stage, crew, starts_at=starts_at)
    stage.act(answering.confirm, show.id)
    with clock.travel(starts_at - stage.now()):
        missed(stage, show)
        other = room(stage, crew, starts_at=starts_at + timedelta(hours=1))
        started = stage.act(running.go_live, show.id)
        alerts = {one.kind for one in stage.act(alerts_of, [show.id])[show.id]}
    assert len(units(stage, other.id)) == 1
    assert started.state == "live"
    assert "without_claims" in alerts


def missed(stage, view):
    with stage.database.transaction(SYSTEM) as db:
        running.miss(db, db.get_one(LiveSession, view.id))
