"""The embedded Valkey, with its log of writes on: the queue must survive a kill."""

import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path

from campaign.cli.embedded.home import Home
from campaign.cli.place import Place
from campaign.cli.process.account import give
from campaign.cli.process.child import Child, Lifeline, Order

GRACE_SECONDS = 2.4


class Valkey:
    """The server of one data folder."""

    def __init__(self, home: Home, port: int, *, durable: bool = True) -> None:
        self._home = home
        self._durable = durable
        self.port = port
        self._password = secrets.token_hex(24)
        self._config = home.state / "valkey.conf"

    def prepare(self) -> None:
        """Write its configuration. The password is new each start and never on a command line."""
        folder = self._home.state / "valkey"
        if not folder.exists():
            folder.mkdir()
            give(self._home.account, folder)
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self._password}",
            f'dir "{folder}"',
            "appendonly yes" if self._durable else "appendonly no",
            'save ""',
            "maxmemory-policy noeviction",
            "daemonize no",
            "protected-mode yes",
        ]
        descriptor = os.open(self._config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join(lines) + "\n")
        if self._home.account is not None:
            os.chown(self._config, self._home.account.uid, self._home.account.gid)

    def child(self, place: Place, lifeline: Lifeline, keep: tuple[int, ...] = ()) -> Child:
        """The server as a child, not started yet."""
        order = Order(
            name="valkey",
            argv=[str(self._home.valkey), str(self._config)],
            log=place.log("valkey"),
            pid_file=place.run_dir / "valkey.pid",
            cwd=Path("/"),
            grace=GRACE_SECONDS,
            account=self._home.account,
        )
        return Child(order, lifeline, keep)

    def is_ready(self) -> bool:
        """Whether it has read its log of writes and answers."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
            line.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                part = line.recv(256)
                if not part:
                    return False
                answer += part
            return answer == b"+OK\r\n+PONG\r\n"
        return False

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"
