"""Tell whether one part is alive (exit status 0) or not (1): for health checks of containers."""

import argparse
import http.client
import os


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("part", choices=("web", "worker", "clock", "sender"))


def run(options: argparse.Namespace) -> int:
    """Web is asked for /healthz; the others by their sign of life in the database."""
    return _web() if options.part == "web" else _sign_of_life(options.part)


def _web() -> int:
    line = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("CAMPAIGN_PORT") or 8000), timeout=5)
    try:
        line.request("GET", "/healthz")
        return 0 if line.getresponse().status == 200 else 1
    except OSError:
        return 1
    finally:
        line.close()


def _sign_of_life(part: str) -> int:
    """The tick shows the life of two: the clock sends it, a worker does it."""
    from campaign.cli.place import joined
    from campaign.kit import heartbeat
    from campaign.kit.actor import SYSTEM

    with joined() as parts, parts.database.transaction(SYSTEM, readonly=True) as db:
        age = heartbeat.ages(db).get("sender" if part == "sender" else "clock", float("inf"))
    return 0 if age < heartbeat.LATE.total_seconds() else 1
