"""What a bench says: figures, some held against a bar. Pure."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value. `ratio` compares it with `against`, both of this run.

    `bar` is what the ratio (or, without one, the value) must meet: "<= 1.5"; "" is an anchor, reported
    without judging. `holds` is None for an anchor.
    """

    bench: str
    figure: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None
    bar: str = ""
    holds: bool | None = None

    def as_line(self) -> str:
        """One JSON object, as `bench --json` prints it."""
        return json.dumps(asdict(self), ensure_ascii=False)

    def as_text(self) -> str:
        """A row for people."""
        compared = f"{self.ratio:.2f} × {self.against}" if self.ratio is not None else self.against
        judged = {True: f"holds ({self.bar})", False: f"DOES NOT HOLD ({self.bar})", None: ""}[self.holds]
        return (
            f"{self.bench:<10} {self.figure:<34} {self.value:>10.2f} {self.unit:<9} {compared:<46} {judged}"
        )


def anchor(bench: str, figure: str, value: float, unit: str, *, aim: str = "") -> Figure:
    """A value that is reported; `aim` is what we would like it to be on a quiet machine."""
    return Figure(bench, figure, round(value, 3), unit, against=aim and f"aim {aim}")


def held(bench: str, figure: str, value: float, unit: str, *, against: str, ratio: float, bar: str) -> Figure:
    """A value whose ratio must meet the bar, `<= X` or `>= X`."""
    return Figure(bench, figure, round(value, 3), unit, against, round(ratio, 3), bar, meets(ratio, bar))


def count(bench: str, figure: str, value: float, unit: str, *, bar: str) -> Figure:
    """A value that must itself meet the bar."""
    return Figure(bench, figure, round(value, 3), unit, bar=bar, holds=meets(value, bar))


def meets(value: float, bar: str) -> bool:
    """Whether a value meets `<= X` or `>= X`."""
    sign, number = bar.split()
    return value <= float(number) if sign == "<=" else value >= float(number)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)
