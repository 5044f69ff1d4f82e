"""The whole of `up`: servers, schema, demo data, the four processes, ready; then watch until told to end."""

import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from campaign.cli.embedded.ports import free_port
from campaign.cli.embedded.servers import Servers
from campaign.cli.faults import SetupFault
from campaign.cli.place import Place
from campaign.cli.process.child import Child, Lifeline, Order
from campaign.cli.setup.console import Step, say, warn
from campaign.cli.setup.environment import ROOT
from campaign.cli.supervisor.prepared import Prepared
from campaign.cli.supervisor.ready import Readiness
from campaign.cli.supervisor.watch import Watch
from config import processes

READY_SECONDS = 60.0
_PAUSE_SECONDS = 0.1
_ROOM_BYTES = 200_000_000
# An idle worker takes 2 s to end by itself; what it is cut off from is taken up again from SQL.
_GRACE_SECONDS = {"worker": 1.5}
_SCHEMA_STANDS = "schema-stands"
_SERVERS = {"postgres", "valkey"}


@dataclass(frozen=True)
class Wanted:
    """What `up` was asked for."""

    host: str
    port: int
    workers: int
    data_dir: Path
    demo: bool


class _Told(Exception):
    """A signal asked for the end while something was being waited for."""


class Up:
    """One run of `up`."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._place = Place(wanted.data_dir)
        self._port = wanted.port or free_port()
        self._told = threading.Event()
        self._watch = Watch()
        self._lifeline = Lifeline()
        self._keep: tuple[int, ...] = ()
        self._settle: Callable[[], None] = lambda: None

    def run(self) -> None:
        """Start all, watch all, end all. Returns after an orderly end; SetupFault when it cannot start."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self._told.set())
        self._check_port()
        with self._place.hold() as lock:
            self._check_room()
            self._keep = (lock,)
            try:
                self._start()
                self._stay()
            except _Told:
                pass
            finally:
                self._end()

    def _start(self) -> None:
        environ = self._start_servers()
        prepared = Prepared(self._place.run_dir)
        preparing = self._begin_preparing(environ)
        readiness = Readiness(self._wanted.host, self._port)
        parts = {name: self._order(name, argv, environ) for name, argv in self._parts().items()}
        # Where the schema is known to be right, looking it over need not keep anyone waiting. Elsewhere
        # pages start when it stands; what acts by itself waits until the demo's past has been played.
        if not prepared.before:
            self._wait_for(preparing, or_for=self._place.run_dir / _SCHEMA_STANDS)
            self._begin(parts.pop("web"))
            self._wait_for(preparing)
        for order in parts.values():
            self._begin(order)
        self._wait_for(preparing)
        prepared.note()
        self._wait_until_ready(readiness)
        self._settle()
        say(f"ready {self._url()}")
        if self._wanted.demo:
            # Somebody has to buy something from the demo's live session.
            self._begin(self._order("demo", ["-m", "campaign", "demo", "feed"], environ))

    def _stay(self) -> None:
        trim_at = 0.0
        while not self._told.wait(_PAUSE_SECONDS):
            self._watch.look()
            if time.monotonic() > trim_at:
                trim_at = time.monotonic() + 60
                self._place.trim_logs()

    def _start_servers(self) -> dict[str, str]:
        servers = Servers(
            self._place,
            database_url=os.environ.get("DATABASE_URL", ""),
            redis_url=os.environ.get("REDIS_URL", ""),
        )
        with Step("servers") as step:
            for child in servers.start(self._lifeline, self._keep):
                self._watch.add(child)
            step.note(servers.description)
        self._settle = servers.settle
        self._place.publish(servers.database_url, servers.redis_url)
        return {
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "CAMPAIGN_DATA_DIR": str(self._place.data_dir),
            "CAMPAIGN_HOST": self._wanted.host,
            "CAMPAIGN_PORT": str(self._port),
            "CAMPAIGN_WORKERS": str(self._wanted.workers),
            "CAMPAIGN_ENVIRONMENT": "given",
            "PYTHONUNBUFFERED": "1",
        }

    def _parts(self) -> dict[str, list[str]]:
        wanted = self._wanted
        return {
            "web": processes.web(wanted.host, self._port, wanted.workers),
            "worker": processes.worker(),
            "clock": processes.clock(),
            # Who waits at the terminal does not wait for an agency that hangs: its event is sent again.
            "sender": processes.sender("--drain", f"{processes.STOP_SECONDS - 0.5}"),
        }

    def _order(self, name: str, argv: list[str], environ: Mapping[str, str], *, shown: bool = False) -> Order:
        return Order(
            name=name,
            argv=[sys.executable, *argv],
            log=self._place.log(name),
            pid_file=self._place.run_dir / f"{name}.pid",
            cwd=ROOT,
            environ=environ,
            grace=_GRACE_SECONDS.get(name, processes.STOP_SECONDS),
            shown=shown,
        )

    def _begin(self, order: Order) -> None:
        child = Child(order, self._lifeline, self._keep)
        child.start()
        self._watch.add(child)

    def _begin_preparing(self, environ: Mapping[str, str]) -> Child:
        """Schema and demo data, in a child of their own: the supervisor stays small."""
        note = self._place.run_dir / _SCHEMA_STANDS
        note.unlink(missing_ok=True)
        argv = ["-m", "campaign", "prepare", "--note", str(note), *(["--demo"] if self._wanted.demo else [])]
        child = Child(self._order("prepare", argv, environ, shown=True), self._lifeline, self._keep)
        child.start()
        return child

    def _wait_for(self, preparing: Child, *, or_for: Path | None = None) -> None:
        while not preparing.wait(_PAUSE_SECONDS):
            self._check_told()
            if or_for is not None and or_for.exists():
                return
        if preparing.status:
            raise SetupFault(f"the database could not be prepared:\n{preparing.last_words()}")
        preparing.order.pid_file.unlink(missing_ok=True)

    def _wait_until_ready(self, readiness: Readiness) -> None:
        until = time.monotonic() + READY_SECONDS
        while not readiness.reached():
            self._check_told()
            self._watch.look()
            failing = self._watch.failing()
            if failing is not None:
                raise SetupFault(f"{failing.name} does not start; its last words:\n{failing.last_words()}")
            if time.monotonic() > until:
                raise SetupFault(
                    f"not ready after {READY_SECONDS:g} s, missing: {readiness.missing};"
                    f" see the logs in {self._place.log_dir}"
                )
            self._told.wait(_PAUSE_SECONDS)

    def _check_told(self) -> None:
        if self._told.is_set():
            raise _Told

    def _check_port(self) -> None:
        """Find out about a taken port before anything is started."""
        host = self._wanted.host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, self._port))
            except OSError as error:
                raise SetupFault(
                    f"cannot listen on {host} port {self._port} ({error.strerror}):"
                    " choose another with --port or --host"
                ) from error

    def _check_room(self) -> None:
        free = shutil.disk_usage(self._place.data_dir).free
        if free < _ROOM_BYTES:
            raise SetupFault(
                f"the disk is full: {free // 1_000_000} MB left at {self._place.data_dir},"
                f" the servers need {_ROOM_BYTES // 1_000_000} MB to start"
            )

    def _url(self) -> str:
        host = f"[{self._wanted.host}]" if ":" in self._wanted.host else self._wanted.host
        return f"http://{host}:{self._port}"

    def _end(self) -> None:
        """The processes first, then the servers they use; the guards see to it that 5 s suffice."""
        self._watch.stop(self._watch.names - _SERVERS, processes.STOP_SECONDS + 0.3)
        self._watch.stop(_SERVERS, 2.5)
        self._lifeline.cut()


def announce_outgoing(allowed: str) -> None:
    """Calls out to private addresses are for tests and closed networks: never on by oversight."""
    if allowed:
        warn(f"CAMPAIGN_OUTGOING_ALLOW is set: webhooks may reach the private addresses {allowed}")
