"""A Douyin order export of 100,000 rows and 75 columns, CSV and XLSX, by the command: seconds and megabytes."""

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from statistics import median

import psycopg
import xlsxwriter

from bench.figures import Figure, anchor, count
from bench.grounds import Grounds

NAME = "imports"
_ROWS = {True: 100_000, False: 2_500}
_NAMES = (
    "主订单编号 子订单编号 选购商品 商品ID 商家编码 商品数量 商品金额 订单提交时间 支付完成时间 订单状态 售后状态"
    " 订单应付金额 运费 优惠总金额 商家优惠 平台优惠 收件人 收件人手机号 省 市 达人ID 达人昵称 税费 流量体裁"
)
_EMPTY = 51
"""Columns of a real export that mostly hold a dash."""


def header() -> list[str]:
    """75 columns, people's among them."""
    return [*_NAMES.split(), *(f"其他{number}" for number in range(_EMPTY))]


def rows(count: int) -> Iterator[list[str]]:
    """An order a row over an evening; one in ten refunded."""
    for number in range(count):
        second = number % 18_000
        clock = f"2026-11-06 {18 + second // 3600}:{second // 60 % 60:02}:{second % 60:02}"
        order = f"'69{20_000_000_000_000_000 + number * 7}"
        yield [
            *(order, order, f"复古水洗皮衣 {number % 50}", f"{3_733_371_994_034_228_473 + number % 50}"),
            *(f"XJ-{number % 50}", "1", "1,299.00", clock, clock, "已发货"),
            *("退款成功" if number % 10 == 0 else "-", "1,309.00", "10.00", "60.00", "40.00", "20.00"),
            *("##Kd93hh==##", "$$a81/0==$$", "河北省", "石家庄市", "800000000001", "小棠", "0.00", "直播"),
            *["-"] * _EMPTY,
        ]


def as_csv(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header())
        writer.writerows(rows(count))


def as_xlsx(path: Path, count: int) -> None:
    # Row by row: a child's greatest memory is told as no less than that of the process it was forked from.
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate(chain([header()], rows(count))):
            for at, cell in enumerate(cells):
                sheet.write_string(number, at, cell)


_FORMS: dict[str, Callable[[Path, int], None]] = {"CSV": as_csv, "XLSX": as_xlsx}


def run(grounds: Grounds) -> Iterator[Figure]:
    """Each form is imported once into a database that is empty, and once more."""
    many = _ROWS[grounds.full]
    with tempfile.TemporaryDirectory(prefix="xinji-bench-files-") as name:
        for form, write in _FORMS.items():
            path = Path(name) / f"orders_20261107103000.{form.lower()}"
            write(path, many)
            seconds, megabytes, again = [], [], []
            for turn in range(min(grounds.rounds, 3)):
                url = grounds.database(f"imports_{form.lower()}_{turn}", _with_shop)
                first, peak = _imported(grounds, url, path, many)
                second, peak_again = _imported(grounds, url, path, 0)
                seconds.append(first)
                again.append(second)
                megabytes += [peak, peak_again]
            size = f"{many:,} rows, {form}"
            yield count_of(f"{size}", median(seconds), "s", "<= 60")
            yield count_of(f"{size}, at most", max(megabytes), "MB", "<= 200")
            yield anchor(NAME, f"{size}, again", median(again), "s")


def count_of(figure: str, value: float, unit: str, bar: str) -> Figure:
    return count(NAME, figure, value, unit, bar=bar)


def _with_shop(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO shop (id, platform, external_id, name) VALUES (1, 'douyin', 'b', 'b')"
        )


def _imported(grounds: Grounds, url: str, path: Path, new: int) -> tuple[float, float]:
    """Seconds, and the most megabytes that the command or a child of its held."""
    from campaign.kit.ids import public

    command = ("import", "douyin_orders", str(path), "--shop", public("shp", 1), "--json")
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "campaign", *command],
        env=os.environ | {"DATABASE_URL": url, "REDIS_URL": grounds.redis_url},
        stdout=subprocess.PIPE,
    )
    out = child.stdout.read() if child.stdout else b""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    took = time.monotonic() - began
    if child.returncode or f'"new": {new},'.encode() not in out:
        raise RuntimeError(f"the import gave {out[:500]!r}")
    return took, usage.ru_maxrss / 1024
