"""A receiver of webhooks that costs little: answers 200 at once or after a while, and tells what it had.

    python -m bench.receiver PORT

POST /now/… is answered at once, /slow/… after 100 ms, /never/… not at all. GET /count says how many were answered,
GET /times gives each POST's webhook-id, path and time of arrival, and forgets them.
"""

import asyncio
import json
import re
import sys
import time

import uvloop

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ID = re.compile(rb"webhook-id: *(\S+)", re.IGNORECASE)
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SLOW_SECONDS = 0.1
HOSTS = 200


def host_of(number: int) -> str:
    """The address of the endpoint of that number: each agency's receiver is a host of its own."""
    return f"127.0.1.{number % HOSTS + 1}"


class _Seen:
    def __init__(self) -> None:
        self.count = 0
        self.most_flying = 0
        self.flying: dict[bytes, int] = {}
        self.times: list[tuple[str, str, float]] = []


class _Connection(asyncio.Protocol):
    def __init__(self, seen: _Seen) -> None:
        self._seen = seen
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._read += data
        while True:
            head, found, rest = self._read.partition(b"\r\n\r\n")
            if not found:
                return
            length = _LENGTH.search(head)
            size = int(length[1]) if length else 0
            if len(rest) < size:
                return
            self._read = rest[size:]
            self._request(head)

    def _request(self, head: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        if method == b"GET":
            self._tell(path)
            return
        named = _ID.search(head)
        if named:
            self._seen.times.append((named[1].decode(), path.decode(), time.time()))
        if path.startswith(b"/never/"):
            return
        flying = self._seen.flying[path] = self._seen.flying.get(path, 0) + 1
        self._seen.most_flying = max(self._seen.most_flying, flying)
        if path.startswith(b"/slow/"):
            asyncio.get_running_loop().call_later(SLOW_SECONDS, self._answer, path)
        else:
            self._answer(path)

    def _answer(self, path: bytes) -> None:
        self._seen.flying[path] -= 1
        self._seen.count += 1
        if not self._transport.is_closing():
            self._transport.write(_OK)

    def _tell(self, path: bytes) -> None:
        if path == b"/times":
            told: object = self._seen.times
            self._seen.times = []
        else:
            told = {"count": self._seen.count, "most_flying": self._seen.most_flying}
            self._seen.most_flying = 0
        body = json.dumps(told).encode()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


async def _serve(port: int) -> None:
    seen = _Seen()
    hosts = ["127.0.0.1", *(host_of(number) for number in range(HOSTS))]
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(seen), hosts, port)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(int(sys.argv[1])))
