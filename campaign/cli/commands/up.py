"""Start everything: environment, servers, demo data, web, worker, clock and sender; Ctrl-C ends it."""

import argparse
import os
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    def env(name: str, default: str) -> str:
        return os.environ.get(f"CAMPAIGN_{name}") or default

    parser.add_argument("--host", default=env("HOST", "127.0.0.1"), help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=env("PORT", "8000"), help="0 takes any free one (%(default)s)"
    )
    parser.add_argument("--data-dir", type=Path, default=env("DATA_DIR", "var"), help="(%(default)s)")
    parser.add_argument(
        "--workers", type=int, default=env("WORKERS", "1"), help="web processes (%(default)s)"
    )
    parser.add_argument("--empty", action="store_true", help="without demo data")


def run(options: argparse.Namespace) -> int:
    """Runs until SIGINT or SIGTERM; 0 after an orderly end."""
    from campaign.cli.supervisor.start import Up, Wanted, announce_outgoing

    announce_outgoing(os.environ.get("CAMPAIGN_OUTGOING_ALLOW", ""))
    Up(
        Wanted(
            host=options.host,
            port=options.port,
            workers=options.workers,
            data_dir=options.data_dir,
            demo=not options.empty,
        )
    ).run()
    return 0
