"""Whose deliveries to look at next: an endpoint that was given something costs no look at all the others."""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence


class Due:
    """Endpoints that may have something due, gathered until they are looked at. What is lost here, the sweep finds."""

    def __init__(self) -> None:
        self._some: set[int] = set()
        self._asked: set[int] = set()
        self._all = False
        self._wake = asyncio.Event()

    def at_all(self) -> None:
        """Any of them."""
        self._all = True
        self._wake.set()

    def at(self, endpoints: Iterable[int]) -> None:
        """These; nothing when there are none."""
        self._some.update(endpoints)
        if self._some:
            self._wake.set()

    def at_one(self, endpoint: int) -> None:
        """This one."""
        self.at((endpoint,))

    def waits(self, endpoint: int) -> bool:
        """Whether something was left to be claimed for it: newer ones must not pass it by."""
        return endpoint in self._some or endpoint in self._asked

    def take(self) -> Sequence[int] | None:
        """Those gathered, to be looked at now; None for all. Until answered() they still wait."""
        taken = None if self._all else sorted(self._some)
        self._asked, self._some = self._some, set()
        self._all = False
        self._wake.clear()
        return taken

    def answered(self) -> None:
        """Those taken were looked at."""
        self._asked = set()

    async def wait(self, seconds: float) -> None:
        """Until there is one, or so long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
