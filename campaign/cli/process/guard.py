"""The small parent of one child. Run by path with a bare interpreter; standard library only.

It holds the read end of its starter's pipe (the lifeline). When the starter dies, however it dies, the pipe
closes and the guard ends its child; PDEATHSIG alone would not do: it is lost when a child changes its user.
The order (what to run, as whom) comes in the environment, so that a search of the process list for the
child's name finds the child and not its guard.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

ORDER = "XINJI_GUARD_ORDER"
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def _prctl() -> Callable[..., int] | None:
    """Linux's prctl; None elsewhere (the lifeline alone must do there)."""
    return getattr(ctypes.CDLL(None), "prctl", None) if sys.platform == "linux" else None


def _become(account: list[int] | None) -> None:
    if account is not None:
        os.setgroups([])
        os.setgid(account[1])
        os.setuid(account[0])


def _own_children() -> list[int]:
    """Processes that are ours now: the subreaper inherits whatever a dead child left behind."""
    me = os.getpid()
    with suppress(OSError):
        text = Path(f"/proc/{me}/task/{me}/children").read_text()
        return [int(pid) for pid in text.split()]
    return []


def _clear(group: int) -> None:
    """Kill what is left of the child's group and of its orphans; gives up after 2 s."""
    with suppress(OSError):
        os.killpg(group, signal.SIGKILL)
    until = time.monotonic() + 2
    while (left := _own_children()) and time.monotonic() < until:
        for pid in left:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.01)


def _watch(child: subprocess.Popen[bytes], order: dict[str, Any], wake: int, asked: list[int]) -> None:
    """Until the child has ended: asked, or its lifeline cut, stop it; kill it after its grace."""
    watched = [order["lifeline"], wake]
    deadline: float | None = None
    while child.poll() is None:
        timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready = select.select(watched, [], [], timeout)[0]
        if wake in ready:
            os.read(wake, 512)
        cut = order["lifeline"] in ready
        if cut:
            watched = [wake]
        if (cut or asked) and deadline is None:
            child.send_signal(order["stop"])
            deadline = time.monotonic() + order["grace"]
        elif deadline is not None and time.monotonic() >= deadline:
            child.kill()
            child.wait()


def main() -> int:
    """Run the ordered child to its end; its exit status, 128 + n where signal n ended it."""
    order: dict[str, Any] = json.loads(os.environ.pop(ORDER))
    asked: list[int] = []
    wake, wake_end = os.pipe()
    for end in (wake, wake_end):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, lambda *_: None)  # a handler, not SIG_IGN: the child must not inherit it
    pid_file = os.open(order["pid_file"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    _become(order["account"])
    prctl = _prctl()
    if prctl is not None:
        prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = subprocess.Popen(
        order["argv"],
        cwd=order["cwd"],
        stdin=subprocess.DEVNULL,
        process_group=0,
        # The child asks to be told of the guard's death.
        preexec_fn=(lambda: prctl(_PR_SET_PDEATHSIG, order["stop"], 0, 0, 0))  # noqa: PLW1509 - one thread
        if prctl
        else None,
    )
    os.write(pid_file, b"%d\n" % child.pid)
    os.close(pid_file)
    _watch(child, order, wake, asked)
    _clear(child.pid)
    code = child.returncode
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main())
