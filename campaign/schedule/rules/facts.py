"""What surrounds a plan: everything the rules look at beside the plan itself. Pure values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from campaign.schedule.rules.plan import Plan
from campaign.schedule.rules.settings import RuleSettings
from campaign.schedule.spans import Span
from campaign.schedule.windows import Windows


@dataclass(frozen=True)
class Shift:
    """A host's work in another session near the one in question."""

    session_id: int
    span: Span


@dataclass(frozen=True)
class Taken:
    """Another session's claim in the way of a wanted one."""

    kind: str
    thing_id: int
    span: Span
    session_id: int
    title: str
    session: Span


@dataclass(frozen=True)
class Neighbour:
    """Another session near in time, as far as brands and goods go."""

    session_id: int
    title: str
    span: Span
    studio_id: int
    host_ids: frozenset[int]
    account_ids: frozenset[int]
    platforms: frozenset[str]
    brand_ids: frozenset[int]
    product_ids: frozenset[int]


@dataclass(frozen=True)
class Days:
    """Calendar days [first, after) in the hub's zone; None: open on that side."""

    first: date | None
    after: date | None

    def hold(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.after is None or day < self.after)


@dataclass(frozen=True)
class AgencyBond:
    """An exclusive contract of a host."""

    agency_id: int
    agency: str
    days: Days


@dataclass(frozen=True)
class BrandBond:
    """A host promised to a brand: against all others, or against its rivals."""

    brand_id: int
    brand: str
    scope: Literal["all", "rivals"]
    days: Days


@dataclass(frozen=True)
class Facts:
    """Gathered for one or several plans at once; each rule takes its part.

    taken: claims in the way, where they were looked for. names: (kind, id) → name, for words.
    """

    now: datetime
    zone: ZoneInfo
    opens: time = time(6)
    closes: time = time(6)
    settings: RuleSettings = field(default_factory=RuleSettings)
    shifts: Mapping[int, Sequence[Shift]] = field(default_factory=dict)
    hub_windows: Windows = field(default_factory=Windows)
    studio_windows: Mapping[int, Windows] = field(default_factory=dict)
    host_windows: Mapping[int, Windows] = field(default_factory=dict)
    agency_bonds: Mapping[int, Sequence[AgencyBond]] = field(default_factory=dict)
    brand_bonds: Mapping[int, Sequence[BrandBond]] = field(default_factory=dict)
    groups: Mapping[int, frozenset[str]] = field(default_factory=dict)
    neighbours: Sequence[Neighbour] = ()
    names: Mapping[tuple[str, int], str] = field(default_factory=dict)
    taken: Sequence[Taken] = ()

    def rivals(self, one: int, other: int) -> bool:
        """Whether two brands compete: they share a group."""
        nothing: frozenset[str] = frozenset()
        return one != other and bool(self.groups.get(one, nothing) & self.groups.get(other, nothing))

    def name(self, kind: str, thing_id: int) -> str:
        return self.names.get((kind, thing_id), "")

    def local(self, at: datetime) -> str:
        """An instant as people of the hub write it."""
        return at.astimezone(self.zone).strftime("%m-%d %H:%M")

    def beside(self, plans: Iterable[Plan]) -> "Facts":
        """As if all of `plans` stood, in place of their sessions. Plans that are none yet need ids below 0."""
        planned = list(plans)
        ids = {plan.session_id for plan in planned}
        shifts = {
            host: [shift for shift in part if shift.session_id not in ids]
            for host, part in self.shifts.items()
        }
        for plan in planned:
            for person in plan.people:
                shifts.setdefault(person.host_id, []).append(Shift(plan.session_id, person.shift))
        near = [one for one in self.neighbours if one.session_id not in ids]
        return replace(self, shifts=shifts, neighbours=near + [_neighbour(plan) for plan in planned])


def _neighbour(plan: Plan) -> Neighbour:
    return Neighbour(
        session_id=plan.session_id,
        title=plan.title,
        span=plan.session,
        studio_id=plan.studio.id,
        host_ids=frozenset(plan.host_ids),
        account_ids=frozenset(plan.account_ids),
        platforms=frozenset(outlet.platform for outlet in plan.outlets),
        brand_ids=frozenset(plan.brand_ids),
        product_ids=frozenset(plan.product_ids),
    )
