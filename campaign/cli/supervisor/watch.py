"""Keeping children running: who ended is started again, said in one line, later each time it fails."""

import signal
import time
from dataclasses import dataclass

from campaign.cli.process.child import Child
from campaign.cli.setup.console import say

_LONGEST_WAIT_SECONDS = 15.0
_STEADY_SECONDS = 10.0
"""Who ran this long is well: its next end is answered at once."""


@dataclass
class _Watched:
    child: Child
    started_at: float
    failures: int = 0
    due_at: float | None = None


class Watch:
    """The children of one `up`, in the order in which they were started."""

    def __init__(self) -> None:
        self._watched: list[_Watched] = []

    def add(self, child: Child) -> None:
        """Watch a child that was just started."""
        self._watched.append(_Watched(child, time.monotonic()))

    def look(self) -> None:
        """Start again who has ended and is due."""
        now = time.monotonic()
        for one in self._watched:
            if one.due_at is None and one.child.status is not None:
                self._note_end(one, now)
            if one.due_at is not None and now >= one.due_at:
                one.child.start()
                one.started_at, one.due_at = now, None

    def _note_end(self, one: _Watched, now: float) -> None:
        if now - one.started_at > _STEADY_SECONDS:
            one.failures = 0
        # At once, then after 1, 2, 4 … seconds.
        wait = min(2.0 ** (one.failures - 1), _LONGEST_WAIT_SECONDS) if one.failures else 0.0
        one.failures += 1
        one.due_at = now + wait
        again = "started again" if wait == 0 else f"starting again in {wait:g} s"
        hint = f" (see {one.child.order.log})" if one.failures > 1 else ""
        say(f"{one.child.name} ended ({_how(one.child.status or 0)}), {again}{hint}")

    def failing(self) -> Child | None:
        """A child that ended at least three times in a row, if there is one."""
        return next((one.child for one in self._watched if one.failures >= 3), None)

    def stop(self, names: set[str], seconds: float) -> None:
        """Ask the named children to end and wait for them together, at most so long."""
        chosen = [one.child for one in self._watched if one.child.name in names]
        until = time.monotonic() + seconds
        for child in chosen:
            child.ask_to_stop()
        for child in chosen:
            child.wait(max(0.0, until - time.monotonic()))

    @property
    def names(self) -> set[str]:
        return {one.child.name for one in self._watched}


def _how(status: int) -> str:
    """An exit status in words; a guard passes its child's signal on as 128 + n."""
    number = -status if status < 0 else status - 128
    try:
        return f"killed by {signal.Signals(number).name}"
    except ValueError:
        return f"exit status {status}"
