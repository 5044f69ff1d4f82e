"""Demo data: fill an empty installation, show its logins, or push live sales into it."""

import argparse
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaign.kit.parts import Parts


def arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("fill", help="fill in the demo, unless there is data already")
    verbs.add_parser("logins", help="show one login per role")
    verbs.add_parser("feed", help="push orders for whatever is live, until stopped")


def run(options: argparse.Namespace) -> int:
    from campaign.cli.place import joined

    with joined() as parts:
        if options.verb == "feed":
            return _feed(parts)
        from campaign.cli.demo.fill import fill, read_logins

        logins = fill(parts.settings, print) if options.verb == "fill" else read_logins(parts.settings)
        for login in logins:
            print(f"{login.role:7} {login.email:22} {login.password}")
    return 0


def _feed(parts: "Parts") -> int:
    from campaign.cli.demo.feed import feed

    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda caught, _frame: stopped.append(caught))
    print(f"{feed(parts, lambda: not stopped)} events pushed")
    return 0
