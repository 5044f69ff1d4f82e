"""Whom servers run as: PostgreSQL refuses root, so there root's children run as an unprivileged user."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Account:
    """A user that is not root."""

    uid: int
    gid: int


def unprivileged() -> Account | None:
    """The account servers must run as, or None where this process's own will do."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def can_reach(account: Account | None, path: Path) -> bool:
    """Whether `account` may enter the folder or run the program. Tried: modes leave out ACLs and mounts."""
    if account is None:
        return os.access(path, os.X_OK)
    tried = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return tried.returncode == 0


def give(account: Account | None, path: Path) -> None:
    """Make `account` the owner of `path`, which nobody else may enter."""
    path.chmod(0o700)
    if account is not None:
        os.chown(path, account.uid, account.gid)
