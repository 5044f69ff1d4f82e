"""Sheets of parties and sessions on the real database: looked at, taken over, refused row by row."""

from typing import Any

import pytest
from sqlalchemy import text

from campaign.connectors import files
from campaign.connectors.imports import ImportReport
from campaign.connectors.reading import FileRefused
from campaign.connectors.sheets.columns import KINDS, shown
from campaign.connectors.sheets.export import template
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.kit.errors import WrongState
from campaign.kit.tabular import read_table
from tests.factory import HUB

COUNTED = "agency brand claim host host_alias host_contract live_session platform_account product shop studio"


def bring(database: Database, kind: str, content: str | bytes, **given: Any) -> ImportReport:
    raw = content.encode() if isinstance(content, str) else content
    with database.transaction(HUB) as db:
        return files.stage(db, HUB, kind=kind, filename=f"{kind}.csv", content=raw, **given)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.new, report.changed, report.same, len(report.refused)


def told(report: ImportReport) -> list[tuple[int, str, str | None]]:
    return [(one.row, one.code, one.column) for one in report.refused]


def all_rows(database: Database) -> dict[str, Any]:
    """Everything a sheet could touch, row by row."""
    with database.transaction(SYSTEM) as db:
        return {
            table: db.execute(text(f"SELECT t::text FROM {table} t ORDER BY 1")).scalars().all()
            for table in COUNTED.split()
        }


SHEETS = {
    "brands": "品牌,英文名,退货天数\n辛皮记,Xinpi,10\n",
    "agencies": "Agency,English name\n南星机构,South Star\n",
    "studios": "直播间,布置分钟\nA1,30\nB2,1\n",
    "hosts": "主播*,类型,别名,机构,合同开始,合同结束,独家\n"
    "南星,签约,小南; Nan,南星机构,2026-01-01,2027-01-01,是\n小棠,自营,,,,,\n",
    "shops": "店铺,平台,店铺ID,品牌\n旗舰店,抖音,'4463798,Xinpi\n",
    "platform_accounts": "账号,平台,达人ID,主播,所属店铺\n南星的直播间,抖音,800000000001,小南,4463798\n",
    "products": '品牌,商家编码,商品,吊牌价\n辛皮记,XP-001,夹克,"1,299.00"\n',
}


@pytest.fixture
def settled(database: Database) -> Database:
    for kind, sheet in SHEETS.items():
        assert told(bring(database, kind, sheet)) == []
    return database


def test_each_kind_goes_in_once_and_again_changes_nothing(settled: Database) -> None:
    before = all_rows(settled)
    for kind, sheet in SHEETS.items():
        rows = sheet.count("\n") - 1
        report = bring(settled, kind, sheet)
        assert (kind, *counts(report)) == (kind, 0, 0, rows, 0)
    assert all_rows(settled) == before
    with settled.transaction(HUB) as db:
        found = db.execute(
            text(
                "SELECT h.kind, c.exclusive, lower(c.during)::text, array_agg(a.alias ORDER BY a.alias) AS aliases"
                " FROM host h JOIN host_contract c ON c.host_id = h.id JOIN host_alias a ON a.host_id = h.id"
                " WHERE h.name = '南星' GROUP BY 1, 2, 3"
            )
        ).one()
        account = db.execute(text("SELECT host_id, shop_id FROM platform_account")).one()
        price = db.execute(text("SELECT price_fen FROM product")).scalar_one()
    assert tuple(found) == ("signed", True, "2026-01-01", ["Nan", "小南"])
    assert None not in tuple(account)
    assert price == 129900


def test_a_changed_cell_changes_that_and_an_empty_one_leaves_what_stands(settled: Database) -> None:
    report = bring(settled, "products", "SKU,Brand,Product,List price\nXP-001,辛皮记,皮夹克,\n")
    assert counts(report) == (0, 1, 0, 0)
    assert [(one.row, one.verdict, one.columns) for one in report.preview] == [(2, "changed", ("Product",))]
    with settled.transaction(HUB) as db:
        assert tuple(db.execute(text("SELECT name, price_fen FROM product")).one()) == ("皮夹克", 129900)
    report = bring(settled, "hosts", "主播,别名,机构,合同结束\nNan,阿南,南星机构,2026-12-01\n")
    assert [(one.name, one.columns) for one in report.preview] == [("南星", ("别名", "机构"))]


def test_a_price_without_a_currency_is_in_the_products_own(settled: Database) -> None:
    bring(settled, "products", "品牌,商家编码,商品,吊牌价,币种\n辛皮记,XP-2,包,199.00,USD\n")
    assert counts(bring(settled, "products", "品牌,商家编码,商品,吊牌价\n辛皮记,XP-2,包,199.00\n")) == (
        0,
        0,
        1,
        0,
    )


def test_a_row_at_fault_keeps_no_other_out_unless_asked(settled: Database) -> None:
    sheet = (
        "品牌,商家编码,商品,吊牌价\n辛皮记,OK-1,好,1.00\n辛皮机,OK-2,近,1.00\n皮皮,OK-3,远,1.00\n"
        "辛皮记,OK-4,钱,=1+1\n辛皮记,OK-1,又,2.00\n辛皮记,,空,1\n示例品牌,XP-001,绵羊皮夹克,1\n"
    )
    before = all_rows(settled)
    report = bring(settled, "products", sheet, whole=True)
    assert report.state == "checked"
    assert all_rows(settled) == before
    with settled.transaction(HUB) as db:
        again = files.apply_checked(db, HUB, report.id)
    assert (again.state, again.refused) == ("checked", report.refused)
    report = bring(settled, "products", sheet)
    assert counts(report) == (1, 0, 0, 6)
    assert told(report) == [
        (3, "unknown_name_near", "品牌"),
        (4, "unknown_name", "品牌"),
        (5, "bad_money", "吊牌价"),
        (6, "repeated_row", None),
        (7, "missing_value", "商家编码"),
        (8, "unknown_name", "品牌"),
    ]
    assert report.refused[0].params["near"] == "辛皮记"
    assert {one["state"] for one in _imports(settled)} == {"committed", "checked"}


def _imports(database: Database) -> list[Any]:
    with database.transaction(HUB) as db:
        return list(db.execute(text("SELECT state FROM import_file")).mappings())


def test_a_look_changes_nothing_and_a_commit_judges_again(settled: Database) -> None:
    before = all_rows(settled)
    report = bring(settled, "brands", "品牌\n新牌\n另一牌\n", dry_run=True)
    assert (report.state, counts(report)) == ("checked", (2, 0, 0, 0))
    assert all_rows(settled) == before
    bring(settled, "brands", "品牌\n新牌\n")
    with settled.transaction(HUB) as db:
        done = files.apply_checked(db, HUB, report.id)
    assert (done.state, counts(done)) == ("committed", (1, 0, 1, 0))
    with settled.transaction(HUB) as db, pytest.raises(WrongState):
        files.apply_checked(db, HUB, report.id)


def test_a_refused_row_teaches_no_name(settled: Database) -> None:
    """The second row's alias belongs to the third's host, had the second not been undone."""
    sheet = "主播,别名,机构\n阿一,一一,不存在机构\n阿二,一一,\n"
    report = bring(settled, "hosts", sheet)
    assert told(report) == [(2, "unknown_name", "机构")]
    report = bring(settled, "hosts", "主播,别名\n阿三,一一\n")
    assert told(report) == [(2, "alias_of_other", "别名")]


def test_a_hosts_row_is_refused_for_what_it_cannot_mean(settled: Database) -> None:
    sheet = (
        "主播,类型,机构,合同开始,合同结束,独家\n甲,主力,,,,\n乙,,,2026-01-01,,\n丙,,南星机构,2026-13-01,,\n"
        "丁,,南星机构,2026-02-01,2026-01-01,\n戊,,南星机构,,,也许\n己,,南星机构,46054,,是\n"
    )
    assert told(bring(settled, "hosts", sheet)) == [
        (2, "bad_choice", "类型"),
        (3, "missing_value", "机构"),
        (4, "bad_day", "合同开始"),
        (5, "ends_before_start", "合同结束"),
        (6, "not_yes_or_no", "独家"),
    ]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_template_is_read_and_its_example_is_no_row(
    kind: str, language: str, form: str, database: Database
) -> None:
    content = template(kind, form, language, lambda code: code[:30])
    assert read_table(content).header == tuple(one.heading(language) for one in shown(kind))
    report = bring(database, kind, content)
    assert told(report) == [(2, "example_row", None)]


@pytest.mark.parametrize(
    ("sheet", "code"),
    [
        ("品牌\n", "no_rows"),
        ("英文名\nA\n", "missing_columns"),
        ("品牌,Brand\nA,B\n", "repeated_column"),
        ("品牌\n" + "牌\n" * 5001, "too_many_rows"),
        ("", "empty_file"),
    ],
)
def test_a_sheet_that_cannot_be_read_is_refused_as_a_whole(sheet: str, code: str, database: Database) -> None:
    with pytest.raises(FileRefused) as refused:
        bring(database, "brands", sheet)
    assert refused.value.error_code == code
