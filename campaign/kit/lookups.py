"""Names to addresses for calls out: looked up in threads of our own, every address checked, kept for a while."""

import asyncio
import ipaddress
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol
from urllib.parse import urlsplit

from campaign.kit import addresses
from campaign.kit.addresses import Network

_DNS_THREADS = 8
"""Of each kind."""

_MOST_KEPT = 10_000
_DNS_CACHE_SECONDS = 30.0
_PORTS = {"http": 80, "https": 443}


class Lookup(Protocol):
    """Name to addresses, as text. May block; raises OSError."""

    def __call__(self, name: str, family: int) -> list[str]: ...


def system_lookup(name: str, family: int) -> list[str]:
    """All addresses of a name by the system's resolver."""
    found = socket.getaddrinfo(name, None, family=family, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Names:
    """Looks up in threads of its own, so that slow names hold up nothing else; one bad answer refuses all.

    Names that had an answer the last time have threads to themselves: any number of others that never answer
    hold up what is new alone.

    What is kept for a URL is the line that tells libcurl the addresses of its name, so that libcurl never asks
    anyone by itself; empty where the URL holds an address.
    """

    def __init__(self, allow: Sequence[Network], lookup: Lookup) -> None:
        self._allow = allow
        self._lookup = lookup
        self._proven: dict[str, None] = {}
        self._for_proven = ThreadPoolExecutor(_DNS_THREADS, thread_name_prefix="dns")
        self._for_others = ThreadPoolExecutor(_DNS_THREADS, thread_name_prefix="dns-new")
        self._found: dict[str, tuple[float, list[str]]] = {}
        # By name: who comes while one is looked up waits for its answer. A name that never answers takes one thread
        # of the pool, not one for each call.
        self._asked: dict[str, asyncio.Future[list[str]]] = {}

    def known(self, url: str) -> list[str] | None:
        """The line for this URL; None when it has to be looked up."""
        until, line = self._found.get(url, (0.0, []))
        return line if time.monotonic() < until else None

    async def find(self, url: str) -> list[str]:
        """Look up, check and keep. Raises Blocked, or OSError as the look-up does."""
        parts = urlsplit(url)
        name = parts.hostname or ""
        if _is_address(name):
            addresses.check_address(name, self._allow)
            self._found[url] = (float("inf"), [])
            return []
        found = await self._ask(name)
        if not found:
            raise socket.gaierror
        for address in found:
            addresses.check_address(address, self._allow)
        written = ",".join(f"[{address}]" if ":" in address else address for address in found)
        line = [f"{name}:{parts.port or _PORTS[parts.scheme]}:{written}"]
        _make_room(self._found)
        self._found[url] = (time.monotonic() + _DNS_CACHE_SECONDS, line)
        return line

    async def _ask(self, name: str) -> list[str]:
        asked = self._asked.get(name)
        if asked is None:
            loop = asyncio.get_running_loop()
            threads = self._for_proven if name in self._proven else self._for_others
            # To be proven again: until it answers it counts among those that may never do.
            self._proven.pop(name, None)
            asked = loop.run_in_executor(threads, self._lookup, name, int(socket.AF_UNSPEC))
            self._asked[name] = asked
            asked.add_done_callback(lambda done: self._answered(name, done))
        # Who gives up waiting must not take the answer from the others.
        return await asyncio.shield(asked)

    def _answered(self, name: str, asked: "asyncio.Future[list[str]]") -> None:
        self._asked.pop(name, None)
        # Looked at, in case nobody waits for it any more.
        if not asked.cancelled() and asked.exception() is None:
            _make_room(self._proven)
            self._proven[name] = None

    def close(self) -> None:
        """Wait for no name any more."""
        for threads in (self._for_proven, self._for_others):
            threads.shutdown(wait=False, cancel_futures=True)


def _make_room(kept: dict[str, Any]) -> None:
    """Keep no more than a large installation calls, the newest."""
    while len(kept) >= _MOST_KEPT:
        del kept[next(iter(kept))]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
