"""The product itself, started as a user starts it: `python3 -m campaign up`, in a data folder of its own."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from campaign.cli.embedded import home

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("web", "worker", "clock", "sender", "valkey", "postgres")


class Product:
    """A running `up`: what it prints, where it answers, its children by name."""

    def __init__(self, data_dir: Path, *arguments: str, **environ: str) -> None:
        self.data_dir = data_dir
        self.started_at = time.monotonic()
        given = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
        self.environ = {**given, "CAMPAIGN_DATA_DIR": str(data_dir), **environ}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "campaign", "up", *arguments],
            cwd=ROOT,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._fresh: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout:
            for line in self.process.stdout:
                self.lines.append(line.rstrip("\n"))
                self._fresh.put(line.rstrip("\n"))
        self._fresh.put("")

    def wait_for_line(self, start: str, seconds: float = 60) -> str:
        """The next line that starts so; fails with all that was printed."""
        until = time.monotonic() + seconds
        with suppress(queue.Empty):
            while True:
                line = self._fresh.get(timeout=max(0.01, until - time.monotonic()))
                if line.startswith(start):
                    return line
                if not line and self.process.poll() is not None:
                    break
        raise AssertionError(f"no line {start!r} within {seconds} s:\n" + "\n".join(self.lines))

    def wait_until_ready(self, seconds: float = 90) -> str:
        """Its address, from the one line that names it."""
        self.url = self.wait_for_line("ready ", seconds).removeprefix("ready ")
        return self.url

    def pid(self, part: str) -> int:
        """The process id of a part itself (not of its guard), once it has one."""
        path = self.data_dir / "run" / f"{part}.pid"
        for _ in range(200):
            with suppress(OSError, ValueError):
                return int(path.read_text())
            time.sleep(0.02)
        raise AssertionError(f"{part} has no process id")

    def kill(self, part: str) -> int:
        """kill -9 of one part; gives the id it had."""
        pid = self.pid(part)
        os.kill(pid, signal.SIGKILL)
        return pid

    def get(self, path: str, seconds: float = 5) -> tuple[int, str]:
        """Status and body of a page."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=seconds) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another command beside this `up`, on its data folder."""
        return subprocess.run(
            [sys.executable, "-m", "campaign", *words],
            cwd=ROOT,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def addresses(self) -> dict[str, str]:
        """DATABASE_URL and REDIS_URL of its servers."""
        found: dict[str, str] = json.loads((self.data_dir / "run" / "addresses.json").read_text())
        return found

    def stop(self) -> int:
        """Ask it to end; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


@contextmanager
def started(data_dir: Path, *arguments: str, **environ: str) -> Iterator[Product]:
    """`up` for the length of the block; nothing of it stays behind."""
    product = Product(data_dir, *arguments, **environ)
    try:
        yield product
    finally:
        if product.process.poll() is None:
            product.process.send_signal(signal.SIGTERM)
            try:
                product.process.wait(10)
            except subprocess.TimeoutExpired:
                product.process.kill()
                product.process.wait()
        home.discard(data_dir)


def alive(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
