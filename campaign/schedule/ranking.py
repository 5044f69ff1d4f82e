"""Which free place is best: prime time, the host's fit, least disruption of what stands. Pure.

Points add up to 100: 45 for prime time, 25 for hosts who know the brand, 10 for their rest, 20 for places that leave no
odd ends. Reasons are codes, worded at the edge.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from campaign.schedule.alternatives import Room, Slot
from campaign.schedule.spans import Span, gaps

STEP = timedelta(minutes=30)
SHORTEST_USE = timedelta(minutes=60)
"""What is left beside a show serves another only when this much fits in with set-up and tear-down."""

_PRIME, _FIT, _REST, _ORDER = 45, 25, 10, 20


@dataclass(frozen=True)
class Reason:
    """One thing that speaks for a place, or against it (good False)."""

    code: str
    good: bool
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ranked(Slot):
    """A free place with its points, 0 to 100, and what they rest on."""

    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Prime:
    """The hours that sell best, by the hub's clocks; until at or before `since` lies on the next day."""

    since: time = time(19)
    until: time = time(23)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Prime":
        """hub.settings.prime {"from", "to"}; what it does not understand is left at its default."""
        given = settings.get("prime")
        try:
            return cls(time.fromisoformat(given["from"]), time.fromisoformat(given["to"]))  # type: ignore[index]
        except (TypeError, KeyError, ValueError):
            return cls()

    def spans(self, within: Span, zone: ZoneInfo) -> list[Span]:
        """Its hours on each day that touches `within`, in UTC."""
        return list(_daily(self.since, self.until, within, zone))


@dataclass(frozen=True)
class Fit:
    """How often the wanted hosts sold the brand before, or its kind of goods: the least of them counts."""

    brand: int = 0
    category: int = 0

    @property
    def points(self) -> int:
        if self.brand:
            return min(15 + self.brand, _FIT)
        return min(2 * self.category, 10)


@dataclass(frozen=True)
class Scene:
    """What places are weighed against. busy: when the hosts are taken; rest: the pause they should have."""

    prime: Sequence[Span]
    busy: Sequence[Span] = ()
    rest: timedelta = timedelta(minutes=30)
    fit: Fit | None = None


class _Hour(NamedTuple):
    """What a time is worth in any studio: prime in ten-thousandths of the show."""

    session: Span
    prime: int
    rested: bool
    points: int


class _Place(NamedTuple):
    """A place weighed: prime in ten-thousandths of the show; before and after: tight | open | odd."""

    studio_id: int
    session: Span
    prime: int
    rested: bool
    before: str
    after: str
    points: int


_PAD = timedelta(days=1)
_TIDY = {"tight": _ORDER // 2, "open": _ORDER // 4, "odd": 0}


def best(
    within: Span,
    length: timedelta,
    rooms: Sequence[Room],
    scene: Scene,
    shut: Sequence[Span] = (),
    *,
    most: int,
) -> list[Ranked]:
    """The best places first, earlier ones on a tie. Of one gap in a studio only places that do not overlap.

    `shut`: when nothing can be on at all. Starts lie on the half hour or where a gap begins. Rooms must tell
    what is taken a day around `within` too.
    """
    around = Span(within.starts_at - _PAD, within.ends_at + _PAD)
    away = [*scene.busy, *shut]
    # Studios share their half hours: what a time is worth by itself is looked at once for all of them.
    known: dict[datetime, _Hour | None] = {}
    found: list[_Place] = []
    for room in rooms:
        needed = room.setup + length + room.teardown
        for gap in gaps(around, room.taken):
            if gap.ends_at - gap.starts_at < needed:
                continue
            places = []
            for at in _starts(room, gap, length, within):
                if at not in known:
                    session = Span(at, at + length)
                    shut_then = any(span.overlaps(session) for span in away)
                    known[at] = None if shut_then else _hour(session, scene)
                hour = known[at]
                if hour is not None:
                    places.append(_weighed(room, gap, around, hour))
            found += _apart(places)
    found.sort(key=_order)
    return [_told(place, scene) for place in found[:most]]


def weigh(slots: Sequence[Slot], rooms: Sequence[Room], around: Span, scene: Scene) -> list[Ranked]:
    """The same points for places found otherwise, in the order given. `around`: what rooms tell of."""
    by_id = {room.studio_id: room for room in rooms}
    found = []
    for slot in slots:
        room, session = by_id[slot.studio_id], Span(slot.starts_at, slot.ends_at)
        gap = next((one for one in gaps(around, room.taken) if one.holds(session)), around)
        found.append(_told(_weighed(room, gap, around, _hour(session, scene)), scene))
    return found


def nearest(found: Sequence[Ranked], wanted: datetime) -> list[Ranked]:
    """Ordered by points less one for each three minutes away from the wanted start; order kept on a tie."""
    return sorted(found, key=lambda one: abs(one.starts_at - wanted) // timedelta(minutes=3) - one.score)


def _starts(room: Room, gap: Span, length: timedelta, within: Span) -> list[datetime]:
    """Half hours, and where the gap itself begins; where neither fits, the first moment that does."""
    soonest = max(gap.starts_at + room.setup, within.starts_at)
    last = min(gap.ends_at - room.teardown, within.ends_at) - length
    first, at = _next(soonest, 5), half_hour(soonest)
    found = []
    while at <= last:
        found.append(at)
        at += STEP
    if first <= last and first not in found[:1] and (not found or soonest > within.starts_at):
        found.insert(0, first)
    return found


def half_hour(at: datetime) -> datetime:
    """This half hour or the next."""
    return _next(at, 30)


def _next(at: datetime, minutes: int) -> datetime:
    floor = at.replace(minute=at.minute // minutes * minutes, second=0, microsecond=0)
    return floor if floor == at else floor + timedelta(minutes=minutes)


def _hour(session: Span, scene: Scene) -> _Hour:
    prime, rest = _share(session, scene.prime), scene.rest
    rested = all(
        one.ends_at + rest <= session.starts_at or session.ends_at + rest <= one.starts_at
        for one in scene.busy
    )
    points = _PRIME * prime // 10_000 + (_REST if rested else 0) + (scene.fit.points if scene.fit else 0)
    return _Hour(session, prime, rested, points)


def _weighed(room: Room, gap: Span, around: Span, hour: _Hour) -> _Place:
    session = hour.session
    # The edge of what was looked at is no neighbour.
    before = after = "open"
    if gap.starts_at > around.starts_at:
        before = _end(session.starts_at - room.setup - gap.starts_at, room)
    if gap.ends_at < around.ends_at:
        after = _end(gap.ends_at - session.ends_at - room.teardown, room)
    points = hour.points + _TIDY[before] + _TIDY[after]
    return _Place(room.studio_id, session, hour.prime, hour.rested, before, after, points)


def _share(session: Span, spans: Sequence[Span]) -> int:
    nothing = timedelta(0)
    inside = sum(
        (
            min(session.ends_at, one.ends_at) - max(session.starts_at, one.starts_at)
            for one in spans
            if one.overlaps(session)
        ),
        nothing,
    )
    return int(inside * 10_000 / session.length)


def _end(left: timedelta, room: Room) -> str:
    """What a show leaves beside it: nothing to speak of, room for another, or an odd end for nobody."""
    if left < STEP:
        return "tight"
    return "odd" if left < room.setup + SHORTEST_USE + room.teardown else "open"


def _order(place: _Place) -> tuple[int, datetime, int]:
    return -place.points, place.session.starts_at, place.studio_id


def _apart(places: list[_Place]) -> list[_Place]:
    kept: list[_Place] = []
    for place in sorted(places, key=_order):
        if not any(place.session.overlaps(one.session) for one in kept):
            kept.append(place)
    return kept


def _told(place: _Place, scene: Scene) -> Ranked:
    return Ranked(
        place.studio_id,
        place.session.starts_at,
        place.session.ends_at,
        score=place.points,
        reasons=tuple(_reasons(place, scene)),
    )


def _reasons(place: _Place, scene: Scene) -> Iterator[Reason]:
    if place.prime == 10_000:
        yield Reason("slot_prime", True)
    elif place.prime:
        yield Reason("slot_part_prime", True, {"percent": place.prime // 100})
    else:
        yield Reason("slot_off_prime", False)
    if scene.fit and scene.fit.brand:
        yield Reason("slot_host_sold_brand", True, {"times": scene.fit.brand})
    elif scene.fit and scene.fit.category:
        yield Reason("slot_host_sold_category", True, {"times": scene.fit.category})
    elif scene.fit:
        yield Reason("slot_host_new_to_brand", False)
    if scene.busy and not place.rested:
        yield Reason("slot_short_rest", False, {"minutes": int(scene.rest.total_seconds() // 60)})
    if "tight" in (place.before, place.after):
        yield Reason("slot_adjoins", True)
    if "odd" in (place.before, place.after):
        yield Reason("slot_odd_end", False)


def _daily(since: time, until: time, within: Span, zone: ZoneInfo) -> Iterator[Span]:
    day = within.starts_at.astimezone(zone).date() - timedelta(days=1)
    last = within.ends_at.astimezone(zone).date()
    while day <= last:
        ends_on = day + timedelta(days=until <= since)
        span = Span(
            datetime.combine(day, since, tzinfo=zone).astimezone(UTC),
            datetime.combine(ends_on, until, tzinfo=zone).astimezone(UTC),
        )
        if span.starts_at < span.ends_at and span.overlaps(within):
            yield span
        day += timedelta(days=1)


def closed(opens: time, closes: time, within: Span, zone: ZoneInfo) -> list[Span]:
    """When a hub with these hours is shut; equal times: never."""
    return [] if opens == closes else list(_daily(closes, opens, within, zone))
