"""Benches run: on a small calendar, once, so that they do not rot. Their figures say nothing here."""

from dataclasses import replace
from functools import partial
from typing import Any

import psycopg
import pytest

from bench import board, clock, flash, live, sales, schedule, stock, stored, webhooks
from bench.every import NAMES
from bench.grounds import Grounds
from campaign.cli.main import main
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.sales.mending import all_parts, check_part
from tests.sales_kit import assert_reconciled

BARS = {
    "booking p50": "<= 1.5",
    "free slots p50": "<= 1.5",
    "week of 50 studios as JSON p50": "<= 1.5",
    "booking with claims p50": "<= 1.3",
    "booking under advisory lock p50": ">= 1.0",
    "Indico's statements p50": ">= 4",
}


TABLES = ("order_line", "refund", "sale_event", "sale_event_key")
STORED = ("empty", "fewer", "more", "stock")


@pytest.fixture
def grounds(servers):
    given = Grounds(servers.database_url, servers.redis_url, full=False, rounds=1, prefix="test_bench_")
    _drop(given)
    yield given
    _drop(given)


def _drop(grounds: Grounds) -> None:
    with psycopg.connect(grounds.admin_url, autocommit=True) as connection:
        for name in ("few", "many", "lock", "bare", "sales", "clock", "webhooks", "live_0", "flash", *STORED):
            connection.execute(f"DROP DATABASE IF EXISTS {grounds.prefix}{name} WITH (FORCE)")


@pytest.mark.longer
def test_each_bar_is_measured_and_the_board_over_http(grounds) -> None:
    figures = list(schedule.run(grounds))
    assert {one.figure: one.bar for one in figures if one.bar} == BARS
    assert all(one.value > 0 for one in figures)
    assert all((one.holds is None) == (one.bar == "") for one in figures)
    over_http = list(board.run(grounds))
    assert [one.figure for one in over_http] == [
        f"{kind} over HTTP {share}"
        for kind in ("week JSON", "day page", "week page")
        for share in ("p50", "p95")
    ]


@pytest.mark.longer
def test_sales_are_taken_in_beside_what_they_are_held_against(grounds) -> None:
    figures = list(sales.run(grounds))
    assert [(one.bar, one.against.split(",")[0]) for one in figures] == [
        (">= 0.2", "COPY with its key"),
        (">= 0.8", "without HTTP"),
        (">= 0.25", "decode and throw"),
        (">= 300", "a task each"),
        (">= 2", "ORM ON CONFLICT"),
        ("", ""),
    ]
    assert all(one.value > 0 for one in figures)


@pytest.mark.longer
def test_the_clocks_lateness_is_measured_against_its_bar(grounds) -> None:
    figures = list(clock.run(grounds))
    assert [one.bar for one in figures] == ["", "<= 2", ""]
    assert 0 < figures[0].value <= figures[1].value <= figures[2].value


@pytest.mark.longer
@pytest.mark.timeout(400)
def test_how_soon_a_sale_is_seen_is_measured_against_its_bars(grounds) -> None:
    figures = list(live.run(grounds))
    assert [one.bar for one in figures] == ["", "<= 0.2", "", "", "", "<= 2", "", ""]
    for p50, p99, worst, latest in (figures[:4], figures[4:]):
        assert 0 < p50.value <= p99.value == worst.value <= latest.value


@pytest.mark.longer
@pytest.mark.timeout(400)
def test_a_flash_loses_nothing(grounds) -> None:
    figures = list(flash.run(grounds))
    assert [one.bar for one in figures if one.bar] == ["<= 10", "<= 0", "<= 3", "<= 0", ">= 1", "<= 0"]
    assert [one.value for one in figures if one.bar == "<= 0"] == [0, 0, 0]


def test_an_unknown_bench_is_refused_by_name(capsys) -> None:
    assert main(["bench", "no-such"]) == 1
    assert capsys.readouterr().err == f"bench: no bench 'no-such'; there are: {', '.join(NAMES)}\n"
    assert main(["bench", "--rounds", "0"]) == 1
    assert main(["bench", "sales", "--lines", "5"]) == 1


@pytest.mark.longer
@pytest.mark.timeout(400)
def test_webhooks_are_sent_beside_what_they_are_held_against(grounds) -> None:
    figures = list(webhooks.run(grounds))
    bars = [one.bar for one in figures if one.bar]
    late = bars.pop(3)
    assert float(late.removeprefix("<= ")) >= 50
    assert bars == [">= 40", ">= 0.5", "<= 300", ">= 0.9", "<= 2", "<= 4", "<= 101", ">= 0.8", ">= 0.8"]
    assert [one.holds for one in figures if one.bar in ("<= 4", "<= 101")] == [True, True]
    assert all(one.value > 0 for one in figures)


@pytest.mark.longer
def test_stored_lines_are_read_and_added_to_beside_what_they_are_held_against(grounds) -> None:
    figures = list(stored.run(replace(grounds, lines=4000)))
    assert [one.bar for one in figures] == ["", "", "<= 1.5", ">= 100", "<= 300", "", ">= 0.7"]
    assert all(one.value > 0 for one in figures)
    assert figures[0].figure == "4,000 lines made"


def indexes(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """How many each table has, those that are not whole left out."""
    rows = connection.execute(
        "SELECT indrelid::regclass::text, count(*) FROM pg_index WHERE indisvalid"
        " AND indrelid::regclass::text NOT LIKE 'pg\\_%' GROUP BY 1"
    )
    return dict(rows.fetchall())


@pytest.mark.longer
def test_a_stock_is_what_the_product_would_have_made_of_its_events(grounds) -> None:
    with psycopg.connect(grounds.database("empty", lambda _url: None)) as connection:
        connection.execute("SELECT make_sales_partitions(current_date - 31, 60)")
        before = indexes(connection)
    url = grounds.database("stock", partial(stock.fill, lines=700))
    database = Database.connect(url, pool_size=2)
    assert_reconciled(database)
    with database.transaction(SYSTEM) as db:
        assert [check_part(db, SYSTEM, part) for part in all_parts(db, SYSTEM)] == [[]] * 620
    with psycopg.connect(url) as connection:
        counts = [connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in TABLES]
        assert indexes(connection) == before
        connection.execute(
            "UPDATE sales_day SET paid_fen = paid_fen + 1 WHERE basis = 'cohort' AND age_days = 0"
        )
    assert counts == [(700,), (280,), (980,), (1260,)]
    with pytest.raises(AssertionError):
        assert_reconciled(database)
    database.dispose()
