"""An agency's webhook receiver, well or badly behaved: a real HTTP server on 127.0.0.1.

with Receiver() as receiver:
    receiver.behave(status(500), status(500), OK)   # the last one stays
    ... receiver.url, receiver.received
"""

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Received:
    """One request as it came in. Header names are lower case; `at` is the monotonic time."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)


Behaviour = Callable[[asyncio.StreamWriter], Awaitable[bool]]
"""Answers one request; true when the connection may serve another."""


def status(code: int, body: bytes = b"", **headers: str) -> Behaviour:
    """Answer `code`; header names are written with underscores (retry_after="2")."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    answer = f"HTTP/1.1 {code} X\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body

    async def behave(writer: asyncio.StreamWriter) -> bool:
        writer.write(answer)
        await writer.drain()
        return True

    return behave


def raw(*parts: bytes, pause: float = 0.0, then: str = "close") -> Behaviour:
    """Write `parts` with pauses between; then close, reset, or hang."""

    async def behave(writer: asyncio.StreamWriter) -> bool:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
        if then == "hang":
            await asyncio.sleep(3600)
        if then == "reset":
            gone = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, gone)
        return False

    return behave


def endless(head: bytes, part: bytes, pause: float = 0.0) -> Behaviour:
    """Write `head`, then `part` for ever."""

    async def behave(writer: asyncio.StreamWriter) -> bool:
        writer.write(head)
        while True:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    return behave


def slow(seconds: float, answer: Behaviour) -> Behaviour:
    async def behave(writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(seconds)
        return await answer(writer)

    return behave


OK = status(200, b"ok")
HANG = raw(then="hang")
RESET = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n", then="reset")
DRIP = endless(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a", pause=0.2)
ENDLESS_BODY = endless(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", b"x" * 65536)
HUGE_HEADER = raw(b"HTTP/1.1 200 OK\r\nX-Big: " + b"a" * 1_048_576 + b"\r\n\r\n")
ENDLESS_1XX = endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", pause=0.001)
HTTP09 = raw(b"hello there, no status line here\n")
GONE = status(410)


def redirect(code: int, to: str) -> Behaviour:
    return status(code, location=to)


class Receiver:
    """Listens on a free port from `with` on; every connection is served on one thread of its own."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.received: list[Received] = []
        self.connections = 0
        self.busy = self.most_at_once = 0
        self.host = host
        self._port = port
        self._behaviours: dict[str, list[Behaviour]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> "Receiver":
        self._thread.start()
        self._ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://{self.host}:{self._port}"

    @property
    def port(self) -> int:
        return self._port

    def behave(self, *behaviours: Behaviour, path: str = "") -> None:
        """Answer the next requests so, one after the other; the last behaviour stays. By path, or for all."""
        self._behaviours[path] = list(behaviours)

    def wait_for(self, count: int, seconds: float = 20.0, path: str | None = None) -> list[Received]:
        """The requests once `count` came (on `path`); fails after `seconds`."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.on(path)
            if len(found) >= count:
                return found
            time.sleep(0.01)
        raise AssertionError(f"{len(self.on(path))} of {count} requests came within {seconds} s")

    def on(self, path: str | None) -> list[Received]:
        return [one for one in list(self.received) if path is None or one.target == path]

    def _next(self, target: str) -> Behaviour:
        waiting = self._behaviours.get(target) or self._behaviours.get("") or [OK]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._connection, self.host, self._port, backlog=1024, ssl=self._tls)
        )
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        gone = (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError)
        with contextlib.suppress(*gone):
            while True:
                request = await _read(reader)
                self.received.append(request)
                self.busy += 1
                self.most_at_once = max(self.most_at_once, self.busy)
                try:
                    if not await self._next(request.target)(writer):
                        break
                finally:
                    self.busy -= 1
        with contextlib.suppress(*gone):
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, target, headers, body)
