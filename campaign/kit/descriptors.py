"""File descriptors: as many as the system lets a process have, and whether they are used up."""

import errno
import os
import resource

ENOUGH = 65_536
"""More than the busiest process of an installation opens."""

USED_UP = frozenset((errno.EMFILE, errno.ENFILE))
"""The process has all it may have, or the machine has."""


def limit() -> int:
    """How many this process may have open, counted up to ENOUGH."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return ENOUGH if soft == resource.RLIM_INFINITY else min(soft, ENOUGH)


def raise_limit() -> None:
    """To what the system allows, or to ENOUGH: it gives 1,024 to begin with for the sake of programs of old."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if limit() < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def are_used_up() -> bool:
    """Whether none can be opened this moment."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in USED_UP
    return False
