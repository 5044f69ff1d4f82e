"""A progress bar on standard error, where somebody is looking."""

import sys
from types import TracebackType

_WIDTH = 30


class Bar:
    """Redraws one line; silent where standard error is no terminal."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = sys.stderr.isatty()
        self._drawn = -1

    def __enter__(self) -> "Bar":
        return self

    def __call__(self, done: int, total: int = 0) -> None:
        """Show how far it is; without a total just the count."""
        if not self._shown:
            return
        step = done * _WIDTH // total if total else done
        if step == self._drawn:
            return
        self._drawn = step
        bar = "█" * step + "·" * (_WIDTH - step) if total else ""
        sys.stderr.write(f"\r{self._what} {bar} {done:,}" + (f" / {total:,}" if total else ""))
        sys.stderr.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown and self._drawn >= 0:
            sys.stderr.write("\n")
