"""A process that carries files until it is killed: `python -m tests.faults.carrier [forgets]`.

It says when it takes up a part.
With `forgets` a part is noted as done before it is taken over, as a queue that acknowledges early does it.
"""

import sys
import time

from sqlalchemy import text

from campaign.connectors import carrying
from campaign.wiring import wire
from config.settings import load
from tests.faults.midst import TURN
from workers import connectors, task


def main() -> None:
    """Turn after turn, as the clock wakes it."""
    parts = wire(load())
    task.use(parts)
    usual = carrying.take_over

    def forget(staged, lines):  # type: ignore[no-untyped-def]
        first = min(line.row for line in lines)
        with parts.database._bind.begin() as own:
            own.execute(
                text("UPDATE import_part SET done = true WHERE import_id = :id AND n = :n"),
                {"id": staged.id, "n": (first - 2) // carrying.PART_ROWS},
            )

    def telling(db, actor, staged, lines):  # type: ignore[no-untyped-def]
        if "forgets" in sys.argv:
            forget(staged, lines)
        print(TURN, flush=True)
        return usual(db, actor, staged, lines)

    carrying.take_over = telling
    while True:
        connectors.carry()
        time.sleep(0.02)


if __name__ == "__main__":
    main()
