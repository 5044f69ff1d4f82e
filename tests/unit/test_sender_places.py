"""Where there are not file descriptors for all calls, agencies and endpoints share what there is."""

import asyncio

import pytest

from campaign.delivery.sender import places
from campaign.delivery.sender.places import Places, shares


class Lane:
    """One endpoint that has always work, and whose calls end when they are told to."""

    def __init__(self, of: Places, agency_id: int, places_of_its_own: int = 64) -> None:
        self.of, self.agency_id, self.most = of, agency_id, places_of_its_own
        self.calls = 0
        of.enter(self)

    def pump(self) -> None:
        while self.calls < self.most and self.of.take(self):
            self.calls += 1

    def end(self, calls: int = 1) -> None:
        for _ in range(calls):
            self.calls -= 1
            self.of.give(self)


@pytest.mark.parametrize(
    ("descriptors", "both"), [(65_536, 4096), (20_000, 4096), (1024, 480), (96, 16), (64, 2), (10, 2)]
)
def test_calls_and_notices_take_what_descriptors_allow(descriptors: int, both: int) -> None:
    calls, notices = shares(descriptors)
    assert (calls + notices, calls >= 1, notices >= 1) == (both, True, True)
    assert descriptors < 100 or 2 * both + 64 <= descriptors


def test_an_agency_that_hangs_leaves_half_and_the_next_two_have_theirs_at_once() -> None:
    of = Places(60)
    hangs = [Lane(of, 1) for _ in range(9)]
    for lane in hangs:
        lane.pump()
    assert [lane.calls for lane in hangs] == [3] * 9
    more = [Lane(of, 1) for _ in range(9)]
    for lane in more:
        lane.pump()
    assert sum(lane.calls for lane in (*hangs, *more)) == 30
    second, third = Lane(of, 2), Lane(of, 3)
    second.pump()
    third.pump()
    assert (second.calls, third.calls) == (15, 8)


def test_with_room_for_all_nobody_is_held_up() -> None:
    of = Places(4000)
    lanes = [Lane(of, agency, 8) for agency in range(3) for _ in range(30)]
    for lane in lanes:
        lane.pump()
    assert {lane.calls for lane in lanes} == {8}


def test_what_is_free_again_goes_to_who_waits_in_turn() -> None:
    of = Places(1)
    first, second, third = (Lane(of, agency) for agency in (1, 2, 3))
    for lane in (first, second, third):
        lane.pump()
    seen = []
    for _ in range(9):
        at_work = next(lane for lane in (first, second, third) if lane.calls)
        seen.append(at_work.agency_id)
        at_work.end()
        at_work.pump()
    assert seen == [1, 2, 3] * 3


def test_who_has_nothing_more_to_send_is_not_counted() -> None:
    of = Places(40)
    gone = [Lane(of, 1) for _ in range(5)]
    for lane in gone:
        lane.pump()
    assert sum(lane.calls for lane in gone) == 20
    for lane in gone:
        lane.most = 0
        lane.end(lane.calls)
        of.leave(lane)
        of.leave(lane)
    alone = Lane(of, 2)
    alone.pump()
    assert alone.calls == 20


def test_after_a_fault_of_ours_none_begins_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "REST_SECONDS", 0.05)

    async def run() -> tuple[int, int]:
        of = Places(10)
        lane = Lane(of, 1, 2)
        of.rest()
        of.rest()
        lane.pump()
        before = lane.calls
        async with asyncio.timeout(5):
            while not lane.calls:
                await asyncio.sleep(0.01)
        return before, lane.calls

    assert asyncio.run(run()) == (0, 2)
