"""What a plan would change, in words: before and after as people say it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.gate.wording import in_words
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.schedule.plans.comparing import Channel, Difference, Line, Person, Sheet
from campaign.schedule.views import SessionView
from campaign.web.hub import options
from campaign.web.show import DASH, clock, duration, fen, language, moment


@dataclass(frozen=True)
class Names:
    """Everything that a plan may name, by public id."""

    known: Mapping[str, str]

    @classmethod
    def of(cls, db: Session, actor: Actor) -> "Names":
        """Whatever is in use."""
        lists = (
            options.studios,
            options.hosts,
            options.brands,
            options.accounts,
            options.agencies,
            options.campaigns,
        )
        known = {one: name for read in lists for one, name in read(db, actor)}
        known |= {one: label.split(" · ")[0] for one, label in options.products(db, actor)}
        known |= {ids.public("crw", one.pool_id): one.label for one in options.crews(db, actor)}
        return cls(known)

    def name(self, prefix: str, number: int | None) -> str:
        """A dash for none and for what is out of use."""
        return DASH if number is None else self.known.get(ids.public(prefix, number), DASH)

    def every(self, prefix: str, numbers: Iterable[int | None]) -> str:
        return joined(self.name(prefix, one) for one in numbers)


@dataclass(frozen=True)
class Said:
    """One difference as a line: what kind it is, what was, what is to be."""

    kind: str
    label: str
    before: str
    after: str


def joined(texts: Iterable[str]) -> str:
    """As the language joins a list; a dash for none."""
    return ("、" if language() == "zh" else ", ").join(texts) or DASH


def said(difference: Difference, names: Names) -> Said:
    """A difference in words."""
    write = _WRITERS.get(difference.kind)
    before = after = ""
    if difference.kind == "lineup":
        before, after = _lineups(difference.before, difference.after, names)
    elif write is not None:
        sides = (difference.before, difference.after)
        before, after = (DASH if side in (None, "") else write(side, names) for side in sides)
    return Said(difference.kind, in_words(f"difference.{difference.kind}", {}), before, after)


def people_in(sheet: Sheet, names: Names) -> str:
    """Who takes part, with the hours of those who are not there throughout."""
    return joined(_person(one, names, sheet) for one in sheet.people)


def as_session(sheet: Sheet) -> SessionView:
    """What the booking form asks of a session, filled from a planned one."""
    return cast(
        SessionView,
        SimpleNamespace(
            **{
                name: getattr(sheet, name) for name in ("title", "starts_at", "ends_at", "studio_id", "notes")
            },
            campaign_id=sheet.campaign_id,
            brands=[SimpleNamespace(id=one) for one in sheet.brand_ids],
            channels=[
                SimpleNamespace(
                    platform=one.platform, platform_account_id=one.account_id, room_ids=one.room_ids
                )
                for one in sheet.channels
            ],
            participants=sheet.people,
            crew=[SimpleNamespace(pool_id=pool, units=units) for pool, units in sheet.crew],
            lineup=[
                SimpleNamespace(product_id=one.product_id, live_price_fen=one.price_fen)
                for one in sheet.lineup
            ],
        ),
    )


def _person(one: Person, names: Names, sheet: Sheet | None = None) -> str:
    said = names.name("hst", one.host_id)
    if one.role != "host":
        said += f" ({in_words(f'participant.{one.role}', {})})"
    whole = sheet is not None and (one.starts_at, one.ends_at) == (sheet.starts_at, sheet.ends_at)
    return said if whole else f"{said} {clock(one.starts_at)}–{clock(one.ends_at)}"


def _people(people: Sequence[Person], names: Names) -> str:
    return joined(_person(one, names) for one in people)


def _channels(channels: Sequence[Channel], names: Names) -> str:
    return joined(
        (names.name("acc", one.account_id) if one.account_id else in_words(f"platform.{one.platform}", {}))
        + (f" {joined(one.room_ids)}" if one.room_ids else "")
        for one in channels
    )


def _lineups(before: Sequence[Line], after: Sequence[Line], names: Names) -> tuple[str, str]:
    """How many, and which came, went or have another price."""
    was = {one.product_id: one for one in before}
    now = {one.product_id: one for one in after}
    changes = [f"+ {names.name('prd', one)}" for one in now if one not in was]
    changes += [f"− {names.name('prd', one)}" for one in was if one not in now]
    changes += [
        f"{names.name('prd', one)} {fen(was[one].price_fen, was[one].currency)} → {fen(line.price_fen, line.currency)}"
        for one, line in now.items()
        if one in was and was[one] != line
    ]
    first, last = (_("%(count)s products", count=len(lines)) for lines in (before, after))
    detail = joined(changes) if changes else _("another order")
    return first, f"{last} ({detail})"


def _crews(crews: Sequence[tuple[int, int]], names: Names) -> str:
    return joined(f"{names.name('crw', pool)} × {units}" for pool, units in crews)


def _at(at: datetime, _names: Names) -> str:
    return moment(at)


def _length(length: timedelta, _names: Names) -> str:
    return duration(length)


_WRITERS: Mapping[str, Callable[[Any, Names], str]] = {
    "moved": _at,
    "hold": _at,
    "longer": _length,
    "shorter": _length,
    "studio": lambda one, names: names.name("std", one),
    "campaign": lambda one, names: names.name("cmp", one),
    "brands": lambda every, names: names.every("brd", every),
    "people": _people,
    "channels": _channels,
    "crew": _crews,
    "title": lambda text, _names: str(text),
    "notes": lambda text, _names: str(text),
}
