"""A child process that ends when its starter ends, whatever happens to the starter."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from campaign.cli.process import guard
from campaign.cli.process.account import Account
from campaign.cli.setup.environment import with_bytecode


class Lifeline:
    """A pipe whose read end every guard holds. Nobody writes: its closing is the message."""

    def __init__(self) -> None:
        self.held, self._ours = os.pipe()

    def cut(self) -> None:
        """Tell all guards to end their children."""
        for end in (self.held, self._ours):
            with suppress(OSError):
                os.close(end)


@dataclass(frozen=True)
class Order:
    """What to run. `grace` is in seconds between the polite signal and the kill."""

    name: str
    argv: Sequence[str]
    log: Path
    pid_file: Path
    cwd: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    stop: signal.Signals = signal.SIGTERM
    grace: float = 3.0
    account: Account | None = None
    shown: bool = False
    """Its standard output goes to our own; the log has the rest."""


class Child:
    """One run after another of an order. `keep` are descriptors the guard holds too (the folder's lock)."""

    def __init__(self, order: Order, lifeline: Lifeline, keep: Sequence[int] = ()) -> None:
        self.order = order
        self._lifeline = lifeline
        self._keep = tuple(keep)
        self._guard: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the guard, which starts the child. Output is appended to the log."""
        order = self.order
        text = {
            "argv": list(order.argv),
            "cwd": str(order.cwd),
            "lifeline": self._lifeline.held,
            "pid_file": str(order.pid_file),
            "stop": int(order.stop),
            "grace": order.grace,
            "account": None if order.account is None else [order.account.uid, order.account.gid],
        }
        order.pid_file.unlink(missing_ok=True)
        with order.log.open("ab") as log:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", guard.__file__],
                env={**with_bytecode(os.environ), **order.environ, guard.ORDER: json.dumps(text)},
                stdin=subprocess.DEVNULL,
                stdout=None if order.shown else log,
                stderr=log,
                # Away from the terminal: Ctrl-C reaches the supervisor alone, which ends all in order.
                start_new_session=True,
                pass_fds=(self._lifeline.held, *self._keep),
            )

    @property
    def name(self) -> str:
        return self.order.name

    @property
    def status(self) -> int | None:
        """None while it runs; then the exit status, above 128 or below 0 where a signal ended it."""
        return None if self._guard is None else self._guard.poll()

    @property
    def pid(self) -> int | None:
        """The child's own process id, once its guard has started it."""
        with suppress(OSError, ValueError):
            return int(self.order.pid_file.read_text())
        return None

    def ask_to_stop(self) -> None:
        """Ask politely and return at once."""
        if self._guard is not None and self._guard.poll() is None:
            self._guard.terminate()

    def wait(self, timeout: float) -> bool:
        """Whether it has ended within `timeout` seconds."""
        if self._guard is None:
            return True
        try:
            self._guard.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        with suppress(OSError):
            return "\n".join(self.order.log.read_text(errors="replace").splitlines()[-lines:])
        return ""
