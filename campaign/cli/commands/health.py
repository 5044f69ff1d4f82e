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
    """The tick shows the life of two: the clock sends it, a worker does it.

    Asks the database alone: joining all parts would cost a container a second of work at each check.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from campaign.cli.place import Place
    from campaign.kit import heartbeat
    from campaign.kit.actor import SYSTEM
    from campaign.kit.database import Database
    from campaign.kit.errors import Unavailable

    url = os.environ.get("DATABASE_URL") or Place.of(os.environ).published()["DATABASE_URL"]
    database = Database.connect(url, pool_size=1)
    try:
        with database.transaction(SYSTEM, readonly=True) as db:
            ages = heartbeat.ages(db)
    except (Unavailable, SQLAlchemyError):
        return 1
    finally:
        database.dispose()
    age = ages.get("sender" if part == "sender" else "clock", float("inf"))
    return 0 if age < heartbeat.LATE.total_seconds() else 1
