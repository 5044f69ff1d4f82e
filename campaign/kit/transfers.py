"""Transfers of libcurl on an asyncio loop, as pycurl.AsyncCurlMulti makes them, at less cost (decision 54).

libcurl says with each transfer which socket to watch and, at its end, to leave it. Sockets are watched by an epoll of
our own, of which the loop knows one descriptor: a call costs one system call there, in the place of two watchers of the
loop made and thrown away; and what is ready is handed to libcurl by the handful.
"""

import asyncio
import select
from contextlib import suppress
from typing import Any

import pycurl
import structlog

log = structlog.get_logger(__name__)

AT_ONCE = 64
"""So many sockets are served before the loop looks at everything else."""

MILLISECOND = 0.001
"""uvloop counts in whole ones, and may come that much early: libcurl sets what is left anew."""


class Broken(pycurl.error):  # type: ignore[misc]
    """A fault of ours ended it; the receiver has no part in it."""


def transfers() -> "Transfers | pycurl.AsyncCurlMulti":
    """Ours where there is epoll, which is Linux; pycurl's, with the same methods, elsewhere."""
    return Transfers() if hasattr(select, "epoll") else pycurl.AsyncCurlMulti()


class Transfers:
    """One multi handle of libcurl, within the running loop that it is made in."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._futures: dict[pycurl.Curl, asyncio.Future[None]] = {}
        self._epoll = select.epoll()
        # What libcurl waits for. A socket that it left stays in the epoll: most often the next call uses it at once.
        self._wanted: dict[int, int] = {}
        self._due_at: float | None = None
        # Not asked of the timer: uvloop gives one that cannot tell for what is due at once.
        self._looks_at = 0.0
        self._timer: asyncio.Handle | None = None
        self._is_due = self._is_closed = False
        self._options: dict[int, Any] = {
            pycurl.M_SOCKETFUNCTION: self._on_socket,
            pycurl.M_TIMERFUNCTION: self._on_timer,
        }
        self._multi = self._made()
        self._loop.add_reader(self._epoll.fileno(), self._serve)

    def _made(self) -> pycurl.CurlMulti:
        multi = pycurl.CurlMulti()
        for option, value in self._options.items():
            multi.setopt(option, value)
        return multi

    def setopt(self, option: int, value: Any) -> None:
        """As pycurl.CurlMulti's."""
        self._options[option] = value
        self._multi.setopt(option, value)

    async def perform(self, curl: pycurl.Curl) -> None:
        """Make the transfer. Raises pycurl.error, of which Broken is ours alone; after a cancel the handle is out of
        use, its connection closed.
        """
        future = self._futures[curl] = self._loop.create_future()
        try:
            try:
                self._multi.add_handle(curl)
            except pycurl.error as error:
                self._begin_anew(error)
            await future
        finally:
            if self._futures.pop(curl, None) is not None:
                with suppress(pycurl.error):
                    self._multi.remove_handle(curl)

    async def aclose(self) -> None:
        """Cancel what is under way, and close all connections."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        for curl, future in list(self._futures.items()):
            future.cancel()
            self._end(curl)
        self._loop.remove_reader(self._epoll.fileno())
        self._multi.close()
        self._epoll.close()

    def _on_socket(self, what: int, fd: int, _multi: Any, _state: Any) -> None:
        if what in (pycurl.POLL_REMOVE, pycurl.POLL_NONE):
            self._wanted.pop(fd, None)
            return
        events = select.EPOLLIN if what & pycurl.POLL_IN else 0
        events |= select.EPOLLOUT if what & pycurl.POLL_OUT else 0
        if self._wanted.get(fd) == events:
            return
        self._wanted[fd] = events
        try:
            self._epoll.modify(fd, events)
        except FileNotFoundError:
            # A new one: with the one before it of this number the kernel forgot what was watched.
            self._epoll.register(fd, events)

    def _on_timer(self, milliseconds: int) -> None:
        if self._is_closed:
            return
        if milliseconds < 0:
            self._due_at = None
        elif milliseconds == 0:
            # Not from here: libcurl does not like to be called by what it calls.
            if not self._is_due:
                self._is_due = True
                self._loop.call_soon(self._on_due)
        else:
            self._due_at = self._loop.time() + milliseconds / 1000
            self._set_timer()

    def _set_timer(self) -> None:
        """One that is set for an earlier time stays: it looks again then."""
        if self._due_at is None or (self._timer is not None and self._looks_at <= self._due_at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._looks_at = self._due_at
        self._timer = self._loop.call_at(self._due_at, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        if self._due_at is not None and self._due_at <= self._loop.time() + MILLISECOND:
            self._due_at = None
            self._drive(pycurl.SOCKET_TIMEOUT, 0)
            self._settle()
        self._set_timer()

    def _on_due(self) -> None:
        self._is_due = False
        if not self._is_closed:
            self._drive(pycurl.SOCKET_TIMEOUT, 0)
            self._settle()

    def _serve(self) -> None:
        for fd, events in self._epoll.poll(0, AT_ONCE):
            if fd not in self._wanted:
                # Between two calls: its other side closed it, which libcurl sees by itself before it is used again.
                with suppress(OSError):
                    self._epoll.unregister(fd)
                continue
            # An error is for whoever waits; libcurl finds out which it is.
            mask = pycurl.CSELECT_IN if events & ~select.EPOLLOUT else 0
            self._drive(fd, mask | (pycurl.CSELECT_OUT if events & ~select.EPOLLIN else 0))
        self._settle()

    def _drive(self, fd: int, mask: int) -> None:
        try:
            self._multi.socket_action(fd, mask)
        except pycurl.error as error:
            self._begin_anew(error)

    def _begin_anew(self, error: pycurl.error) -> None:
        """One of our callbacks failed: libcurl does nothing more with that handle, and its transfers never end."""
        log.error("transfers_broken", count=len(self._futures), exc_info=error)
        for curl in list(self._futures):
            self._end(curl, Broken(*error.args))
        self._wanted.clear()
        self._due_at = None
        self._multi.close()
        self._multi = self._made()

    def _settle(self) -> None:
        """Tell those who wait for what has ended."""
        _, well, failed = self._multi.info_read()
        for curl in well:
            self._end(curl)
        for curl, code, message in failed:
            self._end(curl, pycurl.error(code, message))

    def _end(self, curl: pycurl.Curl, error: pycurl.error | None = None) -> None:
        future = self._futures.pop(curl, None)
        if future is None:
            return
        with suppress(pycurl.error):
            self._multi.remove_handle(curl)
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
