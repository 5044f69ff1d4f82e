"""Which show sold a line: the ladder room → author → shop's live account → a visible bucket. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaign.sales.lines import Line

GRACE = timedelta(minutes=10)
"""Buyers pay and order on after the host has said goodbye; ends at the next start on that account."""

NOT_LIVE = frozenset(("video", "card", "shelf", "search", "other"))


@dataclass(frozen=True)
class Shift:
    """A host's span within a show. Assistants sell for the host beside them and hold no shift."""

    host_id: int
    agency_id: int | None
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Airing:
    """One show on one channel, as far as attribution needs it: on air [starts_at, ends_at).

    Times are the actual ones, else the planned. `firm` is False for shows that are not known to have been
    on air: a firm one on the same account goes before.
    """

    session_id: int
    platform: str
    author_id: str | None
    shop_id: int | None
    room_ids: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    firm: bool = True
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True)
class Placement:
    """Where a line counts. bucket is live, unattributed or outside_live; rung says why."""

    bucket: str
    rung: str
    session_id: int | None = None
    provisional: bool = False
    host_id: int | None = None
    agency_id: int | None = None


UNATTRIBUTED = Placement("unattributed", "unattributed")
OUTSIDE_LIVE = Placement("outside_live", "outside_live")


class Airings:
    """The airings that may matter for a batch of lines, with the end of each grace worked out."""

    def __init__(self, airings: Iterable[Airing]) -> None:
        self._rooms: dict[tuple[str, str], list[Airing]] = {}
        self._authors: dict[tuple[str, str], list[Airing]] = {}
        self._shops: dict[int, list[Airing]] = {}
        self._sessions: dict[int, list[Airing]] = {}
        for airing in airings:
            self._sessions.setdefault(airing.session_id, []).append(airing)
            for room in airing.room_ids:
                self._rooms.setdefault((airing.platform, room), []).append(airing)
            if airing.author_id is not None:
                self._authors.setdefault((airing.platform, airing.author_id), []).append(airing)
            if airing.shop_id is not None:
                self._shops.setdefault(airing.shop_id, []).append(airing)

    def place(self, line: Line, platform: str, shop_id: int, fixed_session: int | None = None) -> Placement:
        """The first rung that holds. `fixed_session` is a hub's own assignment above the ladder, as long as that
        session stands.
        """
        if line.ordered_at is None:
            return UNATTRIBUTED
        if fixed_session is not None and (fixed := self._sessions.get(fixed_session)):
            return _placed(line.ordered_at, fixed_session, fixed, "manual")
        if line.room_id is not None:
            by_room = _nearest(self._rooms.get((platform, line.room_id), ()), line.ordered_at)
            if by_room is not None:
                return _placed(line.ordered_at, by_room.session_id, (by_room,), "room")
        if line.traffic in NOT_LIVE:
            return OUTSIDE_LIVE
        provisional = line.traffic != "live"
        if line.author_id is not None:
            by_author = _on_air(self._authors.get((platform, line.author_id), ()), line.ordered_at)
            if by_author is not None:
                return _placed(line.ordered_at, by_author.session_id, (by_author,), "author", provisional)
        else:
            # An author we know of is another account's sale; the shop's own show only takes what names none.
            by_shop = _on_air(self._shops.get(shop_id, ()), line.ordered_at)
            if by_shop is not None:
                return _placed(line.ordered_at, by_shop.session_id, (by_shop,), "shop", provisional)
        return UNATTRIBUTED


def _on_air(airings: Sequence[Airing], at: datetime) -> Airing | None:
    """The airing of one account whose window [start, end + grace) holds the moment.

    Grace ends at the next start on that account: a show on air goes before one in its grace. A firm show goes
    before one nobody confirmed, whose start may never have happened.
    """
    begun = [airing for airing in airings if airing.starts_at <= at < airing.ends_at + GRACE]
    return max(begun, key=lambda a: (a.firm, at < a.ends_at, a.starts_at, a.session_id), default=None)


def _nearest(airings: Sequence[Airing], at: datetime) -> Airing | None:
    """Of the shows that name a room, the one on air then, else the one nearest in time."""
    if not airings:
        return None
    return min(airings, key=lambda a: (_distance(a, at), not a.firm, a.session_id))


def _distance(airing: Airing, at: datetime) -> timedelta:
    if at < airing.starts_at:
        return airing.starts_at - at
    return max(timedelta(0), at - airing.ends_at)


def _placed(
    at: datetime, session_id: int, airings: Sequence[Airing], rung: str, provisional: bool = False
) -> Placement:
    shift = _on_shift(airings[0].shifts, at) if airings else None
    if shift is None:
        return Placement("live", rung, session_id, provisional)
    return Placement("live", rung, session_id, provisional, shift.host_id, shift.agency_id)


def _on_shift(shifts: Sequence[Shift], at: datetime) -> Shift | None:
    """The one host on shift; None where nobody or more than one was: such a line is shared.

    Shifts are planned, the show may start early or overrun: the first and the last shift cover that.
    """
    if not shifts:
        return None
    first = min(shift.starts_at for shift in shifts)
    last = max(shift.ends_at for shift in shifts)
    moment = min(max(at, first), last - timedelta.resolution)
    on = [shift for shift in shifts if shift.starts_at <= moment < shift.ends_at]
    return on[0] if len({shift.host_id for shift in on}) == 1 else None
