"""Releases at the same moment: one stands and the other is refused; none waits in a circle with another verb."""

import threading
from datetime import timedelta

from campaign.kit.errors import Stale
from campaign.schedule import shifting, swapping
from campaign.schedule.errors import Conflicting
from campaign.schedule.plans.errors import ReleaseRefused
from tests.db.test_plans import counted, opened, put, release, session
from tests.factory import Factory
from tests.schedule_kit import Stage


def at_once(verbs):
    """Run all of them in threads of their own, started together: what each gave or raised, in order."""
    gate, ends = threading.Barrier(len(verbs)), [None] * len(verbs)

    def run(at):
        gate.wait()
        try:
            ends[at] = verbs[at]()
        except Exception as error:  # noqa: BLE001 - the test says which may be
            ends[at] = error

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(verbs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def test_two_releases_over_one_studio_at_once_one_stands_and_the_other_is_refused(committed_database):
    stage = Stage(Factory(committed_database))
    hosts = [stage.make.host(kind="in_house", name=f"主播{at}") for at in range(2)]
    accounts = [stage.make.account(name=f"号{at}") for at in range(2)]
    start = stage.given().starts_at

    def planned(turn, at):
        plan = opened(stage, name=f"{turn}-{at}")
        for day in range(3) if at else reversed(range(3)):
            put(
                stage,
                plan,
                "book",
                starts_at=start + timedelta(days=3 * turn + day),
                participants=[{"host_id": hosts[at].id}],
                channels=[{"platform": "douyin", "platform_account_id": accounts[at].id}],
            )
        return lambda: release(stage, plan).state

    for turn in range(6):
        verbs = [planned(turn, at) for at in range(2)]
        before = counted(stage, "notice")
        ends = at_once(verbs)
        lost = [end for end in ends if isinstance(end, Exception)]
        assert [type(one) for one in lost] == [ReleaseRefused], ends
        assert len(lost[0].troubles) == 3
        assert [end for end in ends if not isinstance(end, Exception)] == ["released"]
        # The hub, a brand and a host of the one that stands; nobody of the other.
        assert counted(stage, "notice") - before == 3


def test_releases_swaps_and_moves_that_pass_each_other_end_without_a_deadlock(committed_database):
    stage = Stage(Factory(committed_database))
    day = timedelta(days=1)
    start = stage.given().starts_at
    stood = [stage.book(title=str(at), starts_at=start + at * day) for at in range(4)]

    def planned():
        """Every session one day on, the last to the first day: all of them change places."""
        plan = opened(stage)
        for at, one in enumerate(stood):
            there = session(stage, stood[(at + 1) % 4].id)
            put(stage, plan, "change", one, starts_at=there.starts_at, ends_at=there.ends_at)
        return lambda: release(stage, plan)

    def swapped():
        return stage.act(swapping.swap, stood[3].id, stood[0].id, what="times")

    def shifted():
        shifts = [
            shifting.Shift(session_id=one.id, studio_id=stage.other_studio.id) for one in reversed(stood)
        ]
        return stage.act(shifting.shift_all, shifts)

    ends = [end for _ in range(5) for end in at_once([planned(), swapped, planned(), shifted])]
    allowed = (ReleaseRefused, Stale, Conflicting)
    assert [end for end in ends if isinstance(end, Exception) and not isinstance(end, allowed)] == []
    assert sum(not isinstance(end, Exception) for end in ends) >= 5
    assert {session(stage, one.id).starts_at for one in stood} == {start + at * day for at in range(4)}


def test_releases_that_move_into_each_others_places_do_not_wait_in_a_circle(committed_database):
    """Without one turn for all of it, each waits for the places that the other gives up: the database says deadlock."""
    stage = Stage(Factory(committed_database))
    start = stage.given().starts_at
    stood = [stage.book(title=str(at), starts_at=start + timedelta(days=at)) for at in range(4)]

    def planned(*moves):
        plan = opened(stage)
        for one, to in moves:
            put(stage, plan, "change", stood[one], starts_at=stood[to].starts_at, ends_at=stood[to].ends_at)
        return lambda: release(stage, plan)

    for _ in range(4):
        ends = at_once([planned((0, 2), (1, 3)), planned((2, 0), (3, 1))])
        # Neither moves its own alone into what the other still has.
        assert [type(end) for end in ends] == [ReleaseRefused] * 2, ends
