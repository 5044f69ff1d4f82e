"""A lane holds no more than it can send before what it holds is given back: a backlog always comes to its end."""

import asyncio
import heapq
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from campaign.delivery.sender import lanes
from campaign.delivery.sender.claims import AHEAD, LEASE, Claimed, Target
from campaign.delivery.sender.lanes import Lane
from campaign.delivery.sender.places import Places
from campaign.kit.outgoing import TOTAL_SECONDS

START = datetime(2026, 11, 11, tzinfo=UTC)


class Travelling(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to what is due next."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            # A little further each time, as clocks do: what is due "now" is not for ever.
            self.now = max(self.now + 1e-6, self._scheduled[0]._when)  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def drained(
    monkeypatch: Any,
    target: Target,
    *,
    seconds: int,
    took: float = 0.05,
    aged: bool = True,
    pays: bool = False,
) -> tuple[list[int], int]:
    """What a lane sends of sixty that are due, in that order, and how many it gives back unsent.

    As it once was: what is given back goes to the end where it is not `aged`, and `pays` with a turn of its endpoint.
    """
    sent: list[int] = []
    back = 0
    loop = Travelling()
    monkeypatch.setattr(lanes.time, "monotonic", loop.time)
    due = [(0.0, number) for number in range(60)]

    def at() -> datetime:
        return START + timedelta(seconds=loop.now)

    async def send(_: Target, claimed: Claimed) -> bool:
        nonlocal back
        if claimed.until - at() <= timedelta(seconds=TOTAL_SECONDS + 1):
            back += 1
            lane._tokens -= pays
            heapq.heappush(due, (0.0 if aged else loop.now, claimed.id))
            return False
        sent.append(claimed.id)
        await asyncio.sleep(took)
        lane.took(took)
        loop.call_soon(lane.land, claimed.id)
        return True

    def claim(*_: int) -> None:
        room = lane.room
        taken = [heapq.heappop(due)[1] for _ in range(min(room, len(due)))]
        for number in taken:
            lane.add(Claimed(date(2026, 11, 11), number, 1, 1, number, 0, b"", 1, at() + LEASE, False))
        lane.has_more = len(taken) == room > 0
        lane.pump()

    async def run() -> None:
        for _ in range(seconds):
            claim()
            await asyncio.sleep(1)

    lane = Lane(target, send, lambda _: loop.call_soon(claim) and None, Places(100))
    loop.run_until_complete(run())
    loop.close()
    return sent, back


def endpoint(per_second: int, max_in_flight: int = 4) -> Target:
    return Target(1, "https://hooks.example/", 1, max_in_flight, per_second, True)


@pytest.mark.parametrize(("per_second", "places"), [(1, 4), (1, 64), (2, 8), (7, 64)])
def test_a_low_rate_drains_in_order_and_gives_nothing_back(
    monkeypatch: pytest.MonkeyPatch, per_second: int, places: int
) -> None:
    target = endpoint(per_second, places)
    sent, back = drained(monkeypatch, target, seconds=60 // per_second + 5)
    assert (sent, back) == (list(range(60)), 0)


@pytest.mark.parametrize("took", [5.0, 10.0, 15.0])
def test_a_slow_receiver_is_given_them_in_order(monkeypatch: pytest.MonkeyPatch, took: float) -> None:
    # Before it was seen how slow it is, more was taken than could be sent: those come back, and are next.
    sent, back = drained(monkeypatch, endpoint(50), seconds=round(60 / 4 * took) + 20, took=took)
    assert sent == list(range(60))
    assert back <= 4 * AHEAD


@pytest.mark.parametrize("pays", [False, True])
def test_without_the_bound_what_a_low_rate_holds_grows_too_old(
    monkeypatch: pytest.MonkeyPatch, pays: bool
) -> None:
    # Negative control: with room for as many as places alone would allow. Where each pays with a turn, few are sent.
    monkeypatch.setattr(lanes.Lane, "most", property(lambda lane: lane.target.max_in_flight * AHEAD))
    sent, back = drained(monkeypatch, endpoint(1), seconds=120, aged=False, pays=pays)
    assert sent != list(range(60))
    assert back > (60 if pays else 0)
    assert (len(sent) < 30) is pays


def test_what_goes_to_the_end_of_the_line_when_it_is_given_back_comes_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Negative control: younger ones pass it by.
    sent, _ = drained(monkeypatch, endpoint(50), seconds=200, took=10.0, aged=False)
    assert sent != sorted(sent)
