"""Send webhooks and notices: the process that delivers what the outbox holds (part of `up`)."""

import argparse
import os


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its settings come from the environment, as those of the other long-running parts do."""
    parser.add_argument(
        "--drain",
        type=float,
        metavar="SECONDS",
        help="how long calls under way may take to end once it is told to stop (16: longer than any may take)",
    )


def run(options: argparse.Namespace) -> int:
    """Until SIGTERM or SIGINT; then finish what is in flight."""
    from campaign.delivery.sender.process import DRAIN_SECONDS, serve
    from campaign.gate.notices import Wording
    from campaign.kit.collector import spare_the_collector
    from config.logging import configure
    from config.settings import load

    settings = load(os.environ)
    configure(settings.log_level, as_json=settings.log_json)
    wording = Wording(settings)
    spare_the_collector()
    serve(settings, wording, drain_seconds=DRAIN_SECONDS if options.drain is None else options.drain)
    return 0
