"""Measure the figures that the README quotes, on servers of their own with fsync on.

Exit status 0 when every bar holds, 1 when one does not. Needs a checkout, a few gigabytes and a quiet machine;
bench/README.md says what each figure means and how it is measured. --size small shows in seconds that the benches
run at all; its figures say nothing.
"""

import argparse
import importlib
import sys
from pathlib import Path

from campaign.cli.faults import CommandFault

_FOLDER = Path(__file__).resolve().parents[3] / "bench"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="one bench (all, when left out)")
    parser.add_argument("--size", choices=("full", "small"), default="full", help="small: does it run at all")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds to take medians of (5)")
    parser.add_argument("--lines", type=int, default=0, metavar="N", help="order lines that `stored` holds")
    parser.add_argument("--json", action="store_true", help="print one JSON object a figure")


def run(options: argparse.Namespace) -> int:
    """Exit status 0 when every bar holds, 1 when one does not."""
    if not _FOLDER.is_dir():
        raise CommandFault("benches run from a checkout; bench/ is not here")
    if options.rounds < 1:
        raise CommandFault("--rounds must be 1 or more")
    if options.lines < 0 or (options.lines and options.name != "stored"):
        raise CommandFault("--lines is of `stored` alone, and 1 or more")
    # Benches stand on the product and not the other way: the command finds them by name.
    sys.path.insert(0, str(_FOLDER.parent))
    known = list(importlib.import_module("bench.every").NAMES)
    if options.name is not None and options.name not in known:
        raise CommandFault(f"no bench {options.name!r}; there are: {', '.join(known)}")
    grounds = importlib.import_module("bench.grounds")
    broken = 0
    with grounds.opened(full=options.size == "full", rounds=options.rounds, lines=options.lines) as given:
        for name in [options.name] if options.name else known:
            for figure in importlib.import_module(f"bench.{name}").run(given):
                print(figure.as_line() if options.json else figure.as_text(), flush=True)
                broken += figure.holds is False
    return 1 if broken else 0
