"""A room's counters: what they grew by while a show held the room. Pure.

Platforms count up within a room and begin anew when it is opened again under the same id. So a drop is a reset: what
the counter shows then was all counted since. Each reading adds what it grew by to the show that held the room at its
moment, so that the shows of a room add up to the sum of the peaks between resets.
"""

from collections.abc import Iterable


def grown(readings: Iterable[tuple[int | None, bool]]) -> int | None:
    """What a cumulative counter grew by in a show's own readings; None where none of them told.

    readings, in order of time: (what the counter showed, None where it was not told; whether the reading is the
    show's own). One that is not its own is where the next of its own began from.
    """
    known, before = None, 0
    for reading, own in readings:
        if reading is None:
            continue
        if own:
            known = (known or 0) + (reading - before if reading >= before else reading)
        before = reading
    return known
