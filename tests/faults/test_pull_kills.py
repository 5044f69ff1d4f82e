"""A worker that asks platforms is killed again and again: every order is told, and counted once."""

import random
import subprocess
import sys
import time
from typing import Any

import pytest
from sqlalchemy import text

from campaign.connectors.platforms import add
from campaign.connectors.schemas import ConnectorIn
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.sales import asks
from campaign.sales.asks import Ask
from tests.fakes.platforms import KEY, SECRET, TikTokShop
from tests.fakes.senders import ROOT, environment
from tests.faults.midst import kill_in_the_midst
from tests.platform_kit import SHOP, tiktok_case, tiktok_order
from tests.sales_kit import assert_reconciled, fold_all

ORDERS, CASES, KILLS = 60, 20, 6


def killed_again_and_again(database: Any, settings: Any, fake: TikTokShop, *options: str) -> None:
    """Half of the orders are pushed; the rest and all cases are listed; the process is killed KILLS times meanwhile."""
    given = ConnectorIn(
        kind="tiktok_shop",
        name="x",
        app_key=KEY,
        app_secret=SECRET,
        access_token=fake.token,
        base_url=fake.url,
    )
    with database.transaction(SYSTEM) as db:
        made = add(db, SYSTEM, given, secret_key=settings.secret_key, allow=settings.outgoing_allow)
        now = clock.now(db)
        shop = (
            "INSERT INTO shop (platform, external_id, name) VALUES ('tiktok_shop', :shop, 'x') RETURNING id"
        )
        made.connector.shop_ids = [db.execute(text(shop), {"shop": SHOP}).scalar_one()]
        at = int(now.timestamp())
        # The listing looks a day back: the older half is known by pushes alone.
        for number in range(ORDERS):
            changed = at - (100 if number % 2 else 90_000) - number
            fake.orders[f"57{number:02}"] = tiktok_order(changed, f"57{number:02}")
        # The push of each of these was lost.
        for number in range(CASES):
            fake.cases[f"40{number:02}"] = tiktok_case(at - 100 - number, f"40{number:02}", f"57{number:02}")
        pushed = [Ask("order", number, SHOP) for number in sorted(fake.orders)[::2]]
        asks.want(db, [(made.connector.id, ask) for ask in pushed], now)
    chance = random.Random(7)
    fake.page, fake.pause = 5, 0.06
    for _ in range(KILLS):
        kill_in_the_midst("tests.faults.puller", *options, settings=settings, chance=chance)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.puller"],
        cwd=ROOT,
        env=environment(settings),
        stdout=subprocess.DEVNULL,
    ) as last:
        try:
            wait_until_idle(database)
        finally:
            last.kill()
    fold_all(database)


def wait_until_idle(database: Any) -> None:
    query = text(
        "SELECT (SELECT count(*) FROM detail_ask) = 0 AND bool_and(listed_through IS NOT NULL"
        " AND cases_through IS NOT NULL) FROM connector_pull"
    )
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with database.transaction(SYSTEM, readonly=True) as db:
            if db.execute(query).scalar_one():
                return
        time.sleep(0.05)
    raise AssertionError("orders are still asked for")


def told(database: Any, of: str = "order") -> tuple[int, int]:
    with database.transaction(SYSTEM) as db:
        query = "SELECT count(*), count(DISTINCT line_id) FROM sale_event WHERE source = 'detail' AND type = :type"
        events, lines = db.execute(text(query), {"type": f"detail.{of}"}).one()
    return events, lines


@pytest.mark.longer
def test_a_worker_killed_while_it_asks_loses_no_order_and_counts_none_twice(committed_database, settings):
    with TikTokShop() as fake:
        killed_again_and_again(committed_database, settings, fake)
        assert len(fake.asked) > ORDERS // 4, "killed before it asked for anything"
    assert told(committed_database) == (2 * ORDERS, 2 * ORDERS)
    assert told(committed_database, "refund") == (CASES, CASES)
    assert_reconciled(committed_database)


@pytest.mark.longer
def test_asks_that_are_struck_off_when_they_are_taken_up_are_lost(committed_database, settings):
    with TikTokShop() as fake:
        killed_again_and_again(committed_database, settings, fake, "forgets")
    assert told(committed_database)[1] < 2 * ORDERS
