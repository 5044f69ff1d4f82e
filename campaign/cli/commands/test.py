"""Run the tests, on embedded servers of their own; words it does not know go to pytest."""

import argparse
import os
import subprocess
import sys

PASSES_ON = True


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "python3 -m campaign test [pytest's arguments]"
    parser.add_help = False


# They count seconds, or want both cores for themselves: one after the other, beside nothing else.
_ALONE = (
    "tests/e2e/test_start_and_end.py",
    "tests/faults/test_evening_with_kills.py",
    "tests/faults/test_contest.py",
    "tests/browser/test_browser_board_load.py",
)


def run(options: argparse.Namespace) -> int:
    """The whole suite, or what the words name. Becomes pytest, so that its exit status and signals are ours."""
    from campaign.cli.setup.environment import ROOT
    from campaign.kit import catalogue

    catalogue.compile_all()
    os.chdir(ROOT)
    sys.stdout.flush()
    pytest = [sys.executable, "-m", "pytest"]
    given = list(options.passed_on)
    if any(word == "-n" or not word.startswith("-") for word in given):
        os.execv(sys.executable, [*pytest, *given])  # noqa: S606 - no shell wanted
    # Most of the rest waits for a server or a browser: two files at a time, each process with its own servers.
    others = [
        "-n",
        "2",
        "--dist",
        "loadfile",
        "--no-loadscope-reorder",
        *(f"--ignore={path}" for path in _ALONE),
    ]
    failed = subprocess.call([*pytest, *others, *given])
    return subprocess.call([*pytest, *_ALONE, *given]) or failed
