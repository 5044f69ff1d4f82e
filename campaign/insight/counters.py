"""A room's counters: what they come to, and what they grew by. Pure.

Platforms count up within a room and begin anew when it is opened again under the same id. So a drop is a reset, a total
is the sum of the peaks between resets, and over a reset nobody knows what was added.
"""

from collections.abc import Iterable, Sequence


def total(readings: Iterable[int | None]) -> int | None:
    """What a cumulative counter came to, from its readings in order of time; None where there is none."""
    done, peak = 0, None
    for reading in readings:
        if reading is None:
            continue
        if peak is not None and reading < peak:
            done, peak = done + peak, None
        peak = reading
    return None if peak is None else done + peak


def increments(readings: Sequence[int | None]) -> list[int | None]:
    """What each reading added to the one before; None for the first, over a reset, and where nothing was told."""
    grown: list[int | None] = []
    before: int | None = None
    for reading in readings:
        added = None if reading is None or before is None or reading < before else reading - before
        grown.append(added)
        if reading is not None:
            before = reading
    return grown
