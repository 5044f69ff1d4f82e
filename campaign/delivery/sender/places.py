"""How many calls may be under way at once for all endpoints together: no more than there are file descriptors for.

As long as there are enough nobody is held up here. When they grow scarce each agency may have as many as are left free,
so that one whose receivers hang leaves room for all others, and its endpoints share what is its.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)

MOST = 4096
# For what is no call: connections to the database, look-ups of names, mail, the loop itself.
_KEPT_BACK = 64
# A connection, and for an instant the socket that it was made of; or the two of a name with addresses of both kinds.
_EACH = 2
_FOR_NOTICES = 8
# As long as three quarters are free an endpoint may have this part of all, however many there are.
_PLENTY = 16
REST_SECONDS = 1.0


class Waits(Protocol):
    """A lane, as far as it is known here."""

    agency_id: int

    def pump(self) -> None:
        """Start what it may."""


@dataclass(slots=True)
class _Agency:
    """Calls under way of all its endpoints and of each, and who waits for a place, in turn."""

    taken: int = 0
    lanes: dict[Waits, int] = field(default_factory=dict)
    waiting: dict[Waits, None] = field(default_factory=dict)


def shares(descriptors: int) -> tuple[int, int]:
    """With so many file descriptors: how many calls to endpoints at once, and how many notices."""
    both = max(2, min(MOST, (descriptors - _KEPT_BACK) // _EACH))
    notices = max(1, both // _FOR_NOTICES)
    return both - notices, notices


class Places:
    """So many places for calls, among lanes that have work."""

    def __init__(self, most: int) -> None:
        self._most = self._free = most
        self._agencies: dict[int, _Agency] = {}
        self._turns: dict[int, None] = {}
        self._rests = False

    def enter(self, lane: Waits) -> None:
        """It has work from now on."""
        self._agencies.setdefault(lane.agency_id, _Agency()).lanes.setdefault(lane, 0)

    def leave(self, lane: Waits) -> None:
        """It has none any more, and no call either."""
        agency = self._agencies.get(lane.agency_id)
        if agency is None or lane not in agency.lanes:
            return
        del agency.lanes[lane]
        agency.waiting.pop(lane, None)
        if not agency.lanes:
            del self._agencies[lane.agency_id]
            self._turns.pop(lane.agency_id, None)

    def take(self, lane: Waits) -> bool:
        """Take a place for one call. Where there is none the lane is pumped as soon as there is."""
        agency = self._agencies[lane.agency_id]
        if self._rests or not self._may(agency, lane):
            agency.waiting[lane] = None
            self._turns[lane.agency_id] = None
            return False
        self._free -= 1
        agency.taken += 1
        agency.lanes[lane] += 1
        return True

    def give(self, lane: Waits) -> None:
        """A call of it has ended."""
        agency = self._agencies[lane.agency_id]
        self._free += 1
        agency.taken -= 1
        agency.lanes[lane] -= 1
        if lane.agency_id in self._turns:
            # It had one: the others come before it.
            del self._turns[lane.agency_id]
            self._turns[lane.agency_id] = None
        self._serve()

    def rest(self) -> None:
        """A call ended by what is wrong here, most likely no file descriptor: begin none for a moment."""
        if not self._rests:
            self._rests = True
            log.warning("sender_rests", calls=self._most - self._free)
            asyncio.get_running_loop().call_later(REST_SECONDS, self._go_on)

    def _go_on(self) -> None:
        self._rests = False
        self._serve()

    def _may(self, agency: _Agency, lane: Waits) -> bool:
        if agency.taken >= self._free:
            return False
        share = max(1, self._most // (len(self._agencies) + 1) // len(agency.lanes))
        if self._free > self._most * 3 // 4:
            share = max(share, self._most // _PLENTY)
        return agency.lanes[lane] < share

    def _serve(self) -> None:
        """Each that waits has one turn at most, agency by agency."""
        if self._rests:
            return
        for agency_id in list(self._turns):
            if not self._free:
                return
            agency = self._agencies[agency_id]
            for lane in list(agency.waiting):
                if agency.taken >= self._free:
                    break
                del agency.waiting[lane]
                lane.pump()
            # Who was served comes last the next time.
            self._turns.pop(agency_id, None)
            if agency.waiting:
                self._turns[agency_id] = None
