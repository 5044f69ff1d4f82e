"""Make the environment and install the page assets, and nothing else (`up` and `test` do it by themselves)."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dev", action="store_true", help="with what the tests and checks need")


def run(_options: argparse.Namespace) -> int:
    """All of it has been done before the command runs."""
    from campaign.cli.setup.console import say

    say("set up")
    return 0
