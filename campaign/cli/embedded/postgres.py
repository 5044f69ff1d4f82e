"""The embedded PostgreSQL: made once with initdb, then run as an unprivileged child on 127.0.0.1."""

import os
import secrets
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

from campaign.cli.embedded.home import Home
from campaign.cli.faults import SetupFault
from campaign.cli.place import Place
from campaign.cli.process.account import give
from campaign.cli.process.child import Child, Lifeline, Order

DATABASE = "xinji"
GRACE_SECONDS = 2.4
"""For the checkpoint at the end; cut short, the next start recovers from the log of writes."""
_USER = "postgres"

# For a machine of 2 cores that runs everything; a given DATABASE_URL is tuned by its owner.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path is limited to 107 bytes; projects' paths are not
    "max_connections": "120",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "10min",
    "random_page_cost": "1.1",
    "jit": "off",  # our statements run in milliseconds; compiling them takes longer
    "max_locks_per_transaction": "256",  # a statement over day partitions locks each of them
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "1000",
    "log_line_prefix": "%m [%p] ",
}
_UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """The server of one data folder. `durable` False is for tests whose data may be lost with the power."""

    def __init__(self, home: Home, port: int, *, durable: bool = True) -> None:
        self._home = home
        self._durable = durable
        self.port = port
        self.data = home.state / "postgres"
        self._syncing: threading.Thread | None = None
        self._password_file = home.state / "postgres.password"

    def prepare(self) -> None:
        """Make the data folder on first use (1 s); an initdb that was cut short is thrown away."""
        if (self.data / "PG_VERSION").exists() and self._password_file.exists():
            return
        unfinished = self._home.state / "postgres.new"
        for left in (unfinished, self.data):
            _remove(left)
        if not self._password_file.exists():
            descriptor = os.open(self._password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(24))
            if self._home.account is not None:
                os.chown(self._password_file, self._home.account.uid, self._home.account.gid)
        unfinished.mkdir()
        give(self._home.account, unfinished)
        self._run(
            "initdb",
            *("--pgdata", str(unfinished), "--username", _USER, "--pwfile", str(self._password_file)),
            *("--auth", "scram-sha-256", "--encoding", "UTF8"),
            # The wheel has no ICU; the builtin provider sorts the same on every machine.
            *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"),
            # The password is 192 random bits: stretching it would only slow each connection down.
            *("--set", "scram_iterations=1"),
            # A thousand small files: written out beside what follows instead of before it, see settle().
            "--no-sync",
        )
        unfinished.rename(self.data)
        if self._durable:
            self._syncing = threading.Thread(target=os.sync, name="sync", daemon=True)
            self._syncing.start()

    def settle(self) -> None:
        """Wait until a data folder made just now is on the disk; nobody may rely on it before."""
        if self._syncing is not None:
            self._syncing.join()
            self._syncing = None

    def child(self, place: Place, lifeline: Lifeline, keep: tuple[int, ...] = ()) -> Child:
        """The server as a child, not started yet."""
        settings = _SETTINGS | {"port": str(self.port)} | ({} if self._durable else _UNSAFE_BUT_FAST)
        argv = [str(self._home.postgres_bin / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        order = Order(
            name="postgres",
            argv=argv,
            log=place.log("postgres"),
            pid_file=place.run_dir / "postgres.pid",
            cwd=Path("/"),
            environ={"LC_ALL": "C", "TZ": "UTC"},
            stop=signal.SIGINT,  # fast: ends connections, writes a checkpoint
            grace=GRACE_SECONDS,
            account=self._home.account,
        )
        return Child(order, lifeline, keep)

    def is_ready(self) -> bool:
        """Whether the server on our port takes connections (it says so in the last line of its pid file)."""
        with suppress(OSError, IndexError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return lines[3] == str(self.port) and lines[7].strip() == "ready"
        return False

    def make_database(self) -> None:
        """Make the product's database, once; the server must be ready."""
        made = self._home.state / "postgres.made"
        if made.exists():
            return
        self._run("createdb", "--host", "127.0.0.1", "--port", str(self.port), "--username", _USER, DATABASE)
        made.touch()

    @property
    def url(self) -> str:
        """The product's database."""
        return f"postgresql://{_USER}:{self._password_file.read_text()}@127.0.0.1:{self.port}/{DATABASE}"

    def _run(self, program: str, *arguments: str) -> None:
        account = self._home.account
        environ = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PGPASSWORD": self._password_file.read_text()}
        done = subprocess.run(
            [str(self._home.postgres_bin / program), *arguments],
            env=environ,
            cwd="/",
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 and "already exists" not in done.stderr:
            raise SetupFault(f"{program} failed:\n{(done.stderr or done.stdout).strip()}")


def _remove(folder: Path) -> None:
    import shutil

    if folder.exists():
        shutil.rmtree(folder)
