"""Sheets over the API: posted, looked at, taken over, their refused rows fetched; hostile ones refused in words."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from campaign.connectors.sheets.columns import KINDS
from campaign.kit.actor import SYSTEM
from campaign.kit.ids import public
from campaign.kit.tabular import read_table
from tests.factory import HUB

DATA = Path(__file__).parents[1] / "data"
FILES = sorted([*(DATA / "csv").iterdir(), *(DATA / "xlsx").iterdir()])


def post(call: Any, kind: str, content: bytes | str, **form: Any) -> Any:
    raw = content.encode() if isinstance(content, str) else content
    data = {"kind": kind, "file": (io.BytesIO(raw), "表.csv"), **form}
    return call(HUB, "POST", "/imports", data=data, content_type="multipart/form-data")


def brands(database: Any) -> list[str]:
    with database.transaction(SYSTEM) as db:
        return list(db.execute(text("SELECT name FROM brand ORDER BY id")).scalars())


def test_a_sheet_is_looked_at_taken_over_and_its_refused_rows_go_in_again(call, database):
    sheet = "品牌,退货天数\n甲牌,7\n乙牌,七\n=丙牌,8\n"
    looked = post(call, "brands", sheet, dry_run="true")
    assert looked.status_code == 201
    assert brands(database) == []
    body = looked.get_json()
    assert (body["state"], body["new"], body["shop_id"], body["exported_at"]) == ("checked", 2, None, None)
    assert [(one["row"], one["column"], one["code"]) for one in body["refused"]] == [
        (3, "退货天数", "bad_count")
    ]
    assert body["refused"][0]["message"] == "退货天数 不是整数：七。"
    assert [(one["row"], one["verdict"], one["name"]) for one in body["preview"]] == [
        (2, "new", "甲牌"),
        (4, "new", "=丙牌"),
    ]
    done = call(HUB, "POST", f"/imports/{body['id']}/commit").get_json()
    assert (done["state"], done["new"]) == ("committed", 2)
    assert brands(database) == ["甲牌", "=丙牌"]
    for form in ("csv", "xlsx"):
        left = call(HUB, "GET", f"/imports/{body['id']}/refused?format={form}")
        table = read_table(left.data)
        assert table.header == ("品牌", "退货天数", "拒绝原因")
        assert [cells for _, cells in table.rows] == [("乙牌", "七", "退货天数 不是整数：七。")]
    mended = left.data if form == "csv" else sheet.replace("七", "9")
    again = post(call, "brands", mended).get_json()
    assert (again["new"], again["same"], again["refused"]) == (1, 2, [])


def test_all_or_nothing_leaves_it_as_looked_at(call, database):
    body = post(call, "brands", "品牌,退货天数\n甲牌,7\n乙牌,七\n", all_or_nothing="true").get_json()
    assert (body["state"], body["all_or_nothing"], len(body["refused"])) == ("checked", True, 1)
    assert brands(database) == []


@pytest.mark.parametrize("kind", list(KINDS))
def test_templates_speak_the_readers_language_and_explain_each_column(call, kind):
    for language, title in (("zh-CN", "填写说明"), ("en", "About the columns")):
        answer = call(HUB, "GET", f"/imports/templates/{kind}", headers={"Accept-Language": language})
        assert answer.status_code == 200
        book = zipfile.ZipFile(io.BytesIO(answer.data))
        assert title in book.read("xl/workbook.xml").decode()
        said = book.read("xl/sharedStrings.xml").decode()
        assert "column." not in said
        assert "sheet." not in said
    assert call(HUB, "GET", "/imports/templates/douyin_orders").status_code == 404


def test_the_week_is_exported_and_goes_back_in_unchanged(call, stage):
    view = stage.book(title="=周会")
    day = view.starts_at.date()
    answer = call(
        HUB, "GET", f"/exports/sessions?from={day}&to={day}&format=csv", headers={"Accept-Language": "en"}
    )
    assert answer.headers["Content-Disposition"] == 'attachment; filename="sessions.csv"'
    assert "'=周会" in answer.data.decode("utf-8-sig")
    assert "Draft" in answer.data.decode("utf-8-sig")
    body = post(call, "sessions", answer.data).get_json()
    assert (body["rows"], body["same"]) == (1, 1)
    assert call(HUB, "GET", f"/exports/sessions?from={day}&to=2100-01-01").status_code == 422
    assert call(HUB, "GET", f"/exports/sessions?from={day}").status_code == 422


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("kind", ["brands", "sessions"])
def test_hostile_files_are_refused_in_words_or_read(call, database, kind, path):
    answer = post(call, kind, path.read_bytes())
    assert answer.status_code in (201, 422)
    if answer.status_code == 422:
        assert answer.get_json()["detail"] not in ("", answer.get_json()["code"])
        assert brands(database) == []


def test_a_hosts_other_names_are_seen_replaced_and_nobody_elses(call, stage, app, planner):
    first, second = (f"/hosts/{public('hst', host.id)}/aliases" for host in (stage.signed, stage.in_house))
    assert call(HUB, "PUT", first, json={"items": ["小南", "Nan", "小南"]}).get_json() == {
        "items": ["Nan", "小南"]
    }
    for taken in ("小南", "南星"):
        answer = call(HUB, "PUT", second, json={"items": [taken]})
        assert (answer.status_code, answer.get_json()["code"]) == (409, "alias_taken")
    assert "also Nan, 小南" in planner.get("/hub/parties/hosts").text
    assert post(call, "hosts", "主播\n小南\n").get_json()["same"] == 1
    assert call(HUB, "PUT", first, json={"items": []}).get_json() == {"items": []}
    assert call(HUB, "GET", first).get_json() == {"items": []}
    assert post(call, "hosts", "主播\n小南\n").get_json()["new"] == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_sheet_may_be_in_any_encoding_of_the_trade(call, database, encoding):
    assert post(call, "brands", "品牌\n辛皮记\n𠮷牌\n".encode(encoding)).get_json()["new"] == 2
    assert brands(database) == ["辛皮记", "𠮷牌"]


def quoted(value: Any) -> str:
    return '"' + str(value).replace('"', '""') + '"'


@pytest.mark.parametrize(
    ("kind", "header", "corpus"),
    [
        ("brands", "品牌,英文名", "bad_strings"),
        ("hosts", "主播,别名,机构,合同开始", "bad_strings"),
        ("products", "商家编码,商品,品牌,吊牌价", "bad_numbers"),
        ("sessions", "场次,直播间,品牌,主播,平台账号,排品,日期,时段", "bad_strings"),
        ("sessions", "场次,直播间,品牌,主播,平台账号,开始时间,结束时间", "bad_times"),
    ],
)
def test_hostile_cells_are_stored_whole_or_refused_by_row(call, database, stage, kind, header, corpus):
    columns = header.split(",")
    known = {
        "品牌": stage.brand.name,
        "直播间": stage.studio.name,
        "主播": "小棠",
        "平台账号": "抖音",
        "场次": "场",
    }
    values = [json.loads(line).get("value") for line in (DATA / f"{corpus}.jsonl").read_text().splitlines()]
    # What no file can hold beside others goes in alone.
    alone = [value for value in values if "\x00" in str(value) or not encodable(str(value))]
    for at in range(len(columns)):
        for sheet in ([one for one in values if one not in alone], *([one] for one in alone)):
            rows = [
                ",".join(
                    quoted(value if here == at else known.get(name, "")) for here, name in enumerate(columns)
                )
                for value in sheet
            ]
            raw = "\n".join([header, *rows]).encode("utf-8", "surrogatepass")
            answer = post(call, kind, raw, dry_run="true")
            assert answer.status_code == 201 or (answer.status_code == 422 and sheet[0] in alone)
            if answer.status_code == 201:
                body = answer.get_json()
                taken = body["new"] + body["changed"] + body["same"]
                assert body["rows"] == taken + len(body["refused"])
                assert body["rows"] >= sum(1 for one in sheet if str(one).strip())
                assert all(one["message"] not in ("", one["code"]) for one in body["refused"]), body


def encodable(value: str) -> bool:
    return not any(0xD800 <= ord(char) < 0xE000 for char in value)
