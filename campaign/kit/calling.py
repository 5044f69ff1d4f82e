"""Calls out from code without an event loop: one at a time, over the same guarded client."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from campaign.kit.addresses import Blocked
from campaign.kit.outgoing import Answer, Guard


class Caller:
    """Connections that are kept for a piece of work. `most`: bytes of an answer; a longer one fails."""

    def __init__(self, guard: Guard, *, most: int) -> None:
        self._guard = guard
        self._most = most
        self._runner = asyncio.Runner()
        self._client = guard.client()

    def __enter__(self) -> Self:
        self._runner.run(self._client.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._runner.run(self._client.__aexit__(kind, raised, trace))
        finally:
            self._runner.close()

    def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """One call; whatever comes of it is an Answer. An address that may not be called is `blocked`."""
        try:
            url = self._guard.check_url(url)
        except Blocked:
            return Answer(None, "blocked", b"", None, 0)
        return self._runner.run(self._client.call(method, url, headers, body, most=self._most))
