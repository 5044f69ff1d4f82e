"""Run the tests, on embedded servers of their own; words it does not know go to pytest."""

import argparse
import os
import sys

PASSES_ON = True


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "python3 -m campaign test [pytest's arguments]"
    parser.add_help = False


def run(options: argparse.Namespace) -> int:
    """Become pytest, so that its exit status and its signals are ours."""
    from campaign.cli.setup.environment import ROOT
    from campaign.kit import catalogue

    catalogue.compile_all()
    os.chdir(ROOT)
    sys.stdout.flush()
    command = [sys.executable, "-m", "pytest", *_side_by_side(options.passed_on), *options.passed_on]
    os.execv(sys.executable, command)  # noqa: S606 - no shell wanted


def _side_by_side(given: list[str]) -> list[str]:
    """Two files at a time for the whole suite: most tests wait for a server rather than compute.

    Each process starts servers of its own. Part of the suite, or what names its own -n, runs as it is asked.
    """
    if any(word == "-n" or not word.startswith("-") for word in given):
        return []
    return ["-n", "2", "--dist", "loadfile"]
