"""A process of the races: `book URL SEED SLOTS` books contested slots, `tick URL` lets the clock run for ever.

With `no-turns` behind it, bookings do not wait for each other before they look: the constraint is left alone.
"""

import json
import random
import sys

from campaign.kit.database import Database
from campaign.kit.errors import DomainError
from campaign.live.clock import tick
from campaign.schedule import booking, claims
from campaign.schedule.schemas import SessionIn
from tests.factory import HUB


def book(url: str, seed: str, slots: str, fault: str = "") -> None:
    """Try every slot once, in an order of its own; prints how many were booked and refused."""
    if fault == "no-turns":
        claims.take_turns = lambda *_, **__: None
    database = Database.connect(url, pool_size=1)
    wanted = json.loads(sys.stdin.read())[: int(slots)]
    random.Random(int(seed)).shuffle(wanted)
    booked = refused = other = 0
    for body in wanted:
        try:
            with database.transaction(HUB) as db:
                booking.book(db, HUB, SessionIn.model_validate(body))
            booked += 1
        except DomainError as error:
            refused += error.error_code == "conflict"
            other += error.error_code != "conflict"
    print(json.dumps({"booked": booked, "refused": refused, "other": other}))


def clock(url: str) -> None:
    """Tick until killed."""
    database = Database.connect(url, pool_size=2)
    print("ticking", flush=True)
    while True:
        tick(database)


if __name__ == "__main__":
    {"book": book, "tick": clock}[sys.argv[1]](*sys.argv[2:])
