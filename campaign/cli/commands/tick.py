"""The clock: take every edge that is due, once (as from cron) or for as long as it runs.

Two clocks at once do no harm: each edge is claimed in the database.
"""

import argparse
import json
import sys
import time


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="look once and end")
    parser.add_argument("--every", type=float, default=0.5, metavar="S", help="seconds between looks (0.5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object a look")


def run(options: argparse.Namespace) -> int:
    from campaign.cli.place import joined
    from campaign.live.clock import tick
    from campaign.schedule.waiting.sweep import sweep

    with joined() as parts:
        while True:
            edges = tick(parts.database)
            held = sweep(parts.database)
            if options.json:
                sys.stdout.write(json.dumps({"edges": edges, "held": held}) + "\n")
            elif edges or held or options.once:
                sys.stdout.write(f"{edges} edges taken, {held} places held for the waiting list\n")
            sys.stdout.flush()
            if options.once:
                return 0
            time.sleep(options.every)
