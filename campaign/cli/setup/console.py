"""What the reader of the terminal sees while long work runs."""

import sys
import time
from types import TracebackType


def say(text: str) -> None:
    """One line, seen at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """A line that must not get lost among the others."""
    sys.stdout.flush()
    sys.stderr.write(f"warning: {text}\n")
    sys.stderr.flush()


class Step:
    """A named piece of set-up: on a terminal its progress in place, at the end one line with its seconds.

    Told on stderr: any command may have to set up first, and its stdout is read by programs.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._live = sys.stderr.isatty()
        self._note = ""

    def __enter__(self) -> "Step":
        self._started = time.monotonic()
        self.progress("…")
        return self

    def progress(self, text: str) -> None:
        """Show how far it is (terminals only: a log file wants one line)."""
        if self._live:
            self._tell(f"\r\033[K  {self._name:<12} {text[:90]}")

    def note(self, text: str) -> None:
        """What to say at the end."""
        self._note = text

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._tell("\r\033[K")
        if kind is None:
            self._tell(f"  {self._name:<12} {self._note} ({time.monotonic() - self._started:.1f} s)\n")

    @staticmethod
    def _tell(text: str) -> None:
        sys.stdout.flush()
        sys.stderr.write(text)
        sys.stderr.flush()
