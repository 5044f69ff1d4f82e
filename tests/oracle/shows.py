"""A session by the words of the domain alone: its states, its people, what it claims. Plain Python, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

MIN = timedelta(minutes=1)
SETUP, TEARDOWN = 30 * MIN, 15 * MIN
READY, GRACE, OUTAGE = 30 * MIN, 15 * MIN, timedelta(seconds=60)
UNDO = 10 * MIN
BEFORE_AIR = ("draft", "offered", "accepted", "ready")

ALLOWED = {
    "offer": ("draft",),
    "confirm": ("draft",),
    "accept": ("offered",),
    "decline": ("offered", "accepted", "ready"),
    "counter": ("offered", "accepted", "ready"),
    "decide": BEFORE_AIR,
    "ready": ("accepted",),
    "arrive": ("accepted", "ready", "live"),
    "start": ("accepted", "ready", "no_show"),
    "end": ("live",),
    "review": ("ended", "reviewed"),
    "cancel": BEFORE_AIR,
    "swap": BEFORE_AIR,
    "change": (*BEFORE_AIR, "live"),
}
FOLLOWS = {
    (None, "draft"),
    *(("draft", to) for to in ("offered", "accepted", "cancelled")),
    *(("offered", to) for to in ("accepted", "draft", "cancelled")),
    *(("accepted", to) for to in ("offered", "ready", "live", "no_show", "cancelled")),
    *(("ready", to) for to in ("offered", "live", "no_show", "cancelled")),
    ("live", "ended"),
    ("ended", "reviewed"),
    ("no_show", "live"),
    ("no_show", "ended"),
}
CORRECTS = {
    "live": ("live", "ended", "ready"),
    "ended": ("ended", "live", "no_show"),
    "no_show": ("no_show", "ended"),
    "reviewed": ("reviewed",),
    "draft": ("ended",),
    "offered": ("ended",),
    "cancelled": ("ended",),
}


class Refused(Exception):
    """The verb is refused with this code, and nothing changes."""


@dataclass
class Who:
    """Somebody in a session. `must`: has to agree, through the agency or by itself."""

    host: int
    agency: int | None
    must: bool
    lo: datetime
    hi: datetime
    answer: str = "not_asked"
    here: bool = False


@dataclass
class Wish:
    """An agency's counter-offer: other times, another host in one's place, or (neither) to call it off."""

    id: int
    agency: int
    was: tuple[datetime, datetime]
    times: tuple[datetime, datetime] | None = None
    leaves: int | None = None
    comes: Who | None = None
    state: str = "open"


@dataclass
class Show:
    """A session as it should stand. `claims`: (kind, thing, from, to)."""

    id: int
    studio: int
    account: int | None
    lo: datetime
    hi: datetime
    people: list[Who]
    hold: datetime | None = None
    state: str = "draft"
    version: int = 1
    deadline: datetime | None = None
    began: datetime | None = None
    ended: datetime | None = None
    sign: datetime | None = None
    over: bool = False
    told: set[int] = field(default_factory=set)
    events: list[str] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    claims: list[tuple[str, int, datetime, datetime]] = field(default_factory=list)
    newest: tuple[str, datetime, Any] | None = None
    """What the last step was, when it can be taken back: who arrived, or the end before a longer one."""
    turn: tuple[str, datetime] | None = None
    """The state that the last tap of start or end made, and when; None when it was no tap."""

    def wanted(self) -> list[tuple[str, int, datetime, datetime]]:
        return [
            ("studio", self.studio, self.lo - SETUP, self.hi + TEARDOWN),
            *(("host", who.host, who.lo, who.hi) for who in self.people),
            *([("platform_account", self.account, self.lo, self.hi)] if self.account else []),
        ]

    def step(self, to: str | None = None, event: str | None = None) -> None:
        self.state, self.version, self.newest = to or self.state, self.version + 1, None
        if event:
            self.events.append(f"session.{event}")

    def waiting(self) -> list[Who]:
        return [who for who in self.people if who.must and who.answer != "accepted"]

    def ask(self, people: list[Who]) -> list[Who]:
        for who in people:
            if who.answer != "accepted":
                who.answer = "asked" if who.must else "accepted"
        return [who for who in people if who.answer == "asked"]

    def free_from(self, at: datetime, studio_at: datetime) -> None:
        cut = {claim: studio_at if claim[0] == "studio" else at for claim in self.claims}
        self.claims = [(k, t, lo, min(hi, cut[k, t, lo, hi])) for k, t, lo, hi in self.claims]
        self.claims = [claim for claim in self.claims if claim[2] < claim[3]]


def carried(who: Who, before: tuple, after: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    """A shift in a session that moved: sides that met the session's still do, others keep their distance."""
    by = after[0] - before[0]
    lo = after[0] if who.lo == before[0] else who.lo + by
    hi = after[1] if who.hi == before[1] else who.hi + by
    lo, hi = min(max(lo, after[0]), after[1]), max(min(hi, after[1]), after[0])
    return (lo, hi) if lo < hi else after


def taking(show: Show, other: Show, what: str) -> dict:
    given = {}
    if what in ("studios", "places"):
        given["studio"] = other.studio
    if what in ("times", "places"):
        given |= {"lo": other.lo, "hi": other.lo + (show.hi - show.lo)}
    if what == "people":
        own = (show.lo, show.hi)
        shifts = [(who, carried(who, (other.lo, other.hi), own)) for who in other.people]
        given["people"] = [replace(who, lo=lo, hi=hi) for who, (lo, hi) in shifts]
    return given


def with_wish(people: list[Who], wish: Wish) -> list[Who]:
    there = {who.host: who for who in people}
    leaving = there[wish.leaves]
    coming = replace(wish.comes, lo=leaving.lo, hi=leaving.hi)
    return [coming if who is leaving else who for who in people]
