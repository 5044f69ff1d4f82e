"""A show on air is handed over: one tap parts two shifts and the sales with them; it can be moved and taken back."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from campaign.insight.tallies import Scope, totals_by
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.errors import Invalid, Stale, WrongState
from campaign.live import correcting, handing_over, handovers, running
from campaign.live.handovers import (
    AlreadyOnShift,
    HandedOnSince,
    HandoverWithdrawn,
    NotOnShift,
    ShiftsChanged,
)
from campaign.sales.ingest import Source, ingest
from campaign.sales.placing import due_for_placing, reattribute
from campaign.sales.submissions import prepared
from campaign.schedule import answering, changing, queries
from campaign.schedule.schemas import CorrectionIn, SessionChange
from tests.db.test_plan_races import at_once
from tests.factory import HUB, Factory
from tests.sales_kit import assert_reconciled, fold_all, told_line
from tests.schedule_kit import Stage

MIN, HOUR, SECOND = timedelta(minutes=1), timedelta(hours=1), timedelta(seconds=1)
TICK = timedelta.resolution


def at(stage, moment):
    return clock.travel(moment - stage.now())


class Show:
    """Planned: 小棠 for the first hour and a half, 小满 for the second; on air since the start."""

    def __init__(self, stage):
        self.stage = stage
        self.first, self.second = stage.in_house, stage.make.host(kind="in_house", name="小满")
        self.third = stage.make.host(kind="in_house", name="小雪")
        self.starts = stage.now().replace(second=0, microsecond=0) + 2 * HOUR
        self.turn, self.ends = self.starts + 90 * MIN, self.starts + 180 * MIN
        made = stage.book(
            starts_at=self.starts,
            participants=[
                {"host_id": self.first.id, "to": self.turn},
                {"host_id": self.second.id, "from": self.turn},
            ],
        )
        stage.act(answering.confirm, made.id)
        with at(stage, self.starts):
            stage.act(running.go_live, made.id)
        self.id = made.id
        self._sold = 0

    def hand(self, moment, host, **more):
        with at(self.stage, moment):
            return self.stage.act(handing_over.hand_over, self.id, host_id=host.id, **more)

    def move(self, mark, moment, when=None, **more):
        with at(self.stage, when or self.ends):
            return self.stage.act(handing_over.move_handover, self.id, mark.id, at=moment, **more)

    def withdraw(self, mark, when=None, **more):
        with at(self.stage, when or self.ends):
            return self.stage.act(handing_over.withdraw_handover, self.id, mark.id, **more)

    def shifts(self):
        view = self.stage.act(queries.get_session, self.id)
        return [(one.host_id, one.starts_at, one.ends_at) for one in view.participants]

    def marks(self):
        return self.stage.act(handovers.handovers_of, self.id)

    def sell(self, *moments, fen=100):
        given = []
        for moment in moments:
            self._sold += 1
            key = f"{self._sold}"
            given.append(
                told_line(self._sold, line_id=key, event_id=key, ordered_at=moment.isoformat(), paid_fen=fen,
                          paid_at=moment.isoformat(), author_id=self.stage.account.external_id, traffic="live")
            )  # fmt: skip
        with at(self.stage, self.ends + HOUR), self.stage.database.transaction(SYSTEM) as db:
            taken, refused = prepared(given, salt=b"s")
            assert ingest(db, SYSTEM, taken, Source("push", 5), refused).rejected == []
        fold_all(self.stage.database)

    def place(self):
        """As the worker does when it is woken."""
        with at(self.stage, self.ends + HOUR), self.stage.database.transaction(SYSTEM) as db:
            assert self.id in due_for_placing(db, SYSTEM)
            moved = reattribute(db, SYSTEM, self.id)
        fold_all(self.stage.database)
        assert_reconciled(self.stage.database)
        return moved

    def sold(self):
        """Fen by host, by the lines themselves and by the rollups: the same."""
        with self.stage.database.transaction(SYSTEM) as db:
            lines = db.execute(text("SELECT host_id, sum(paid_fen)::bigint FROM order_line GROUP BY 1")).all()
            kept = totals_by(db, SYSTEM, Scope(session_id=self.id), "host")
        by_line = dict(map(tuple, lines))
        assert {int(key): one[0].paid_gmv_fen for key, one in kept.items()} == by_line
        return by_line


@pytest.fixture
def show(stage):
    return Show(stage)


def test_one_tap_parts_two_shifts_and_the_sales_to_the_fen_and_the_instant(show):
    tapped = show.starts + 60 * MIN
    show.sell(tapped - SECOND, tapped - TICK, fen=1)
    show.sell(tapped, tapped + 20 * MIN, fen=10)
    show.sell(show.turn, fen=100)
    assert show.sold() == {show.first.id: 22, show.second.id: 100}
    mark = show.hand(tapped + timedelta(milliseconds=700), show.second)
    assert (mark.at, mark.left_host_id, mark.came_host_id) == (tapped, show.first.id, show.second.id)
    assert (mark.made_by, mark.planned, mark.stands) == (HUB.name, True, True)
    assert show.shifts() == [(show.first.id, show.starts, tapped), (show.second.id, tapped, show.ends)]
    assert show.place() == 2
    assert show.sold() == {show.first.id: 2, show.second.id: 120}
    # What comes later finds the same shifts, at the very instant the new one's.
    show.sell(tapped - TICK, tapped, fen=1000)
    assert show.sold() == {show.first.id: 1002, show.second.id: 1120}


def test_it_is_moved_and_taken_back_and_the_sales_with_it(show):
    tapped, really = show.starts + 60 * MIN, show.starts + 50 * MIN
    show.sell(really - TICK, really, tapped - TICK, tapped, show.turn)
    mark = show.hand(tapped, show.second)
    show.place()
    assert show.sold() == {show.first.id: 300, show.second.id: 200}
    moved = show.move(mark, really, reason="按晚了")
    assert (moved.at, moved.rev, moved.changed_by, moved.reason) == (really, 2, HUB.name, "按晚了")
    show.place()
    assert show.sold() == {show.first.id: 100, show.second.id: 400}
    with pytest.raises(Stale):
        show.withdraw(mark, expected_rev=1)
    gone = show.withdraw(mark)
    assert (gone.stands, gone.withdrawn_by, gone.made_by) == (False, HUB.name, HUB.name)
    show.place()
    assert show.sold() == {show.first.id: 400, show.second.id: 100}
    assert show.shifts() == [(show.first.id, show.starts, show.turn), (show.second.id, show.turn, show.ends)]
    # Taken back twice it is taken back once; and it moves no more.
    assert show.withdraw(mark).rev == gone.rev
    with pytest.raises(HandoverWithdrawn):
        show.move(mark, tapped)


def test_tapped_after_the_planned_hour_the_first_was_on_until_then(show):
    late = show.turn + 10 * MIN
    show.sell(show.turn, late - TICK, late)
    show.hand(late, show.second)
    assert show.shifts() == [(show.first.id, show.starts, late), (show.second.id, late, show.ends)]
    show.place()
    assert show.sold() == {show.first.id: 200, show.second.id: 100}


def test_a_host_with_no_planned_shift_comes_until_the_others_end_and_goes_again(show):
    tapped = show.starts + 60 * MIN
    mark = show.hand(tapped, show.third)
    assert not mark.planned
    assert show.shifts() == [
        (show.first.id, show.starts, tapped),
        (show.third.id, tapped, show.turn),
        (show.second.id, show.turn, show.ends),
    ]
    show.sell(tapped - TICK, tapped, show.turn)
    assert show.sold() == {show.first.id: 100, show.third.id: 100, show.second.id: 100}
    show.withdraw(mark)
    assert show.shifts() == [(show.first.id, show.starts, show.turn), (show.second.id, show.turn, show.ends)]
    show.place()
    assert show.sold() == {show.first.id: 200, show.second.id: 100}


def test_the_last_host_hands_over_past_the_planned_end_and_the_show_grows_longer_after(show):
    over = show.ends + 10 * MIN
    show.sell(over - TICK, over, over + 20 * MIN)
    mark = show.hand(over, show.third)
    show.place()
    assert show.sold() == {show.second.id: 100, show.third.id: 200}
    with at(show.stage, over + 5 * MIN):
        show.stage.act(
            changing.change, show.id, SessionChange(ends_at=show.ends + 8 * MIN, override={"reason": "x"})
        )
    assert [host for host, *_ in show.shifts()] == [show.first.id, show.second.id, show.third.id]
    assert show.shifts()[2][1] == over
    # Later than it was tapped, past what the shift was made for.
    moved = show.move(mark, over + 7 * MIN, over + 30 * MIN)
    show.place()
    assert show.sold() == {show.second.id: 200, show.third.id: 100}
    show.withdraw(moved, over + 30 * MIN)
    show.place()
    assert show.sold() == {show.second.id: 300}


def test_a_show_that_began_early_is_handed_over_before_its_planned_start(stage):
    show = Show(stage)
    with at(stage, show.starts + MIN):
        given = CorrectionIn(reason="早开播", actual_starts_at=show.starts - 20 * MIN)
        stage.act(correcting.correct, show.id, given)
    early = show.starts - 5 * MIN
    show.sell(early - TICK, early)
    mark = show.hand(show.starts + 2 * MIN, show.second, at=early)
    assert show.shifts()[0] == (show.first.id, show.starts - 20 * MIN, early)
    show.place()
    assert show.sold() == {show.first.id: 100, show.second.id: 100}
    show.withdraw(mark)
    assert show.shifts()[0] == (show.first.id, show.starts, show.turn)


def test_the_same_tap_again_is_the_same_hand_over(show):
    tapped = show.starts + 60 * MIN
    first = show.hand(tapped, show.second)
    again = show.hand(tapped + 5 * MIN, show.second)
    assert (again.id, again.at) == (first.id, tapped)
    assert len(show.marks()) == 1
    with pytest.raises(AlreadyOnShift):
        show.hand(tapped + 6 * MIN, show.second, at=tapped + 5 * MIN)
    with pytest.raises(NotOnShift):
        show.hand(tapped + 6 * MIN, show.third, left_host_id=show.first.id)


@pytest.mark.parametrize("who", ["same", "others"])
def test_two_taps_at_once_make_one_hand_over_of_one_shift(committed_database, who):
    """The buttons of two phones, drawn while 小棠 was on: the second finds her gone, or the same one come."""
    show = Show(Stage(Factory(committed_database)))
    hosts = (show.second, show.second if who == "same" else show.third)

    def pressed(host):
        given = {"host_id": host.id, "left_host_id": show.first.id}
        return lambda: show.stage.act(handing_over.hand_over, show.id, **given).id

    with at(show.stage, show.starts + 60 * MIN):
        ends = at_once([pressed(host) for host in hosts])
    (mark,) = show.marks()
    told = [type(end) if isinstance(end, Exception) else end for end in ends]
    assert mark.id in told
    assert set(told) == ({mark.id} if who == "same" else {mark.id, NotOnShift})
    assert show.shifts()[0] == (show.first.id, show.starts, mark.at)


def test_of_several_on_air_it_must_be_said_who_leaves(stage):
    other, third = (stage.make.host(kind="in_house", name=name) for name in ("小满", "小雪"))
    starts = stage.now().replace(second=0, microsecond=0) + 2 * HOUR
    made = stage.book(starts_at=starts, participants=[{"host_id": stage.in_house.id}, {"host_id": other.id}])
    stage.act(answering.confirm, made.id)
    with at(stage, starts):
        stage.act(running.go_live, made.id)
    with at(stage, starts + HOUR):
        with pytest.raises(Invalid) as refused:
            stage.act(handing_over.hand_over, made.id, host_id=third.id)
        assert [(one.field, one.code) for one in refused.value.errors] == [("left_host_id", "missing")]
        mark = stage.act(handing_over.hand_over, made.id, host_id=third.id, left_host_id=other.id)
        with pytest.raises(NotOnShift):
            stage.act(handing_over.hand_over, made.id, host_id=third.id, left_host_id=third.id)
    shifts = [
        (one.host_id, one.starts_at, one.ends_at)
        for one in stage.act(queries.get_session, made.id).participants
    ]
    assert (third.id, mark.at, starts + 3 * HOUR) in shifts
    assert (stage.in_house.id, starts, starts + 3 * HOUR) in shifts


def test_an_assistant_who_takes_over_assists_no_longer_until_it_is_taken_back(stage):
    other = stage.make.host(kind="in_house", name="小满")
    starts = stage.now().replace(second=0, microsecond=0) + 2 * HOUR
    made = stage.book(
        starts_at=starts,
        participants=[{"host_id": stage.in_house.id}, {"host_id": other.id, "role": "assistant"}],
    )
    stage.act(answering.confirm, made.id)
    with at(stage, starts):
        stage.act(running.go_live, made.id)

    def roles():
        view = stage.act(queries.get_session, made.id)
        return {(one.host_id, one.role, one.starts_at, one.ends_at) for one in view.participants}

    before, tapped, ends = roles(), starts + HOUR, starts + 3 * HOUR
    with at(stage, tapped):
        mark = stage.act(handing_over.hand_over, made.id, host_id=other.id)
        assert roles() == {
            (stage.in_house.id, "host", starts, tapped),
            (other.id, "assistant", starts, tapped),
            (other.id, "host", tapped, ends),
        }
        stage.act(handing_over.withdraw_handover, made.id, mark.id)
    assert roles() == before


def test_of_two_in_a_row_the_later_is_taken_back_first_and_none_crosses_the_other(show):
    one, two = show.starts + 30 * MIN, show.starts + 60 * MIN
    first = show.hand(one, show.third)
    second = show.hand(two, show.second)
    with pytest.raises(HandedOnSince):
        show.withdraw(first)
    for moment in (two, two + MIN, show.starts - HOUR):
        with pytest.raises(Invalid):
            show.move(first, moment)
    with pytest.raises(Invalid):
        show.move(second, one)
    with pytest.raises(Invalid):
        show.hand(two + MIN, show.first, at=one)
    show.move(first, one + 5 * MIN)
    show.withdraw(second)
    assert show.shifts()[:2] == [
        (show.first.id, show.starts, one + 5 * MIN),
        (show.third.id, one + 5 * MIN, show.turn),
    ]
    show.withdraw(first)
    assert show.shifts() == [(show.first.id, show.starts, show.turn), (show.second.id, show.turn, show.ends)]


def test_there_is_none_before_or_after_the_show_and_none_ahead(show):
    stage = show.stage
    planned = stage.book(starts_at=show.ends + 5 * HOUR, participants=[{"host_id": show.third.id}])
    stage.act(answering.confirm, planned.id)
    with pytest.raises(WrongState):
        stage.act(handing_over.hand_over, planned.id, host_id=show.first.id)
    with pytest.raises(Invalid):
        show.hand(show.starts + HOUR, show.second, at=show.starts + 2 * HOUR)
    with pytest.raises(Invalid):
        show.hand(show.starts + HOUR, show.second, at=show.starts - HOUR)
    mark = show.hand(show.starts + HOUR, show.second)
    with at(stage, show.ends):
        stage.act(running.end, show.id)
    with pytest.raises(WrongState):
        show.hand(show.ends + MIN, show.third)
    # Afterwards it can still be set right, within the show; the review is no reason that it cannot.
    with pytest.raises(Invalid):
        show.move(mark, show.ends, show.ends + HOUR)
    with at(stage, show.ends + HOUR):
        stage.act(correcting.review, show.id, text="好")
    assert show.move(mark, mark.at - MIN, show.ends + HOUR).at == mark.at - MIN


def test_shifts_that_a_correction_put_elsewhere_are_not_touched_and_handed_over_anew(show):
    mark, other = show.hand(show.starts + HOUR, show.second), show.starts + 2 * HOUR
    people = [
        {"host_id": show.first.id, "to": show.ends - MIN},
        {"host_id": show.second.id, "from": show.ends - MIN},
    ]
    with at(show.stage, show.starts + 70 * MIN):
        show.stage.act(correcting.correct, show.id, CorrectionIn(reason="按错", participants=people))
    before = show.shifts()
    assert not show.marks()[0].stands
    with pytest.raises(ShiftsChanged):
        show.move(mark, mark.at - MIN)
    show.withdraw(mark)
    assert show.shifts() == before
    again = show.hand(other, show.second)
    with at(show.stage, other + MIN):
        show.stage.act(correcting.correct, show.id, CorrectionIn(reason="按错", participants=people))
    # The one that no longer parts anything is taken back by the next.
    third = show.hand(other + 2 * MIN, show.third)
    assert {one.id: one.stands for one in show.marks()} == {mark.id: False, again.id: False, third.id: True}
    assert {one.id: one.reason for one in show.marks()}[again.id] == "shifts_changed"
