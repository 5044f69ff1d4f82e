"""The gap between the platform's own figure of a session and ours, split by cause to the last fen. Pure.

Certain causes are taken whole: they follow from what a figure means or when it was made. Possible ones explain what is
left, each at most what we hold of it, in their order: a line without a session explains nothing that is not missing.
What no cause explains is "other". Always: ours + causes = the platform's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

OTHER = "other"


@dataclass(frozen=True)
class Held:
    """What we hold that may part the two: its cause, how much of it, and whether it parts them for certain."""

    cause: str
    amount: int
    certain: bool = False


@dataclass(frozen=True)
class Part:
    """A cause, how much of the gap it makes, and how much of it we hold."""

    cause: str
    amount: int
    held: int


@dataclass(frozen=True)
class Gap:
    """One figure of the platform beside ours. parts add up to their difference; causes of nothing are left out."""

    figure: str
    unit: str
    ours: int
    platform: int
    parts: tuple[Part, ...]

    @property
    def difference(self) -> int:
        return self.platform - self.ours


def gap(figure: str, unit: str, ours: int, platform: int, held: Sequence[Held]) -> Gap:
    """Split what parts the two."""
    left = platform - ours
    parts = []
    for one in held:
        if one.certain and one.amount:
            parts.append(Part(one.cause, one.amount, one.amount))
            left -= one.amount
    for one in held:
        if one.certain or not one.amount:
            continue
        takes = min(left, one.amount) if one.amount > 0 else max(left, one.amount)
        # A cause that would widen what is left explains none of it.
        takes = takes if (takes > 0) == (one.amount > 0) else 0
        if takes:
            parts.append(Part(one.cause, takes, one.amount))
            left -= takes
    if left:
        parts.append(Part(OTHER, left, left))
    return Gap(figure, unit, ours, platform, tuple(parts))
