"""A mail server that keeps what it is given: aiosmtpd on 127.0.0.1.

with Mailbox() as box:
    box.refuse("451 try later", times=1)
    ... box.url, box.mails
"""

import email
import email.policy
import socket
import time
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


class _Keeper:
    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refusals: list[str] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refusals:
            return self.refusals.pop(0)
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))  # type: ignore[arg-type]
        return "250 taken"


class Mailbox:
    """Listens from `with` on."""

    def __init__(self) -> None:
        self._keeper = _Keeper()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._controller = Controller(self._keeper, hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> "Mailbox":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}/?from=notices@hub.example"

    @property
    def mails(self) -> list[EmailMessage]:
        return list(self._keeper.mails)

    def refuse(self, answer: str, times: int = 1) -> None:
        """Answer the next mails so."""
        self._keeper.refusals += [answer] * times

    def wait_for(self, count: int, seconds: float = 20.0) -> list[EmailMessage]:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if len(self.mails) >= count:
                return self.mails
            time.sleep(0.02)
        raise AssertionError(f"{len(self.mails)} of {count} mails within {seconds} s")
