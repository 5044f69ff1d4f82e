"""Whoever carries a file is killed again and again: it goes on where it was, loses no row and counts none twice."""

import io
import random
import subprocess
import sys
import time

import pytest
from sqlalchemy import text

from campaign.connectors import files, imports
from campaign.kit.actor import SYSTEM
from tests.factory import HUB, Factory
from tests.fakes.senders import ROOT, environment
from tests.faults.midst import kill_in_the_midst
from tests.sales_kit import assert_reconciled, fold_all

ROWS, KILLS = 40_000, 6
HEADER = "主订单编号,商品数量,商品金额,订单提交时间,支付完成时间,订单状态,订单应付金额"


def staged(database):
    """A file of twenty parts, under way; gives its import."""
    make = Factory(database)
    shop = make.shop(make.brand())
    day = "2026-11-06 20"
    rows = (f"69{n:07},1,1.00,{day}:10:00,{day}:11:00,待发货,1.00" for n in range(ROWS))
    content = io.BytesIO("\n".join((HEADER, *rows)).encode())
    with database.transaction(HUB) as db:
        return files.stage(
            db, HUB, kind="douyin_orders", filename="o_20261107.csv", content=content, shop_id=shop.id
        )


def killed_again_and_again(database, settings, import_id, *options):
    """In the midst of parts; then carried to its end. Gives how many rows were through at the last kill."""
    chance = random.Random(11)
    for _ in range(KILLS):
        kill_in_the_midst("tests.faults.carrier", *options, settings=settings, chance=chance)
    killed_at = report_of(database, import_id).done
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.carrier"],
        cwd=ROOT,
        env=environment(settings),
        stdout=subprocess.DEVNULL,
    ) as last:
        try:
            wait_until_done(database, import_id)
        finally:
            last.kill()
    return killed_at


def report_of(database, import_id):
    with database.transaction(SYSTEM, readonly=True) as db:
        return imports.get_import(db, SYSTEM, import_id)


def wait_until_done(database, import_id):
    until = time.monotonic() + 120
    while report_of(database, import_id).is_under_way:
        assert time.monotonic() < until, "it does not end"
        time.sleep(0.1)


def lines(database):
    with database.transaction(SYSTEM, readonly=True) as db:
        counts = "SELECT count(*), count(DISTINCT line_id), sum(paid_fen)::bigint FROM order_line"
        return tuple(db.execute(text(counts)).one())


@pytest.mark.longer
def test_a_file_whose_carrier_is_killed_goes_on_loses_nothing_and_counts_nothing_twice(
    committed_database, settings
):
    report = staged(committed_database)
    killed_at = killed_again_and_again(committed_database, settings, report.id)
    assert 0 < killed_at < ROWS, "killed before it began, or after it was done"
    done = report_of(committed_database, report.id)
    assert (done.state, done.done, done.new, done.same, done.refused_count) == ("committed", ROWS, ROWS, 0, 0)
    assert lines(committed_database) == (ROWS, ROWS, ROWS * 100)
    fold_all(committed_database)
    assert_reconciled(committed_database)


@pytest.mark.longer
def test_parts_that_are_noted_before_they_are_taken_over_are_lost(committed_database, settings):
    report = staged(committed_database)
    killed_again_and_again(committed_database, settings, report.id, "forgets")
    assert lines(committed_database)[1] < ROWS
