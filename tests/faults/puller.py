"""A process that asks platforms until it is killed: `python -m tests.faults.puller [forgets]`.

It says when it takes up asks.
With `forgets` an ask is struck off when it is taken up, as a queue without acknowledgement does it.
"""

import sys
import time

from sqlalchemy import text

from campaign.connectors.tiktok_shop.api import TikTokShopApi
from campaign.kit.actor import SYSTEM
from campaign.sales import asks
from campaign.wiring import wire
from config.settings import load
from tests.faults.midst import TURN
from workers import connectors, task


def main() -> None:
    """Turn after turn. A lease of one that was killed is not waited for."""
    parts = wire(load())
    task.use(parts)
    # Few at a time, so that kills find many calls to break.
    TikTokShopApi.most = {"order": 2, "aftersale": 2}
    usual = asks.due

    def forgetting(db, *given):  # type: ignore[no-untyped-def]
        with parts.database.transaction(SYSTEM) as own:
            found = usual(own, *given)
            asks.done(own, given[0], found)
        return found

    def telling(db, *given):  # type: ignore[no-untyped-def]
        found = (forgetting if "forgets" in sys.argv else usual)(db, *given)
        if found:
            print(TURN, flush=True)
        return found

    asks.due = telling
    while True:
        with parts.database.transaction(SYSTEM) as db:
            db.execute(text("UPDATE connector_pull SET busy_until = NULL, paused_until = NULL"))
            db.execute(
                text("UPDATE detail_ask SET due_at = now() WHERE due_at < 'infinity' AND due_at > now()")
            )
        connectors.pull()
        time.sleep(0.02)


if __name__ == "__main__":
    main()
