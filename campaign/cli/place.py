"""The data folder: its lock, its logs, and where the servers of a running `up` listen."""

import errno
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from campaign.cli.faults import SetupFault

if TYPE_CHECKING:
    from campaign.kit.parts import Parts

_KEPT_LOGS = 3
_LONGEST_LOG_BYTES = 50_000_000
# After a kill -9 the guards hold the lock until their children have ended.
_GUARDS_SECONDS = 10.0


class FolderInUse(SetupFault):
    """Another `up` or command holds the data folder."""


class Place:
    """One data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.absolute()
        self.log_dir = self.data_dir / "log"
        self.run_dir = self.data_dir / "run"
        self._addresses = self.run_dir / "addresses.json"

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Place":
        return cls(Path(environ.get("CAMPAIGN_DATA_DIR") or "var"))

    def make(self) -> None:
        """Its folders."""
        for folder in (self.run_dir, self.log_dir):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def hold(self) -> Iterator[int]:
        """Hold the folder alone; gives the lock's descriptor, for guards to hold too. Raises FolderInUse."""
        try:
            self.make()
            descriptor = os.open(self.data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
            raise SetupFault(
                f"the data folder {self.data_dir} cannot be written: {error.strerror}"
            ) from error
        try:
            self._lock(descriptor)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield descriptor
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        until = time.monotonic() + _GUARDS_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                holder = os.pread(descriptor, 20, 0).decode() or "0"
                if _alive(int(holder)) or time.monotonic() > until:
                    raise FolderInUse(
                        f"the data folder {self.data_dir} is in use by process {holder};"
                        " stop that one or choose another with --data-dir"
                    ) from None
                time.sleep(0.1)

    def log(self, name: str) -> Path:
        """The log of one part; what it said in earlier runs is kept beside it, three deep."""
        path = self.log_dir / f"{name}.log"
        for age in range(_KEPT_LOGS, 0, -1):
            older = self.log_dir / f"{name}.log.{age}"
            newer = path if age == 1 else self.log_dir / f"{name}.log.{age - 1}"
            with suppress(FileNotFoundError):
                newer.rename(older)
        return path

    def trim_logs(self) -> None:
        """Start a log anew that grew too long. Its writer appends, so emptying the file is safe."""
        for path in self.log_dir.glob("*.log"):
            if path.stat().st_size > _LONGEST_LOG_BYTES:
                shutil.copyfile(path, path.with_name(f"{path.name}.1"))
                os.truncate(path, 0)

    def publish(self, database_url: str, redis_url: str) -> None:
        """Leave the addresses for commands run beside `up`; they hold passwords, so for the owner only."""
        unfinished = self._addresses.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"DATABASE_URL": database_url, "REDIS_URL": redis_url}, file)
        unfinished.rename(self._addresses)

    def published(self) -> dict[str, str]:
        """DATABASE_URL and REDIS_URL of the `up` that holds the folder."""
        try:
            found: dict[str, str] = json.loads(self._addresses.read_text())
        except (OSError, ValueError) as error:
            raise FolderInUse(
                f"the data folder {self.data_dir} is in use; its servers are not up yet"
            ) from error
        return found


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid != 0


@contextmanager
def joined() -> Iterator["Parts"]:
    """The joined parts for one command.

    On the DATABASE_URL and REDIS_URL given, else on the servers of a running `up`, else on embedded
    servers started for this command alone and migrated.
    """
    given = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
    if all(given.values()):
        with _wired({}, migrate=False) as parts:
            yield parts
        return
    from campaign.cli.embedded.servers import running

    place = Place.of(os.environ)
    with ExitStack() as stack:
        try:
            lock = stack.enter_context(place.hold())
        except FolderInUse:
            found, alone = place.published(), False
        else:
            servers = stack.enter_context(
                running(place, database_url=given["DATABASE_URL"], redis_url=given["REDIS_URL"], keep=(lock,))
            )
            found, alone = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}, True
        yield stack.enter_context(_wired(found, migrate=alone))


@contextmanager
def _wired(found: Mapping[str, str], *, migrate: bool) -> Iterator["Parts"]:
    from campaign.kit import schema
    from campaign.wiring import wire
    from config.logging import configure
    from config.settings import load

    settings = load({**os.environ, **found})
    configure("warning", as_json=settings.log_json)
    if migrate:
        schema.upgrade(settings.database_url)
    parts = wire(settings)
    try:
        yield parts
    finally:
        parts.redis.close()
        parts.database.dispose()
