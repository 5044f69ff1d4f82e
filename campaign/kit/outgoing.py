"""Calls out: an HTTP client that connects to checked addresses only and reads a bounded answer.

The final address is checked where the socket is made, so names, literals, mapped forms and answers that
change between look-ups all pass the same gate. Nothing is redirected, no proxy or netrc of the environment
is used, no cookie is kept, nothing is unpacked.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from campaign.kit import addresses
from campaign.kit.addresses import Blocked, Network
from campaign.kit.numbers import whole

ANSWER_BYTES = 4096
CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
_DNS_THREADS = 16
_DNS_CACHE_SECONDS = 30
_LONGEST_RETRY_AFTER = 86_400
_LONGEST_NUMBER = 100  # digits: a number however long is one, and then capped


@dataclass(frozen=True)
class Answer:
    """What came of a call. `status` None means no answer: `error` says why (timeout, refused, tls …)."""

    status: int | None
    error: str | None
    body: bytes
    retry_after: int | None
    took_ms: int

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Lookup(Protocol):
    """Name to addresses, as text. May block; raises OSError."""

    def __call__(self, name: str, family: int) -> list[str]: ...


def system_lookup(name: str, family: int) -> list[str]:
    """All addresses of a name by the system's resolver."""
    found = socket.getaddrinfo(name, None, family=family, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _GuardedResolver(AbstractResolver):
    """Looks up in threads of its own, so that slow names hold up nothing else; one bad answer refuses all."""

    def __init__(self, allow: Sequence[Network], lookup: Lookup) -> None:
        self._allow = allow
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(_DNS_THREADS, thread_name_prefix="dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._lookup, host, int(family))
        for address in found:
            addresses.check_address(address, self._allow)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class Guard:
    """What may be called: public addresses, and the ranges of CAMPAIGN_OUTGOING_ALLOW besides.

    `trust` None means the system's certificate authorities; the name called must be the certificate's.
    """

    def __init__(
        self,
        allow: Sequence[Network] = (),
        lookup: Lookup = system_lookup,
        *,
        trust: ssl.SSLContext | None = None,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._allow = tuple(allow)
        self._lookup = lookup
        self._trust = trust
        self._total_seconds = total_seconds

    def check_url(self, url: str) -> str:
        """The URL in the form it is called in; raises Blocked. No look-up is made."""
        return addresses.check_url(url, self._allow)

    def client(self) -> aiohttp.ClientSession:
        """A session for post(); to be opened and closed within a running loop (`async with`)."""
        connector = aiohttp.TCPConnector(
            resolver=_GuardedResolver(self._allow, self._lookup),
            socket_factory=self._socket,
            ssl=self._trust or ssl.create_default_context(),
            limit=0,
            limit_per_host=0,
            ttl_dns_cache=_DNS_CACHE_SECONDS,
            enable_cleanup_closed=False,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._total_seconds, sock_connect=CONNECT_SECONDS),
            trust_env=False,
            auto_decompress=False,
            raise_for_status=False,
            max_line_size=8190,
            max_field_size=8190,
            skip_auto_headers=("Accept-Encoding",),
        )

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        family, kind, proto, _, target = info
        addresses.check_address(str(target[0]), self._allow)
        return socket.socket(family, kind, proto)


async def post(client: aiohttp.ClientSession, url: URL, headers: Mapping[str, str], body: bytes) -> Answer:
    """POST `body` once. Whatever the receiver does comes back as an Answer; only cancelling raises."""
    started = time.perf_counter()
    status: int | None = None
    read = b""
    retry_after: int | None = None
    error: str | None = None
    try:
        # As a payload: aiohttp would ask all that it knows how to send whether it is this.
        payload = aiohttp.BytesPayload(body)
        async with client.post(url, data=payload, headers=headers, allow_redirects=False) as response:
            status = response.status
            retry_after = _seconds(response.headers.get("Retry-After"))
            read = await _bounded(response)
    except Exception as raised:  # noqa: BLE001 - a receiver must not be able to stop the sender
        # An answer whose head came counts by its status; what broke afterwards is only told.
        error = _reason(raised)
    return Answer(status, error, read, retry_after, round((time.perf_counter() - started) * 1000))


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    """At most ANSWER_BYTES; the connection of a longer answer is closed, not drained."""
    read = bytearray()
    while len(read) <= ANSWER_BYTES:
        chunk = await response.content.read(ANSWER_BYTES + 1 - len(read))
        if not chunk:
            return bytes(read)
        read += chunk
    response.close()
    return bytes(read[:ANSWER_BYTES])


def _seconds(written: str | None) -> int | None:
    """Retry-After in seconds, at most a day. Its date form depends on two clocks and is not read."""
    seconds = whole(written, _LONGEST_NUMBER)
    return None if seconds is None else min(seconds, _LONGEST_RETRY_AFTER)


def _reason(raised: Exception) -> str:
    if isinstance(raised, Blocked) or isinstance(raised.__cause__, Blocked):
        return "blocked"
    if isinstance(raised, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return "tls"
    if isinstance(raised, aiohttp.ClientConnectorDNSError):
        return "dns"
    if isinstance(raised, TimeoutError):
        return "timeout"
    if isinstance(raised, aiohttp.ClientConnectorError | ConnectionRefusedError):
        return "connect"
    if isinstance(raised, aiohttp.ServerDisconnectedError | ConnectionResetError | aiohttp.ClientOSError):
        return "reset"
    if isinstance(raised, aiohttp.ClientPayloadError | aiohttp.ClientResponseError):
        return "protocol"
    return "failed"
