"""Send webhooks and notices: the process that delivers what the outbox holds (part of `up`)."""

import argparse
import os


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes its settings from the environment alone, as the other long-running parts do."""


def run(_options: argparse.Namespace) -> int:
    """Until SIGTERM or SIGINT; then finish what is in flight."""
    from campaign.delivery.sender.process import serve
    from campaign.gate.notices import Wording
    from campaign.kit.collector import spare_the_collector
    from config.logging import configure
    from config.settings import load

    settings = load(os.environ)
    configure(settings.log_level, as_json=settings.log_json)
    wording = Wording(settings)
    spare_the_collector()
    serve(settings, wording)
    return 0
