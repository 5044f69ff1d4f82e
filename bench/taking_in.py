"""The way in by itself, in a process of its own: `python -m bench.taking_in URL SECONDS FIRST` prints events a second.

A line on stdin starts it, so that several begin together.
"""

import sys
import time
from collections.abc import Iterator

import campaign.app  # noqa: F401 - tables know each other once all of them are imported
from bench import pushing
from bench.serving import KEY
from campaign.kit.actor import Actor
from campaign.kit.collector import spare_the_collector
from campaign.kit.database import Database
from campaign.sales.batches import read_batch
from campaign.sales.intake import Intake

BATCH = 1000
CONNECTOR = Actor(kind="key", role="connector", id=1, name="bench")


def rate(intake: Intake, bodies: Iterator[bytes], seconds: float) -> float:
    """Bytes to verdicts in one thread: events a second."""
    done, began = 0, time.monotonic()
    for body in bodies:
        intake.take_in(CONNECTOR, read_batch(body, "application/json"))
        done += 1
        if time.monotonic() - began > seconds:
            break
    return done * BATCH / (time.monotonic() - began)


def main() -> None:
    url, seconds, first = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    # More than fit into the time: none is made while it is measured.
    bodies = [pushing.body((first + place) * BATCH, BATCH) for place in range(int(seconds * 200))]
    database = Database.connect(url, pool_size=1)
    with database.transaction(CONNECTOR, readonly=True):
        pass
    intake = Intake(database, KEY.encode())
    spare_the_collector()
    print("ready", flush=True)
    sys.stdin.readline()
    print(rate(intake, iter(bodies), seconds), flush=True)


if __name__ == "__main__":
    main()
