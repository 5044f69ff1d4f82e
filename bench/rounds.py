"""Taking times side by side: each round times every kind in turn, so that what disturbs one disturbs all."""

import time
from collections.abc import Callable, Mapping
from statistics import median

Kinds = Mapping[str, Callable[[], Callable[[], object]]]
"""Name → makes the next call to time; making it is not timed."""


class Times:
    """Kind → round → milliseconds of each call."""

    def __init__(self) -> None:
        self._taken: dict[str, list[list[float]]] = {}

    def take(self, kinds: Kinds, *, rounds: int, count: int) -> None:
        """`count` calls of every kind in each round, one after another; a few uncounted ones before the first."""
        for made in kinds.values():
            for _ in range(min(count, 5)):
                made()()
        for _ in range(rounds):
            of_round: dict[str, list[float]] = {kind: [] for kind in kinds}
            for turn in range(count):
                order = list(kinds.items())
                shift = turn % len(order)
                for kind, made in order[shift:] + order[:shift]:
                    of_round[kind].append(_milliseconds(made()))
            for kind, measured in of_round.items():
                self._taken.setdefault(kind, []).append(measured)

    def middle(self, kind: str) -> float:
        """Median over the rounds of the medians within each."""
        return median(median(one) for one in self._taken[kind])

    def ratio(self, kind: str, against: str) -> float:
        """Median over the rounds of the ratio of the medians within each."""
        pairs = zip(self._taken[kind], self._taken[against], strict=True)
        return median(median(one) / median(other) for one, other in pairs)

    def every(self, kind: str) -> list[float]:
        """All calls of a kind."""
        return [one for part in self._taken[kind] for one in part]


def _milliseconds(operation: Callable[[], object]) -> float:
    began = time.perf_counter()
    operation()
    return (time.perf_counter() - began) * 1000
