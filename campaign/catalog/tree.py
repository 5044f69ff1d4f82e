"""The tree of campaigns: what may stand below what, and goals added up through it. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, Generic, TypeVar

from campaign.kit.errors import FieldError

RANKS = {"season": 1, "fair": 2, "festival": 2, "group": 3}
"""A parent stands strictly above its child: no circles, three levels at most."""


@dataclass(frozen=True)
class Goal:
    """What is to be reached; None where nothing is set. Money in minor units."""

    paid_fen: int | None = None
    net_fen: int | None = None
    sessions: int | None = None
    hours: int | None = None
    budget_fen: int | None = None

    @property
    def is_set(self) -> bool:
        return any(getattr(self, one.name) is not None for one in fields(self))


# A row of campaigns or what looks like one: id, kind, parent_id, starts_on, ends_on, currency, brand_ids, agency_ids.
# Not a protocol: mapped columns match none.
Branch = Any
One = TypeVar("One", bound=Any)


@dataclass
class Node(Generic[One]):
    """A campaign with what is below it. `goal` is its own, `rolled` that with gaps filled from below."""

    campaign: One
    goal: Goal
    children: "list[Node[One]]" = field(default_factory=list)
    depth: int = 0

    @property
    def rolled(self) -> Goal:
        """Each target its own where set, else the sum of the children's; a plan from above beats its parts."""
        below = [child.rolled for child in self.children]
        return Goal(*(self._rolled(one.name, below) for one in fields(Goal)))

    def _rolled(self, name: str, below: Sequence[Goal]) -> int | None:
        own: int | None = getattr(self.goal, name)
        parts = [value for goal in below if (value := getattr(goal, name)) is not None]
        return sum(parts) if own is None and parts else own

    def walk(self) -> "Iterator[Node[One]]":
        """Itself and all below, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def ids(self) -> list[int]:
        """Ids of itself and all below."""
        return [node.campaign.id for node in self.walk()]


def grown(campaigns: Iterable[One], goals: Mapping[int, Goal]) -> list[Node[One]]:
    """The trees of these campaigns, by first day; one whose parent is not among them is a root."""
    nodes = {one.id: Node(one, goals.get(one.id, Goal())) for one in sorted(campaigns, key=_order)}
    roots: list[Node[One]] = []
    for node in nodes.values():
        parent_id = node.campaign.parent_id
        (nodes[parent_id].children if parent_id in nodes else roots).append(node)
    for root in roots:
        _deepen(root, 0)
    return roots


def _deepen(node: Node[One], depth: int) -> None:
    node.depth = depth
    for child in node.children:
        _deepen(child, depth + 1)


def _order(one: Branch) -> tuple[date, int]:
    return one.starts_on or date.max, one.id


def faults_below(child: Branch, parent: Branch) -> list[FieldError]:
    """Why `child` cannot stand below `parent`: kind, dates, currency, brands and agencies."""
    faults = []
    if RANKS[parent.kind] >= RANKS[child.kind]:
        faults.append(FieldError("parent_id", "campaign_not_below"))
    if parent.starts_on and child.starts_on and child.starts_on < parent.starts_on:
        faults.append(FieldError("starts_on", "campaign_before_parent", {"day": str(parent.starts_on)}))
    if parent.ends_on and child.ends_on and child.ends_on > parent.ends_on:
        faults.append(FieldError("ends_on", "campaign_after_parent", {"day": str(parent.ends_on)}))
    if parent.currency != child.currency:
        faults.append(FieldError("currency", "campaign_currency", {"currency": parent.currency}))
    # A parent that names nobody is open to all.
    for name in ("brand_ids", "agency_ids"):
        allowed = set(getattr(parent, name))
        if allowed and not set(getattr(child, name)) <= allowed:
            faults.append(FieldError(name, "campaign_not_in_parent"))
    return faults
