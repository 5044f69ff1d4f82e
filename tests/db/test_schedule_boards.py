"""The board's reading: few statements, the right rows, nobody else's."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import Forbidden, Invalid, Stale
from campaign.live.walls import read_wall
from campaign.schedule import answering, closing
from campaign.schedule.boards import read_board
from campaign.schedule.shifting import Shift, shift_all, try_all
from tests.factory import HUB


@contextmanager
def counted(database):
    """The statements sent in the block, savepoints left out."""
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        if not statement.lstrip().upper().startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(statement)

    event.listen(database._bind, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database._bind, "before_cursor_execute", note)


def board_of(stage, actor=HUB, **more):
    at = stage.given().starts_at
    with stage.database.transaction(actor) as db:
        return read_board(db, actor, at - timedelta(hours=12), at + timedelta(days=2), **more)


def test_one_session_and_three_take_the_same_number_of_statements(stage, make):
    stage.book()
    with counted(stage.database) as one:
        assert len(board_of(stage).blocks) == 1
    for number, studio in enumerate((stage.other_studio, make.studio(name="C"))):
        stage.book(
            studio_id=studio.id,
            brand_ids=[make.brand().id, stage.brand.id],
            channels=[{"platform": "kuaishou"}, {"platform": "other"}],
            participants=[{"host_id": (stage.in_house, stage.independent)[number].id}],
            override={"reason": "x"},
        )
    with counted(stage.database) as three:
        assert len(board_of(stage).blocks) == 3
    assert len(three) == len(one) <= 8


def test_a_block_holds_what_a_board_shows_in_order(stage, make):
    second = make.brand(name="鹿皮匠")
    view = stage.book(
        brand_ids=[second.id, stage.brand.id],
        participants=[{"host_id": stage.signed.id}, {"host_id": stage.in_house.id}],
        campaign_id=make.campaign(name="双十一").id,
    )
    (block,) = board_of(stage).blocks
    assert (block.id, block.version, block.state) == (view.id, 1, "draft")
    assert [brand.name for brand in block.brands] == ["鹿皮匠", "辛皮记"]
    assert [person.name for person in block.people] == ["南星", "小棠"]
    assert block.people[0].agency_id == stage.agency.id
    assert block.platforms == ("douyin",)
    assert block.campaign.name == "双十一"
    assert block.setup_at == view.starts_at - timedelta(minutes=30)


def test_cancelled_ones_come_on_demand_and_one_studio_alone_where_asked(stage):
    view = stage.book()
    stage.act(closing.cancel, view.id, code="weather")
    assert board_of(stage).blocks == ()
    assert [block.id for block in board_of(stage, cancelled=True).blocks] == [view.id]
    alone = board_of(stage, cancelled=True, studio_ids=[stage.other_studio.id])
    assert alone.blocks == ()
    assert [studio.id for studio in alone.studios] == [stage.other_studio.id]


@pytest.mark.parametrize("role", ["brand", "agency", "host"])
def test_the_board_is_the_hubs_alone(stage, role):
    stage.book()
    scope = {"brand_id": stage.brand.id, "agency_id": stage.agency.id, "host_id": stage.signed.id}
    actor = Actor(kind="user", role=role, id=9, name="x", **{f"{role}_id": scope[f"{role}_id"]})
    with pytest.raises(Forbidden):
        board_of(stage, actor)


def test_the_wall_shows_what_is_agreed_and_due(stage):
    soon = stage.now().replace(microsecond=0) + timedelta(minutes=20)
    host = [{"host_id": stage.in_house.id}]
    first = stage.book(starts_at=soon, participants=host, hours=1, override={"reason": "x"})
    later = stage.book(
        starts_at=soon + timedelta(hours=5), participants=host, hours=1, override={"reason": "x"}
    )
    for view in (first, later):
        stage.act(answering.confirm, view.id)
    stage.book(
        starts_at=soon, studio_id=stage.other_studio.id, channels=[{"platform": "other"}],
        participants=[{"host_id": stage.independent.id}], override={"reason": "x"},
    )  # fmt: skip
    with stage.database.transaction(SYSTEM) as db:
        _now, lines = read_wall(db, SYSTEM)
    by_studio = {line.studio.id: line for line in lines}
    line = by_studio[stage.studio.id]
    assert (line.now.id, line.next.id) == (first.id, later.id)
    assert by_studio[stage.other_studio.id].now is None


def test_one_stale_move_of_several_moves_nothing(stage):
    view = stage.book()
    other = stage.book(starts_at=view.ends_at + timedelta(hours=1), override={"reason": "x"})
    by = timedelta(minutes=15)
    shifts = [
        Shift(view.id, 1, starts_at=view.starts_at + by),
        Shift(other.id, other.version + 1, starts_at=other.starts_at + by),
    ]
    with pytest.raises(Stale):
        stage.act(shift_all, shifts)
    with pytest.raises(Invalid):
        stage.act(shift_all, shifts[:1] * 2)
    assert [block.version for block in board_of(stage).blocks] == [view.version, other.version]


def test_a_try_sees_what_moving_for_real_would(stage):
    view = stage.book()
    other = stage.book(
        studio_id=stage.other_studio.id,
        participants=[{"host_id": stage.in_house.id}],
        channels=[{"platform": "kuaishou"}],
    )
    found = stage.act(try_all, [Shift(view.id, studio_id=stage.other_studio.id)])
    assert [one.session_id for one in found.hard] == [other.id]
    # Those who change places together are not in each other's way.
    both = [Shift(view.id, studio_id=stage.other_studio.id), Shift(other.id, studio_id=stage.studio.id)]
    assert stage.act(try_all, both).hard == ()
    done = stage.act(shift_all, both, reason="swap")
    assert [one.session.studio_id for one in done] == [stage.other_studio.id, stage.studio.id]
    back = stage.act(shift_all, [one.back for one in done], reason="back")
    assert [one.session.studio_id for one in back] == [stage.studio.id, stage.other_studio.id]
