"""The commands: import, summary, reconcile, with their exit statuses and JSON."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import text

from campaign.cli.main import main
from campaign.kit import queue
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.kit.ids import public
from campaign.kit.redis import connect
from campaign.kit.tabular import read_table
from tests.drawn import after, drawn_words, needs_letters
from tests.factory import Factory
from tests.sales_kit import add_session

DATA = Path(__file__).parents[1] / "data" / "douyin"
EXPECTED = json.loads((DATA / "douyin_orders.expected.json").read_text())


class House:
    """A committed database with one shop and the sample's session, and the commands run on it."""

    def __init__(self, url: str, redis_url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.database = Database.connect(url, pool_size=2)
        self.redis = connect(redis_url)
        self._capsys = capsys
        make = Factory(self.database)
        self.brand = make.brand()
        self.shop = make.shop(self.brand)
        starts, ends = (datetime.fromisoformat(EXPECTED[key]) for key in ("starts_at", "ends_at"))
        account = make.account(external_id=EXPECTED["author"])
        self.session_id = add_session(make, starts, ends, brand=self.brand, account=account)

    def run(self, *words: str) -> tuple[int, Any]:
        """Exit status, and what was printed: the JSON of standard output, else standard error."""
        try:
            status = main([*words, "--json"])
        except SystemExit as wrong_use:
            status = int(wrong_use.code or 0)
        finally:
            queue.use(None)
        said = self._capsys.readouterr()
        return status, json.loads(said.out) if said.out else said.err

    def say(self, *words: str) -> str:
        """What is printed for people."""
        try:
            main(list(words))
        finally:
            queue.use(None)
        return self._capsys.readouterr().out

    def complain(self, *words: str) -> str:
        """What standard error tells."""
        try:
            main(list(words))
        finally:
            queue.use(None)
        return self._capsys.readouterr().err

    def change(self, sql: str) -> None:
        with self.database.transaction(SYSTEM) as db:
            db.execute(text(sql))


@pytest.fixture
def house(
    own_database_url: str,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[House]:
    environ = {
        "DATABASE_URL": own_database_url,
        "REDIS_URL": redis_url,
        "CAMPAIGN_DATA_DIR": str(tmp_path),
        "CAMPAIGN_ENVIRONMENT": "given",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    made = House(own_database_url, redis_url, capsys)
    yield made
    made.redis.close()
    made.database.dispose()


def test_import_summary_export_and_reconcile(house: House, tmp_path: Path) -> None:
    shop = public("shp", house.shop.id)
    file = str(DATA / "douyin_orders.csv")
    assert house.run("import", "douyin_orders", file, "--shop", shop, "--dry-run")[1]["new"] == 314
    status, counts = house.run("import", "douyin_orders", file, "--shop", shop)
    assert (status, counts) == (0, {"rows": 314, "new": 314, "changed": 0, "same": 0, "refused": []})
    assert house.run("import", "douyin_orders", file, "--shop", shop)[1]["same"] == 314

    given = ("--brand", public("brd", house.brand.id), "--from", "2026-11-06", "--to", "2026-11-07")
    _, summary = house.run("summary", *given, "--group-by", "session")
    (total,) = summary["totals"]
    wanted = EXPECTED["session"]
    assert {name: total[name] for name in wanted} == wanted
    assert summary["items"][0]["key"] == public("ses", house.session_id)
    (beneath,) = summary["beneath"]
    assert {name: beneath[f"{name}_fen"] for name in EXPECTED["beneath"]} == EXPECTED["beneath"]

    for what, name, by in (("summary", "all.csv", ("--group-by", "host")), ("lines", "lines.xlsx", ())):
        out = tmp_path / name
        status, said = house.run("export", what, *given, *by, "--out", str(out), "--language", "en")
        assert (status, said["bytes"]) == (0, out.stat().st_size)
        table = read_table(out.read_bytes())
        paid = [row[table.header.index("Paid amount")] for _, row in table.rows]
        counted = paid[-1:] if what == "summary" else paid
        assert round(sum(float(one) for one in counted) * 100) == wanted["paid_gmv_fen"]

    status, told = house.run("reconcile")
    assert (status, told["equal"], told["lines_replayed"], told["redis_repaired"]) == (0, True, 314, 1)
    assert house.run("reconcile")[1]["redis_repaired"] == 0
    house.redis.flushdb()
    assert house.run("reconcile")[1]["redis_repaired"] == 1

    key = f"sales:session:{house.session_id}"
    payload = json.loads(house.redis.hget(key, "payload"))
    payload["totals"]["CNY"]["paid_fen"] += 1
    house.redis.hset(key, "payload", json.dumps(payload))
    status, told = house.run("reconcile")
    assert (status, [one["figure"] for one in told["differences"]]) == (1, ["paid_fen"])
    assert house.run("reconcile")[0] == 0, "Redis was repaired"

    house.change("UPDATE session_total SET paid_fen = paid_fen + 1")
    status, told = house.run("reconcile")
    assert status == 1
    assert _found(told) == {("session_total", "paid_fen")}


def _found(told: dict[str, Any]) -> set[tuple[str, str]]:
    """Of SQL: Redis was right before its source was falsified."""
    return {(one["check"], one["figure"]) for one in told["differences"] if one["check"] != "redis"}


# What no other figure gives away: by its name in the report, and a line that nothing placed again.
FAULTS = {
    ("session_total", "merchant_fen"): "UPDATE session_total SET merchant_fen = merchant_fen + 1",
    ("session_minute", "protection_fen"): "UPDATE session_minute SET protection_fen = protection_fen + 1",
    (
        "sales_day",
        "refunded_units",
    ): "UPDATE sales_day SET refunded_units = refunded_units + 1 WHERE basis = 'cohort'",
    ("sales_maturity", "maturing_fen"): "UPDATE sales_maturity SET maturing_fen = maturing_fen - 1",
    ("line", "state"): "UPDATE order_line SET state = state #- '{layers,0,4,product_name}'",
    ("place", "posted"): "UPDATE session_channel SET platform_account_id = NULL",
}


@pytest.mark.parametrize("found", FAULTS)
def test_reconcile_finds_what_is_wrong_in_any_figure_and_repairs_it(
    house: House, found: tuple[str, str]
) -> None:
    house.run(
        "import", "douyin_orders", str(DATA / "douyin_orders.csv"), "--shop", public("shp", house.shop.id)
    )
    assert house.run("reconcile")[0] == 0
    house.change(FAULTS[found])
    status, told = house.run("reconcile")
    assert (status, _found(told)) == (1, {found})
    status, told = house.run("reconcile", "--repair")
    assert (status, told["differences"]) == (0, [])
    assert found in {(one["check"], one["figure"]) for one in told["mended"]}
    assert house.run("reconcile")[0] == 0


def test_reconcile_tells_in_words_what_parts_ours_from_the_platforms(house: House, tmp_path: Path) -> None:
    paid = EXPECTED["session"]["paid_gmv_fen"]
    report = tmp_path / "report.xlsx"
    with xlsxwriter.Workbook(report) as book:
        sheet = book.add_worksheet("整体看板")
        sheet.write_row(0, 0, ["用户支付金额", "成交订单数"])
        sheet.write_row(1, 0, [f"{(paid + 12345) / 100:.2f}", str(EXPECTED["session"]["orders"])])
    shop = public("shp", house.shop.id)
    house.run("import", "douyin_orders", str(DATA / "douyin_orders.csv"), "--shop", shop)
    session = public("ses", house.session_id)
    at = ("--exported-at", "2026-11-20T00:00:00+08:00")
    assert house.run("import", "douyin_session_report", str(report), "--session", session, *at)[0] == 0
    status, told = house.run("reconcile", "--quick")
    assert (status, [one["session_id"] for one in told["platform"]]) == (0, [session])
    said = house.say("reconcile", "--quick").splitlines()
    (line,) = [one for one in said if one.strip().startswith("Paid amount")]
    assert f"ours {paid / 100:>14,.2f}  the platform's {(paid + 12345) / 100:>14,.2f}  gap +123.45: " in line
    # The causes, read back from the words, make the gap.
    amounts = [float(one.replace(",", "")) for one in re.findall(r"[+-][\d,.]+\d", line.split(": ", 1)[1])]
    assert round(sum(amounts), 2) == 123.45
    assert said[-1] == "reports of the platform: 1 differ from ours, 0 are the same"


ODD = "主订单编号,商品数量,商品金额,订单提交时间,支付完成时间,订单状态,应收,款号\n"
ODD_ROW = "6900001,1,100.00,2026-11-06 20:10:00,2026-11-06 20:11:00,待发货,100.00,A-1\n"


def test_columns_are_pointed_out_once_and_known_from_then_on(house: House, tmp_path: Path) -> None:
    shop = ("--shop", public("shp", house.shop.id))
    file = tmp_path / "odd.csv"
    file.write_text(ODD + ODD_ROW)
    status, said = house.run("import", "douyin_orders", str(file), *shop)
    assert (status, "订单应付金额" in said) == (1, True)
    assert house.run("import", "douyin_orders", str(file), *shop, "--map", "应收")[0] == 1
    wrong = house.run("import", "douyin_orders", str(file), *shop, "--map", "应收=price")
    assert wrong[0] == 1
    pointed = ("--map", "应收=payable", "--map", "款号=merchant_sku")
    status, counts = house.run("import", "douyin_orders", str(file), *shop, *pointed)
    assert (status, counts["new"], counts["refused"]) == (0, 1, [])
    # The shop's next file needs no word, and a column is let go of by an empty one.
    file.write_text(ODD + ODD_ROW.replace("6900001", "6900002"))
    assert house.run("import", "douyin_orders", str(file), *shop, "--map", "款号=")[1]["new"] == 1
    with house.database.transaction(SYSTEM) as db:
        lines = db.execute(text("SELECT line_id, paid_fen, merchant_sku FROM order_line ORDER BY 1")).all()
    assert [tuple(one) for one in lines] == [("6900001", 10000, "A-1"), ("6900002", 10000, None)]


def test_what_is_refused_ends_with_status_one_and_wrong_use_with_two(house: House, tmp_path: Path) -> None:
    shop = public("shp", house.shop.id)
    page = tmp_path / "orders.csv"
    page.write_text("<html>no table</html>")
    status, said = house.run("import", "douyin_orders", str(page), "--shop", shop)
    assert (status, said) == (
        1,
        "import: The file is neither CSV nor an Excel workbook that can be read.\n",
    )
    assert house.run("import", "douyin_orders", str(DATA / "douyin_orders.csv"))[0] == 1
    assert house.run("import", "spells", str(page))[0] == 2
    assert house.run("import", "douyin_orders", str(tmp_path / "absent.csv"), "--shop", shop)[0] == 1


def test_a_file_of_which_rows_are_refused_ends_with_status_one_and_says_where_they_are(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = ("--shop", public("shp", house.shop.id), "--map", "应收=payable")
    file = tmp_path / "odd.csv"
    file.write_text(ODD + ODD_ROW + ODD_ROW.replace("6900001", "6900002").replace("100.00", "free"))
    words = ("import", "douyin_orders", str(file), *shop)
    looked, counts = house.run(*words, "--dry-run")
    assert (looked, counts["new"], [one["row"] for one in counts["refused"]]) == (1, 1, [3])
    status, counts = house.run(*words)
    assert (status, counts["new"], [one["row"] for one in counts["refused"]]) == (1, 1, [3])
    assert main(list(words)) == 1
    queue.use(None)
    with house.database.transaction(SYSTEM) as db:
        newest = public("imp", db.execute(text("SELECT max(id) FROM import_file")).scalar_one())
    assert capsys.readouterr().err == (
        "import: 1 of 2 rows taken over, 1 refused; as a file:"
        f" GET /api/v1/imports/{newest}/refused or the page /hub/imports/{newest}\n"
        "import: by this file the shop's data is complete to 2026-11-06T12:09:59Z,"
        " before the first order that is refused\n"
    )
    file.write_text(ODD + ODD_ROW)
    assert house.run(*words)[0] == 0


@needs_letters
def test_a_result_is_exported_as_a_picture(house: House, tmp_path: Path) -> None:
    shop, session, brand = (
        public(prefix, number)
        for prefix, number in (("shp", house.shop.id), ("ses", house.session_id), ("brd", house.brand.id))
    )
    target = str(tmp_path / "result.png")
    assert house.run("export", "picture", "--session", session, "--out", target) == (
        1,
        "export: wrong_state\n",
    )
    house.run("import", "douyin_orders", str(DATA / "douyin_orders.csv"), "--shop", shop)
    house.change("UPDATE live_session SET actual_starts_at = starts_at, actual_ends_at = ends_at")
    status, said = house.run("export", "picture", "--session", session, "--out", target)
    assert (status, said["bytes"]) == (0, Path(target).stat().st_size)
    words = drawn_words(Path(target).read_bytes())
    paid = f"¥{EXPECTED['session']['paid_gmv_fen'] / 100:,.2f}"
    assert after(words, "合计") == paid
    days = ("--from", "2026-11-01", "--to", "2026-11-30")
    assert (
        house.run("export", "picture", "--brand", brand, *days, "--out", target, "--language", "en")[0] == 0
    )
    assert after(drawn_words(Path(target).read_bytes()), "Total") == paid
    assert house.run("export", "picture", "--brand", brand, "--out", target)[0] == 1
    assert house.run("export", "picture", "--brand", brand, *days, "--out", "result.gif")[0] == 1
    assert house.run("export", "picture", "--out", target)[0] == 2


def test_a_refused_file_says_how_it_can_be_brought(house: House, tmp_path: Path) -> None:
    shop = public("shp", house.shop.id)
    status, said = house.run("import", "douyin_orders", str(DATA / "douyin_orders.csv"))
    assert status == 1
    assert f"--shop {shop}  {house.shop.name}" in said
    odd = tmp_path / "odd.csv"
    odd.write_text("主订单编号,商品数量\n69001,1\n", encoding="utf-8")
    status, said = house.run("import", "douyin_orders", str(odd), "--shop", shop)
    assert status == 1
    assert "--map HEADER=FIELD" in said
    assert "payable (订单应付金额)" in said


def test_a_file_with_a_refused_row_says_how_far_its_shop_is_complete(house: House, tmp_path: Path) -> None:
    file = tmp_path / "orders-20261107103000.csv"
    head = "主订单编号,商品数量,订单提交时间,支付完成时间,订单状态,订单应付金额"
    rows = ("69001,1,2026-11-06 20:10:00,,待支付,9.00", "69002,1,2026-11-06 21:10:00,,待支付,?")
    file.write_text("\n".join((head, *rows)), encoding="utf-8")
    given = ("import", "douyin_orders", str(file), "--shop", public("shp", house.shop.id))
    said = house.complain(*given)
    assert "complete to 2026-11-06T13:09:59Z, before the first order that is refused" in said
