"""Calls out: an HTTP client that connects to checked addresses only and reads a bounded answer.

The final address is checked where the socket is made, so names, literals, mapped forms and answers that
change between look-ups all pass the same gate. Nothing is redirected, no proxy or netrc of the environment
is used, no cookie is kept, nothing is unpacked. libcurl does the calling (decision 54): a third of the
processor time of a client written in Python.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import pycurl

from campaign.kit import addresses, descriptors
from campaign.kit.addresses import Blocked, Network
from campaign.kit.lookups import Lookup, Names, system_lookup
from campaign.kit.numbers import whole
from campaign.kit.retry_after import seconds_of
from campaign.kit.transfers import Broken, Transfers, transfers

ANSWER_BYTES = 4096
CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
_HEAD_BYTES = 65_536  # of all that comes before a body, answers of the 1xx kind included
_SWITCHING = 101
LOCAL = "local"
"""The error of a call that ended by a fault here, or found no file descriptor: it says nothing about the receiver."""

_IDLE_SECONDS = 30
_CONNECTIONS_KEPT = 1024

_REASONS = {
    pycurl.E_COULDNT_CONNECT: "connect",
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_PEER_FAILED_VERIFICATION: "tls",
    pycurl.E_SSL_CONNECT_ERROR: "tls",
    pycurl.E_SSL_CERTPROBLEM: "tls",
    pycurl.E_SSL_CIPHER: "tls",
    pycurl.E_SSL_CACERT_BADFILE: "tls",
    pycurl.E_GOT_NOTHING: "reset",
    pycurl.E_SEND_ERROR: "reset",
    pycurl.E_RECV_ERROR: "reset",
    # What is no HTTP, or more of it than is read.
    pycurl.E_UNSUPPORTED_PROTOCOL: "protocol",
    8: "protocol",  # E_WEIRD_SERVER_REPLY, which pycurl does not name
    pycurl.E_PARTIAL_FILE: "protocol",
    pycurl.E_WRITE_ERROR: "protocol",
    100: "protocol",  # E_TOO_LARGE, not named either
}


class Answer(NamedTuple):
    """What came of a call. `status` None means no answer: `error` says why (timeout, connect, tls … LOCAL)."""

    status: int | None
    error: str | None
    body: bytes
    retry_after: int | None
    took_ms: int

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Guard:
    """What may be called: public addresses, and the ranges of CAMPAIGN_OUTGOING_ALLOW besides.

    `trust` is a file of certificate authorities, None the system's; the name called must be the certificate's.
    """

    def __init__(
        self,
        allow: Sequence[Network] = (),
        lookup: Lookup = system_lookup,
        *,
        trust: Path | None = None,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self.allow = tuple(allow)
        self.lookup = lookup
        self.trust = trust
        self.total_seconds = total_seconds

    def check_url(self, url: str) -> str:
        """The URL in the form it is called in; raises Blocked. No look-up is made."""
        return addresses.check_url(url, self.allow)

    def client(self, *, connections: int | None = None) -> "Client":
        """A client for post(); to be opened and closed within a running loop (`async with`).

        `connections`: so many at most, those kept for later calls among them; who makes more calls at once waits.
        """
        return Client(self, connections)


class Client:
    """Connections that are kept, and calls over them, of one event loop."""

    def __init__(self, guard: Guard, connections: int | None = None) -> None:
        self._guard = guard
        self._names = Names(guard.allow, guard.lookup)
        self._connections = connections
        self._multi: Transfers | pycurl.AsyncCurlMulti
        self._idle: list[_Call] = []

    async def __aenter__(self) -> Self:
        kept = min(self._connections or _CONNECTIONS_KEPT, _CONNECTIONS_KEPT)
        self._multi = transfers()
        self._multi.setopt(pycurl.M_MAXCONNECTS, kept)
        if self._connections is not None:
            self._multi.setopt(pycurl.M_MAX_TOTAL_CONNECTIONS, self._connections)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._names.close()
        await self._multi.aclose()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST `body` once and read ANSWER_BYTES of the answer; see call()."""
        return await self.call("POST", url, headers, body)

    async def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, most: int = ANSWER_BYTES
    ) -> Answer:
        """GET or POST once. Whatever the receiver does comes back as an Answer; only cancelling raises.

        `url` in the form that Guard.check_url gives; of the answer `most` bytes are read.
        """
        started = time.perf_counter()
        call = self._idle.pop() if self._idle else _Call(self._guard)
        error: str | None = None
        try:
            left = self._guard.total_seconds
            known = self._names.known(url)
            if known is None:
                async with asyncio.timeout(left):
                    known = await self._names.find(url)
                left -= time.perf_counter() - started
            call.prepare(method, url, headers, body, known, left, most)
            await self._multi.perform(call.curl)
        except asyncio.CancelledError:
            # Still under way in libcurl: it is let go with its connection, never used again.
            call.close_made()
            raise
        except Exception as raised:  # noqa: BLE001 - a receiver must not be able to stop the sender
            # An answer whose head came counts by its status; what broke afterwards is only told.
            error = call.reason(raised)
        call.close_made()
        answer = call.answer(error, round((time.perf_counter() - started) * 1000))
        self._idle.append(call)
        return answer


class _Call:
    """A handle of libcurl, used for one call after another."""

    def __init__(self, guard: Guard) -> None:
        self._allow = guard.allow
        self.curl = curl = pycurl.Curl()
        self._made: list[socket.socket] = []
        self._known: list[str] = []
        self._method = "POST"
        self._most = ANSWER_BYTES
        self._forget()
        # Where its build found its authorities says nothing about this machine.
        curl.unsetopt(pycurl.CAINFO)
        for option, value in _always(guard.trust):
            curl.setopt(option, value)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._socket)
        curl.setopt(pycurl.SOCKOPTFUNCTION, self._taken)
        curl.setopt(pycurl.HEADERFUNCTION, self._head)
        curl.setopt(pycurl.WRITEFUNCTION, self._body)

    def prepare(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        known: list[str],
        seconds: float,
        most: int,
    ) -> None:
        """Set what differs from call to call."""
        curl = self.curl
        self._forget()
        self._most = most
        curl.setopt(pycurl.URL, url)
        if known != self._known:
            # Unset first: an empty list would leave the one before it.
            curl.unsetopt(pycurl.RESOLVE)
            curl.setopt(pycurl.RESOLVE, known)
            self._known = known
        # Without the last one libcurl would ask for leave before a large body.
        curl.setopt(
            pycurl.HTTPHEADER,
            [*(f"{name}: {value}" for name, value in headers.items()), "Accept:", "Expect:"],
        )
        if method == "POST":
            curl.setopt(pycurl.POSTFIELDS, body)
        if method != self._method:
            curl.setopt(pycurl.POST if method == "POST" else pycurl.HTTPGET, 1)
            self._method = method
        curl.setopt(pycurl.TIMEOUT_MS, max(1, int(seconds * 1000)))

    def reason(self, raised: Exception) -> str | None:
        """Why there is no whole answer, in a word."""
        if self._is_enough:
            return None
        if self._is_blocked or isinstance(raised, Blocked):
            return "blocked"
        if isinstance(raised, TimeoutError):
            return "timeout"
        # Look-ups, and what libcurl opens by itself, do not always say so.
        if self._is_local or isinstance(raised, Broken) or descriptors.are_used_up():
            return LOCAL
        if isinstance(raised, pycurl.error):
            return _REASONS.get(raised.args[0], "failed")
        return "dns" if isinstance(raised, OSError) else "failed"

    def answer(self, error: str | None, took_ms: int) -> Answer:
        """What came of it."""
        if not self._is_headed:
            return Answer(None, error or "protocol", b"", None, took_ms)
        return Answer(
            self._status, error, bytes(self._read), seconds_of(self._retry_after, self._date), took_ms
        )

    def _forget(self) -> None:
        """The call before."""
        self._read = bytearray()
        self._is_headed = self._is_enough = self._is_blocked = self._is_local = False
        self._head_bytes = self._status = 0
        self._retry_after = self._date = ""

    def _socket(self, _purpose: int, asked: Any) -> Any:
        family, kind, protocol, target = asked
        try:
            addresses.check_address(str(target[0]), self._allow)
        except (Blocked, TypeError, IndexError):
            self._is_blocked = True
            return pycurl.SOCKET_BAD
        try:
            made = socket.socket(family, kind, protocol)
        except OSError as error:
            self._is_local |= error.errno in descriptors.USED_UP
            return pycurl.SOCKET_BAD
        self._made.append(made)
        asyncio.get_running_loop().call_soon(self.close_made)
        # pycurl goes on with a copy, and does not say when there was no descriptor for one.
        self._is_local = True
        return made

    def _taken(self, _descriptor: int, _purpose: int) -> Any:
        """There was one, and libcurl has it."""
        self._is_local = False
        return pycurl.SOCKOPT_OK

    def close_made(self) -> None:
        """Close our ends of the sockets made: pycurl went on with copies of them."""
        while self._made:
            self._made.pop().close()

    def _head(self, line: bytes) -> int | None:
        self._head_bytes += len(line)
        if self._head_bytes > _HEAD_BYTES:
            return 0
        if line[:5] == b"HTTP/":
            self._status, self._is_headed = _status(line), False
            self._retry_after = self._date = ""
        elif line[:12].lower() == b"retry-after:":
            self._retry_after = line[12:].decode("latin-1").strip()
        elif line[:5].lower() == b"date:":
            self._date = line[5:].decode("latin-1").strip()
        elif not line.strip():
            # An answer of the 1xx kind is none; 101 ends the talk in HTTP, and libcurl would wait for what comes.
            self._is_headed = self._status == _SWITCHING or self._status >= 200
            self._is_enough = self._status == _SWITCHING
            return 0 if self._is_enough else None
        return None

    def _body(self, chunk: bytes) -> int | None:
        self._read += chunk
        if len(self._read) <= self._most:
            return None
        # The connection of a longer answer is closed, not drained.
        del self._read[self._most :]
        self._is_enough = True
        return 0


def _always(trust: Path | None) -> list[tuple[int, Any]]:
    """What holds for every call."""
    system = ssl.get_default_verify_paths()
    authorities = str(trust) if trust else system.cafile
    options: list[tuple[int, Any]] = [
        (pycurl.POST, 1),
        (pycurl.NOSIGNAL, 1),
        (pycurl.FOLLOWLOCATION, 0),
        (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
        (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
        (pycurl.HTTP09_ALLOWED, 0),
        (pycurl.PATH_AS_IS, 1),
        # We know the addresses (RESOLVE): it would look through all that it keeps at each call for what to forget.
        (pycurl.DNS_CACHE_TIMEOUT, -1),
        (pycurl.PROXY, ""),
        (pycurl.NETRC, pycurl.NETRC_IGNORED),
        (pycurl.CONNECTTIMEOUT_MS, int(CONNECT_SECONDS * 1000)),
        (pycurl.MAXAGE_CONN, _IDLE_SECONDS),
        (pycurl.SSL_VERIFYPEER, 1),
        (pycurl.SSL_VERIFYHOST, 2),
    ]
    if authorities:
        options.append((pycurl.CAINFO, authorities))
    if trust is None and system.capath:
        options.append((pycurl.CAPATH, system.capath))
    return options


def _status(line: bytes) -> int:
    """Of a status line; 0 where there is none."""
    return whole(line[9:12].decode("latin-1"), 3) or 0
