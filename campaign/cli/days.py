"""Days on the command line. Standard library alone: arguments are read before the environment stands."""

from datetime import date

FIRST_YEAR, LAST_YEAR = 2001, 2098
"""As kit.instants.parse_day has it: sums of days stay days."""


def day(written: str) -> date:
    """YYYY-MM-DD. Raises ValueError, which argparse words."""
    found = date.fromisoformat(written)
    if len(written) != len("2026-11-11") or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueError(written)
    return found
