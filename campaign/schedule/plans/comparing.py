"""What a change makes of a session, and how the two differ. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from campaign.schedule.schemas import ChannelIn, LineupIn, ParticipantIn, SessionChange, SessionIn
from campaign.schedule.spans import Span, moved_shift, shift_of
from campaign.schedule.views import SessionView


@dataclass(frozen=True)
class Person:
    """Who takes part, from when to when. `name` counts only where the id is not the reader's to see."""

    host_id: int | None
    name: str
    role: str
    agency_id: int | None
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True)
class Channel:
    platform: str
    account_id: int | None
    room_ids: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """A product of the line-up; without its price where that is not the reader's to see."""

    product_id: int
    price_fen: int | None
    currency: str


@dataclass(frozen=True)
class Sheet:
    """All of a session that people decide: what two of them are compared by."""

    title: str
    starts_at: datetime
    ends_at: datetime
    studio_id: int
    brand_ids: tuple[int, ...]
    channels: tuple[Channel, ...]
    people: tuple[Person, ...]
    lineup: tuple[Line, ...] = ()
    crew: tuple[tuple[int, int], ...] = ()
    campaign_id: int | None = None
    notes: str = ""
    hold_until: datetime | None = None

    @property
    def span(self) -> Span:
        return Span(self.starts_at, self.ends_at)


@dataclass(frozen=True)
class Difference:
    """One thing that differs. `before` and `after` are values of that part of a Sheet."""

    kind: str
    before: Any
    after: Any


def _shift(person: Person, sheet: Sheet) -> tuple[timedelta | None, timedelta | None]:
    """A shift as the session sees it: whoever is there from start to end moves with it and is no news."""
    if person.starts_at is None or person.ends_at is None:
        return None, None
    start = None if person.starts_at == sheet.starts_at else person.starts_at - sheet.starts_at
    end = None if person.ends_at == sheet.ends_at else person.ends_at - sheet.starts_at
    return start, end


def _people(sheet: Sheet) -> list[Any]:
    found = [
        (one.host_id, one.name if one.host_id is None else "", one.role, one.agency_id, _shift(one, sheet))
        for one in sheet.people
    ]
    return sorted(found, key=repr)


PARTS: Mapping[str, tuple[Callable[[Sheet], Any], Callable[[Sheet], Any]]] = {
    "moved": (lambda sheet: sheet.starts_at, lambda sheet: sheet.starts_at),
    "length": (lambda sheet: sheet.span.length, lambda sheet: sheet.span.length),
    "studio": (lambda sheet: sheet.studio_id, lambda sheet: sheet.studio_id),
    "people": (_people, lambda sheet: sheet.people),
    "lineup": (lambda sheet: sheet.lineup, lambda sheet: sheet.lineup),
    "brands": (lambda sheet: sheet.brand_ids, lambda sheet: sheet.brand_ids),
    "channels": (lambda sheet: sorted(sheet.channels, key=repr), lambda sheet: sheet.channels),
    "title": (lambda sheet: sheet.title, lambda sheet: sheet.title),
    "crew": (lambda sheet: sorted(sheet.crew), lambda sheet: sheet.crew),
    "campaign": (lambda sheet: sheet.campaign_id, lambda sheet: sheet.campaign_id),
    "notes": (lambda sheet: sheet.notes, lambda sheet: sheet.notes),
    "hold": (lambda sheet: sheet.hold_until, lambda sheet: sheet.hold_until),
}
"""Kind of difference → what is compared, and what of it is shown."""

KINDS = ("added", "cancelled", "overtaken", "moved", "longer", "shorter") + tuple(
    kind for kind in PARTS if kind not in ("moved", "length")
)
"""Every kind there is. added, cancelled and overtaken are of the session as a whole."""


def compare(before: Sheet, after: Sheet) -> list[Difference]:
    """All that differs, the weightiest first; nothing where both are the same."""
    found = []
    for kind, (compared, shown) in PARTS.items():
        if compared(before) != compared(after):
            if kind == "length":
                kind = "longer" if after.span.length > before.span.length else "shorter"  # noqa: PLW2901
            found.append(Difference(kind, shown(before), shown(after)))
    return found


def applied(sheet: Sheet, given: SessionChange, agencies: Mapping[int, int] | None = None) -> Sheet:
    """The session after a change. `agencies`: host → agency by contract, for those given without one."""
    fields = given.model_fields_set - {"override"}
    after = Span(given.starts_at or sheet.starts_at, given.ends_at or sheet.ends_at)
    people = tuple(_moved(person, sheet.span, after) for person in sheet.people)
    if given.participants is not None:
        people = tuple(_person(one, after, agencies or {}) for one in given.participants)
    return replace(
        sheet,
        title=sheet.title if given.title is None else given.title,
        starts_at=after.starts_at,
        ends_at=after.ends_at,
        studio_id=given.studio_id or sheet.studio_id,
        brand_ids=sheet.brand_ids if given.brand_ids is None else tuple(given.brand_ids),
        channels=sheet.channels if given.channels is None else tuple(map(_channel, given.channels)),
        people=people,
        lineup=sheet.lineup if given.lineup is None else _lineup(given.lineup),
        crew=sheet.crew if given.crew is None else tuple((one.pool_id, one.units) for one in given.crew),
        campaign_id=given.campaign_id if "campaign_id" in fields else sheet.campaign_id,
        notes=sheet.notes if given.notes is None else given.notes,
        hold_until=given.hold_until if "hold_until" in fields else sheet.hold_until,
    )


def sheet_of_given(given: SessionIn, agencies: Mapping[int, int] | None = None) -> Sheet:
    """A session that is to be booked."""
    span = Span(given.starts_at, given.ends_at)
    return Sheet(
        title=given.title,
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        studio_id=given.studio_id,
        brand_ids=tuple(given.brand_ids),
        channels=tuple(map(_channel, given.channels)),
        people=tuple(_person(one, span, agencies or {}) for one in given.participants),
        lineup=_lineup(given.lineup),
        crew=tuple((one.pool_id, one.units) for one in given.crew),
        campaign_id=given.campaign_id,
        notes=given.notes,
        hold_until=given.hold_until,
    )


def sheet_of(view: SessionView) -> Sheet:
    """A session as its reader sees it: what is not the reader's to see is no difference either."""
    return Sheet(
        title=view.title,
        starts_at=view.starts_at,
        ends_at=view.ends_at,
        studio_id=view.studio_id,
        brand_ids=tuple(brand.id for brand in view.brands),
        channels=tuple(
            Channel(one.platform, one.platform_account_id, tuple(one.room_ids)) for one in view.channels
        ),
        people=tuple(
            Person(one.host_id, one.name, one.role, one.agency_id, one.starts_at, one.ends_at)
            for one in view.participants
        ),
        lineup=tuple(Line(one.product_id, one.live_price_fen, one.currency) for one in view.lineup),
        crew=tuple((one.pool_id, one.units) for one in view.crew),
        campaign_id=view.campaign_id,
        notes=view.notes,
        hold_until=view.hold_until,
    )


def _moved(person: Person, before: Span, after: Span) -> Person:
    if person.starts_at is None or person.ends_at is None:
        return person
    shift = moved_shift(Span(person.starts_at, person.ends_at), before, after)
    return replace(person, starts_at=shift.starts_at, ends_at=shift.ends_at)


def _person(given: ParticipantIn, session: Span, agencies: Mapping[int, int]) -> Person:
    shift = shift_of(session, given.from_at, given.to_at)
    agency_id = given.agency_id or agencies.get(given.host_id)
    return Person(given.host_id, "", given.role, agency_id, shift.starts_at, shift.ends_at)


def _channel(given: ChannelIn) -> Channel:
    return Channel(given.platform, given.platform_account_id, tuple(dict.fromkeys(given.room_ids)))


def _lineup(given: list[LineupIn]) -> tuple[Line, ...]:
    placed = sorted(enumerate(given, start=1), key=lambda pair: (pair[1].position or pair[0], pair[0]))
    return tuple(Line(one.product_id, one.live_price_fen, one.currency) for _, one in placed)
