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
    command = [sys.executable, "-m", "pytest", *options.passed_on]
    os.execv(sys.executable, command)  # noqa: S606 - no shell wanted
