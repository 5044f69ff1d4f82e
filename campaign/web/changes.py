"""How a figure moved against the period before, both at the same age. Pure."""

from dataclasses import dataclass
from typing import Literal

Direction = Literal["up", "down", "same"]


@dataclass(frozen=True)
class Change:
    """`by`: 1/10,000 of the earlier value, or points of 1/10,000 for rates; None without an earlier value."""

    direction: Direction
    by: int | None


def relative(now: int | None, before: int | None) -> Change | None:
    """Change of an amount. None when there is nothing to compare, nought before included."""
    if now is None or not before:
        return None
    by = round((now - before) * 10_000 / abs(before))
    return Change(_direction(by), abs(by))


def points(now: int | None, before: int | None) -> Change | None:
    """Change of a rate, in points."""
    if now is None or before is None:
        return None
    return Change(_direction(now - before), abs(now - before))


def _direction(by: int) -> Direction:
    # Pages show tenths of a percent: what would read "down 0.0 %" has not moved.
    if (abs(by) + 5) // 10 == 0:
        return "same"
    return "up" if by > 0 else "down"
